// Makes this checkout ready to start or to be tested: `node scripts/setup.mjs start|test|soak`, run by prestart, predev, pretest, presoak.
// Plain JavaScript without dependencies that also runs on Node 20: it is what brings the rest about.
import { SetupError } from './setup/errors.mjs';
import { readFacts } from './setup/facts.mjs';
import { perform } from './setup/perform.mjs';
import { planPrograms, planSetup } from './setup/plan.mjs';

try {
  const [, , purpose = 'start'] = process.argv;
  await setUp(purpose);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function setUp(purpose) {
  const steps = planSetup(readFacts(purpose));
  for (const step of steps) await perform(step);
  if (!steps.some(({ kind }) => kind === 'install')) return;
  // What was installed may still be too old, which throws, or not where it is looked for.
  if (planPrograms(readFacts(purpose)).length === 0) return;
  throw new SetupError(
    'What was installed is not found; set REDIS_SERVER_BIN and CHROMIUM_BIN to where it is.',
  );
}
