const LONG = 40;

interface Node {
  readonly value?: unknown;
  readonly children?: readonly Node[];
}

/** Whether a table's cell is prose, which wraps; figures and names stay on one line and scroll. */
export function isLong(length: number): boolean | undefined {
  return length > LONG || undefined;
}

/** Characters of text in a Markdown node. */
export function textLength(node: Node | undefined): number {
  if (node === undefined) return 0;
  const own = typeof node.value === 'string' ? node.value.length : 0;
  return own + (node.children ?? []).reduce((sum, child) => sum + textLength(child), 0);
}
