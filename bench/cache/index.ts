import { coldKey } from './cold-key.ts';
import { hotRead } from './hot-read.ts';

export async function cache(): Promise<void> {
  await hotRead();
  await coldKey();
}
