import type { User } from '@taproot/chat/server';

export const ADA: User = { id: 'ada', name: 'Ada', operator: false };
export const BOB: User = { id: 'bob', name: 'Bob', operator: false };
