/** How a tool's input or output is best read. */
export type Readable =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [name: string, value: string])[] }
  | {
      readonly kind: 'rows';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly left: number;
    }
  | { readonly kind: 'json'; readonly text: string };

const MAX_ROWS = 30;
const MAX_COLUMNS = 8;

/** Chooses fields for a flat object, rows for a list of flat objects, and JSON for everything else. */
export function readable(value: unknown): Readable {
  if (value === undefined || value === null) return { kind: 'nothing' };
  if (isPlain(value)) return { kind: 'text', text: plain(value) };
  if (Array.isArray(value)) return value.length === 0 ? { kind: 'nothing' } : (rows(value) ?? json(value));
  const entries = fieldsOf(value);
  if (entries.length === 0) return { kind: 'nothing' };
  if (entries.every(([, field]) => isPlain(field) || isPlainList(field))) {
    return { kind: 'fields', fields: entries.map(([name, field]) => [name, plain(field)] as const) };
  }
  return json(value);
}

/** The fields of an object; those of an object in it under dotted names. */
function fieldsOf(value: object): [name: string, field: unknown][] {
  return Object.entries(value).flatMap(([name, field]) =>
    isFlat(field)
      ? Object.entries(field).map(([inner, one]): [string, unknown] => [`${name}.${inner}`, one])
      : [[name, field]],
  );
}

function rows(list: readonly unknown[]): Readable | undefined {
  if (!list.every(isFlat)) return undefined;
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))];
  if (columns.length > MAX_COLUMNS) return undefined;
  const shown = list.slice(0, MAX_ROWS).map((row) => columns.map((column) => plain(row[column])));
  return { kind: 'rows', columns, rows: shown, left: Math.max(0, list.length - MAX_ROWS) };
}

function json(value: unknown): Readable {
  return { kind: 'json', text: JSON.stringify(value, undefined, 2) };
}

function isPlain(value: unknown): boolean {
  return value === null || value === undefined || typeof value !== 'object';
}

function isPlainList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 12 && value.every(isPlain);
}

function isFlat(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isPlain)
  );
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '—';
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (typeof value === 'number')
    return value.toLocaleString('en', { maximumFractionDigits: 3 }).replaceAll(',', '\u202f');
  return String(value);
}
