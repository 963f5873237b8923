/** How a tool's input or output is best read. */
export type Readable =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'fields';
      readonly fields: readonly (readonly [name: string, value: string])[];
      /** Fields that are objects or lists themselves. */
      readonly inner: readonly (readonly [name: string, value: Readable])[];
    }
  | {
      readonly kind: 'rows';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly left: number;
    }
  | { readonly kind: 'json'; readonly text: string };

const MAX_ROWS = 30;
const MAX_COLUMNS = 8;
const MAX_DEPTH = 2;

/** Chooses fields for an object, rows for a list of flat objects, and JSON for what is neither or too deep. */
export function readable(value: unknown, depth = 0): Readable {
  if (value === undefined || value === null) return { kind: 'nothing' };
  if (isCell(value)) return { kind: 'text', text: cell(value) };
  if (Array.isArray(value)) return rows(value) ?? json(value);
  const entries = Object.entries(value).flatMap(flattened);
  if (entries.length === 0) return { kind: 'nothing' };
  if (depth > MAX_DEPTH) return json(value);
  return {
    kind: 'fields',
    fields: entries.flatMap(([name, field]) => (isCell(field) ? [[name, cell(field)] as const] : [])),
    inner: entries.flatMap(([name, field]) =>
      isCell(field) ? [] : [[name, readable(field, depth + 1)] as const],
    ),
  };
}

/** A flat object among the fields of another reads best as more fields, under dotted names. */
function flattened([name, field]: [string, unknown]): [string, unknown][] {
  if (!isFlat(field)) return [[name, field]];
  return Object.entries(field).map(([inner, value]) => [`${name}.${inner}`, value]);
}

function rows(list: readonly unknown[]): Readable | undefined {
  if (!list.every(isFlat)) return undefined;
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))];
  if (columns.length > MAX_COLUMNS) return undefined;
  const shown = list.slice(0, MAX_ROWS).map((row) => columns.map((column) => cell(row[column])));
  return { kind: 'rows', columns, rows: shown, left: Math.max(0, list.length - MAX_ROWS) };
}

function json(value: unknown): Readable {
  return { kind: 'json', text: JSON.stringify(value, undefined, 2) };
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

/** What fits one cell: a plain value, or a short list of them. */
function isCell(value: unknown): boolean {
  return isPlain(value) || (Array.isArray(value) && value.length <= 12 && value.every(isPlain));
}

function isFlat(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isCell)
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '—';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(cell).join(', ');
  if (typeof value === 'number') {
    return value.toLocaleString('en', { maximumFractionDigits: 3 }).replaceAll(',', '\u202f');
  }
  return String(value);
}
