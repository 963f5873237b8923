const NUMBERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** 12345 → `12,345`. */
export function count(value: number): string {
  return NUMBERS.format(value);
}

/** `1 key`, `2 keys`. */
export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 1536 → `1.5 KiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let scaled = value;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? count(Math.round(scaled)) : short(scaled)} ${units[unit]}`;
}

/** A share of 1 as a percentage: 0.123 → `12 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  // Not all is not all.
  return value > 99 && value < 100 ? `${Math.floor(value * 10) / 10} %` : `${short(value)} %`;
}

/** Microseconds to days, in the unit that fits, two units from minutes on: `850 µs`, `3.2 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms <= 0) return '0 s';
  if (ms < 0.001) return '< 1 µs';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return pair(minutes, 'min', Math.floor((ms % 60_000) / 1000), 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Two digits that say something, without a trailing zero: 1.52 → 1.5, 12.34 → 12. */
function short(value: number): string {
  return value >= 10 ? count(Math.round(value)) : String(Math.round(value * 10) / 10);
}
