export { type Multi, typedMulti } from './multi.ts';
export { type ScanOptions, scanKeys } from './scan.ts';
export { requireSendable } from './sendable.ts';
export { requireShared } from './shared.ts';
export { type Commands, typedCommands } from './typed.ts';
