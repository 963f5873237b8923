import { join, resolve } from 'node:path';
import { createRedisManager, type RedisManager, RedisManagerError } from '@taproot/redis';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { createGuide, loadDocs } from './guide/index.ts';
import { createModelAgent, languageModel } from './model/index.ts';
import { sessionSecret } from './secret.ts';
import { type Studio, startStudio } from './server.ts';

/** Root of the project, whose documents the guide answers from. */
const PROJECT = join(import.meta.dirname, '../../..');

/** What ends the start with one sentence instead of a stack. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof EnvironmentError) return error.message;
  if (error instanceof RedisManagerError && error.code === 'noauth')
    return `Redis at ${error.node} does not accept the user and password that REDIS_URL gives, or it gives none`;
  if (error instanceof RedisManagerError) return error.message.replace(/^Option url:/, 'REDIS_URL:');
  const { code, message } = error as NodeJS.ErrnoException;
  const { PORT, HOST } = process.env;
  if (code === 'EADDRINUSE')
    return `Port ${PORT || '7070'} is in use. Stop what runs there, or take any free one: PORT=0 npm start`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST=${HOST} is not an address of this machine`;
  if (code === 'EACCES') return message;
  return undefined;
}

async function main(): Promise<void> {
  const environment = readEnvironment(process.env);
  const { redisUrl, dataDir } = environment;
  const secret = await sessionSecret(environment);
  const manager = createRedisManager({ dataDir, ...(redisUrl !== undefined && { url: redisUrl }) });
  let studio: Studio | undefined;
  try {
    const docs = await loadDocs(PROJECT);
    const settings = environment.model;
    const model = settings && { settings, model: await languageModel(settings) };
    studio = await startStudio({
      environment,
      manager,
      secret,
      createAgent: (listThreads) =>
        model === undefined
          ? createGuide({ manager, docs, listThreads, modelAgent: 'available' })
          : createModelAgent({ manager, docs, listThreads, ...model }),
    });
    onSignals(studio, manager);
    if (environment.role !== 'worker' && !environment.demo && environment.jwt === undefined)
      console.warn('Nobody can sign in: set AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE');
    report(manager, studio, redisUrl === undefined ? resolve(dataDir) : undefined);
    await manager.ready();
  } catch (error) {
    await studio?.close();
    await manager.close();
    throw error;
  }
}

/** Tells the operator when the studio can be used, and of every change of Redis' state. */
function report(manager: RedisManager, { url }: Studio, dataDir: string | undefined): void {
  console.log(`Taproot studio listens on ${url}`);
  let said = '';
  const say = (): void => {
    const { state, reason } = manager.health();
    if (state === 'closing' || state === 'closed') return;
    const where = dataDir === undefined ? manager.node : `embedded, data in ${dataDir}`;
    const text =
      state === 'ready'
        ? `ready (${manager.serverVersion}, ${where})`
        : `${state}${reason ? `: ${reason}` : ''}`;
    if (text !== said && state !== 'connecting') console.log(`Redis is ${text}`);
    if (state === 'ready' && said === '') console.log(`Open ${url}`);
    if (state !== 'connecting') said = text;
  };
  manager.on('state', say);
  say();
}

/** The first signal drains, a second one ends at once. */
function onSignals(studio: Studio, manager: RedisManager): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(130);
    ending = true;
    console.log('Stopping …');
    studio
      .close()
      .then(() => manager.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // The terminal was closed; the shell and the kernel may both say so, and neither is impatient.
  process.on('SIGHUP', () => ending || end());
}

main().catch((error: unknown) => {
  console.error(sentenceOf(error) ?? error);
  process.exit(1);
});
