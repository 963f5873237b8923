import { describe, expect, test } from 'vitest';
import { type Facts, planSetup, type Step } from '../../../scripts/setup/plan.mjs';

/** A machine where nothing is to be done, on which a test takes something away. */
const COMPLETE: Facts = {
  purpose: 'test',
  installed: true,
  node: { version: 'v24.21.0', byNpm: true, own: 'v24.21.0' },
  server: { path: '/usr/bin/redis-server', version: '7.0.15' },
  redisUrl: false,
  browser: { path: '/usr/bin/chromium', version: 'some' },
  clock: true,
  installer: { kind: 'apt', rights: 'no' },
  terminal: false,
  ci: false,
  page: 'built',
};

function plan(facts: Partial<Facts>): readonly Step[] {
  return planSetup({ ...COMPLETE, ...facts });
}

/** The sentence with which the set-up gives up. */
function refusal(facts: Partial<Facts>): string {
  try {
    return `no refusal but ${JSON.stringify(plan(facts))}`;
  } catch (error) {
    return (error as Error).message;
  }
}

test('on a complete machine there is nothing to do', () => {
  expect(plan({ purpose: 'test' })).toEqual([]);
  expect(plan({ purpose: 'start' })).toEqual([]);
});

test('without dependencies the next step is npm install', () => {
  expect(refusal({ installed: false })).toContain('npm install');
});

describe('Node', () => {
  test.each([
    ['is rebuilt where it came without its install script', 'v20.20.2', true, undefined, 'rebuild-node'],
    ['is rebuilt where it is too old itself', 'v20.20.2', true, '20.20.2', 'rebuild-node'],
    ['of the machine is enough from 22.18 on', 'v22.18.0', true, undefined, undefined],
    ['of the machine may be old where npm will choose another', 'v20.20.2', false, '24.21.0', undefined],
  ])('%s', (_, version, byNpm, own, step) => {
    expect(plan({ node: { version, byNpm, own } })[0]?.kind).toBe(step);
  });

  test('that npm passes over is told, because nothing here can mend it', () => {
    expect(refusal({ node: { version: 'v22.17.9', byNpm: true, own: '24.21.0' } })).toContain('PATH');
  });
});

describe('the Redis server', () => {
  test.each([
    ['6.2.0', 'is new enough'],
    ['7.0.15', 'is new enough'],
    ['8.1.1', 'is new enough'],
  ])('%s %s', (version) => {
    expect(plan({ server: { path: '/bin/redis-server', version } })).toEqual([]);
  });

  test('that is too old is told and not replaced, because it may be serving somebody', () => {
    const old = { path: '/usr/bin/redis-server', version: '6.0.16' };
    const said = refusal({ server: old, installer: { kind: 'apt', rights: 'root' } });
    expect(said).toContain('/usr/bin/redis-server is version 6.0.16, and 6.2 or later is needed');
  });

  test('that REDIS_SERVER_BIN names must be one', () => {
    const server = { path: '/bin/ls', variable: 'REDIS_SERVER_BIN', version: undefined } as const;
    expect(refusal({ server })).toContain('REDIS_SERVER_BIN=/bin/ls is not');
  });

  test('is not needed to start with REDIS_URL, but for tests, which never use that', () => {
    const facts = {
      server: undefined,
      redisUrl: true,
      ci: true,
      installer: { kind: 'apt', rights: 'root' },
    } as const;
    expect(plan({ ...facts, purpose: 'start' })).toEqual([]);
    expect(plan({ ...facts, purpose: 'test' })).toMatchObject([{ kind: 'install', things: ['server'] }]);
  });
});

describe('the browser', () => {
  const facts = { browser: undefined, installer: { kind: 'apt', rights: 'root' } } as const;

  test('is needed for tests only', () => {
    expect(plan({ ...facts, purpose: 'start' })).toEqual([]);
    expect(plan({ ...facts, purpose: 'test' })).toMatchObject([{ kind: 'install', things: ['browser'] }]);
  });

  test('that CHROMIUM_BIN names must be there', () => {
    const browser = { path: '/no/chromium', variable: 'CHROMIUM_BIN', version: undefined } as const;
    expect(refusal({ browser })).toContain('CHROMIUM_BIN=/no/chromium');
  });
});

test('clocks that can jump are needed for soaks only', () => {
  const facts = { clock: false, browser: undefined, installer: { kind: 'apt', rights: 'root' } } as const;
  expect(plan({ ...facts, purpose: 'start' })).toEqual([]);
  expect(plan({ ...facts, purpose: 'soak' })).toMatchObject([{ kind: 'install', things: ['clock'] }]);
  const nobody = { kind: 'none', rights: 'no' } as const;
  expect(refusal({ ...facts, purpose: 'soak', installer: nobody })).toBe(
    'libfaketime is missing: install it on this machine.',
  );
});

describe('installing', () => {
  // [package manager, rights, terminal, CI] → what is done about a missing server.
  test.each([
    ['apt', 'root', false, false, 'install'],
    ['apt', 'root', true, false, 'ask, install'],
    ['apt', 'root', false, true, 'install'],
    ['apt', 'root', true, true, 'ask, install'],
    ['apt', 'sudo', false, false, 'refuse'],
    ['apt', 'sudo', true, false, 'ask, install with sudo'],
    ['apt', 'sudo', false, true, 'install with sudo'],
    ['apt', 'no', false, false, 'refuse'],
    ['apt', 'no', true, false, 'refuse'],
    ['apt', 'no', false, true, 'refuse'],
    ['brew', 'no', false, false, 'refuse'],
    ['brew', 'no', true, false, 'ask, install'],
    ['brew', 'no', false, true, 'install'],
    ['dnf', 'root', true, true, 'refuse'],
    ['none', 'root', true, true, 'refuse'],
  ] as const)('by %s with rights "%s", terminal %s, CI %s: %s', (kind, rights, terminal, ci, done) => {
    const facts = { server: undefined, installer: { kind, rights }, terminal, ci };
    if (done === 'refuse') {
      expect(refusal(facts)).toContain('missing');
      return;
    }
    const step = { kind: 'install', with: kind, ask: done.includes('ask'), sudo: done.includes('sudo') };
    expect(plan(facts)).toMatchObject([step]);
  });

  test.each([
    [
      'apt',
      'no',
      'sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server chromium',
    ],
    ['dnf', 'root', 'dnf install -y valkey chromium'],
    ['brew', 'no', 'brew install redis google-chrome'],
  ] as const)('that is not possible by %s tells the exact command', (kind, rights, command) => {
    const said = refusal({ server: undefined, browser: undefined, installer: { kind, rights } });
    expect(said.split('\n  ')[1]).toBe(command);
  });

  test('on an unknown system tells which variables name the programs', () => {
    const said = refusal({
      server: undefined,
      browser: undefined,
      installer: { kind: 'none', rights: 'no' },
    });
    expect(said).toContain('REDIS_SERVER_BIN and CHROMIUM_BIN');
  });
});

test('the page is built when its sources changed, and not where there are none', () => {
  expect(plan({ page: 'stale' })).toEqual([{ kind: 'build-page' }]);
  expect(plan({ page: 'absent' })).toEqual([]);
});

test('everything that is missing is done in one go, Node first and the page last', () => {
  const steps = plan({
    node: { version: 'v20.20.2', byNpm: true, own: undefined },
    server: undefined,
    browser: undefined,
    installer: { kind: 'apt', rights: 'root' },
    page: 'stale',
  });
  expect(steps.map(({ kind }) => kind)).toEqual(['rebuild-node', 'install', 'build-page']);
  expect(steps[1]).toMatchObject({ things: ['server', 'browser'] });
});
