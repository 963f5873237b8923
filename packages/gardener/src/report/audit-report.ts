/** The languages whose sources are read. */
export type Language = 'python' | 'typescript' | 'javascript';

/** What a file is for, by its place and its name. */
export type Zone = 'prod' | 'test' | 'tool' | 'generated';

/** What an implementation does with clients of the library. */
export type Role =
  | 'owner'
  | 'multiplier'
  | 'wrapper'
  | 'accessor'
  | 'store'
  | 'probe'
  | 'stub'
  | 'unimportable';

/** How an implementation stands to the primary. */
export type Verdict = 'primary' | 'competes' | 'dead' | 'justified' | 'fine';

/** How a file came by a name of an implementation; `local` is use inside the implementation's own file. */
export type ImportKind = 'import' | 'dynamic' | 're-export' | 'mock-string' | 'local';

/** A line of a file; the path is relative to the audited folder, with forward slashes, and lines start at 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One fact that speaks for a role or a verdict, with where it was read. */
export interface Evidence extends Place {
  readonly fact: string;
  readonly weight: number;
}

/** A class, factory or module that makes, holds or wraps clients. */
export interface Implementation extends Place {
  readonly id: string;
  readonly endLine: number;
  readonly name: string;
  readonly language: Language;
  readonly role: Role;
  readonly verdict: Verdict;
  readonly zone: Zone;
  readonly evidence: readonly Evidence[];
  /** From 0 to 1. */
  readonly confidence: number;
  readonly methods: readonly string[];
  readonly missingInPrimary: readonly string[];
  readonly importers: { readonly prod: number; readonly test: number; readonly tool: number };
}

/** A call that makes a client, a pool or an in-memory fake; `implicit` if another library makes it from what it is given. */
export interface Construction extends Place {
  readonly callee: string;
  readonly library: string;
  readonly zone: Zone;
  readonly implementation: string | null;
  readonly implicit: boolean;
}

/** A file that binds a name of an implementation, directly or through a barrel. */
export interface Importer extends Place {
  readonly implementation: string;
  readonly names: readonly string[];
  readonly kind: ImportKind;
  readonly zone: Zone;
}

/** A prefix of keys, and the places that write keys below it. */
export interface KeyPrefix {
  readonly prefix: string;
  readonly writers: readonly Place[];
}

/** A place that is dangerous at start-up or at run time. */
export interface Hazard extends Place {
  readonly rule: string;
  readonly message: string;
  readonly zone: Zone;
}

/** An import that names a module which does not exist in the audited folder. */
export interface Dangling extends Place {
  readonly module: string;
}

/** What an audit found. Lists are sorted, so that two audits of one tree are byte-identical apart from `durationMs`. */
export interface AuditReport {
  readonly version: 1;
  readonly root: '.';
  readonly commit: string | null;
  readonly concern: string;
  readonly durationMs: number;
  readonly files: {
    readonly listed: number;
    readonly parsed: number;
    readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  };
  readonly implementations: readonly Implementation[];
  readonly constructions: readonly Construction[];
  readonly importers: readonly Importer[];
  readonly keyPrefixes: readonly KeyPrefix[];
  readonly hazards: readonly Hazard[];
  readonly dangling: readonly Dangling[];
}
