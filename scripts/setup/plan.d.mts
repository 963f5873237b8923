/** What the set-up finds. */
export interface Facts {
  /** `start` needs a Redis server and the page; `test` also a browser, `soak` also clocks that can jump. */
  readonly purpose: 'start' | 'test' | 'soak';
  /** `npm install` was run. */
  readonly installed: boolean;
  readonly node: {
    /** The Node that runs this, e.g. `v20.20.2`. */
    readonly version: string;
    /** npm chose it, as it will for the script that follows. */
    readonly byNpm: boolean;
    /** The version of `node_modules/.bin/node`, looked up only when `version` is too old. */
    readonly own: string | undefined;
  };
  /** The server program that would be started: REDIS_SERVER_BIN, else the first on PATH. */
  readonly server: Program | undefined;
  /** REDIS_URL is set: `start` needs no server program. */
  readonly redisUrl: boolean;
  readonly browser: Program | undefined;
  /** libfaketime is there, or there is none for this system. */
  readonly clock: boolean;
  readonly installer: Installer;
  /** Somebody can be asked. */
  readonly terminal: boolean;
  readonly ci: boolean;
  readonly page: 'absent' | 'built' | 'stale';
}

export interface Program {
  readonly path: string;
  /** The variable that names it, if one does. */
  readonly variable?: 'REDIS_SERVER_BIN' | 'CHROMIUM_BIN';
  /** `7.0.15`; undefined: it is not there, or not such a program. */
  readonly version: string | undefined;
}

export interface Installer {
  readonly kind: 'apt' | 'brew' | 'dnf' | 'pacman' | 'apk' | 'none';
  /** How it gets the rights it needs; `no`: not without a password. brew needs none. */
  readonly rights: 'root' | 'sudo' | 'no';
}

export type Thing = 'server' | 'browser' | 'clock';

export type Step =
  | { readonly kind: 'rebuild-node' }
  | {
      readonly kind: 'install';
      readonly things: readonly Thing[];
      readonly with: 'apt' | 'brew';
      readonly sudo: boolean;
      /** Ask before. */
      readonly ask: boolean;
      /** The same by hand. */
      readonly command: string;
    }
  | { readonly kind: 'build-page' };

/** What has to be done, in order; nothing is done yet. Throws `SetupError` where only the user can help. */
export function planSetup(facts: Facts): Step[];

/** The part of the plan that is about programs of the system. */
export function planPrograms(facts: Facts): Step[];
