import { createHash } from 'node:crypto';
import type { TestRedis } from '@taproot/testkit';
import { Sessions, type SessionsOptions } from '../../src/sessions/index.ts';
import { readyManager } from '../support/ready-manager.ts';

export interface Role {
  readonly role: string;
}

export const ADMIN: Role = { role: 'admin' };

export async function sessionsOn(
  redis: TestRedis,
  options: SessionsOptions<Role> = {},
): Promise<Sessions<Role>> {
  return new Sessions<Role>(await readyManager(redis.url), options);
}

export const recordOf = (token: string): string => `session:{${token.slice(0, 22)}}:${hashOf(token)}`;
export const indexOf = (token: string): string => `session:{${token.slice(0, 22)}}:index`;
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

export async function keysOf(redis: TestRedis): Promise<string[]> {
  return JSON.parse(await redis.cli('KEYS', 'session:*')) as string[];
}
