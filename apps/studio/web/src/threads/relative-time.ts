const UNITS: readonly (readonly [limit: number, size: number, unit: string])[] = [
  [3_600_000, 60_000, 'min'],
  [86_400_000, 3_600_000, 'h'],
  [7 * 86_400_000, 86_400_000, 'd'],
];

/** How long ago, short: `now`, `5 min`, `3 h`, `2 d`, then the date. */
export function relativeTime(at: number, now: number): string {
  const age = now - at;
  if (age < 60_000) return 'now';
  for (const [limit, size, unit] of UNITS) if (age < limit) return `${Math.floor(age / size)} ${unit}`;
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}
