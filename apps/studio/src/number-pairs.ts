/** Reads `name=1, other=2`; a value that is no whole number becomes NaN, for the checks of whoever wants it. */
export function numberPairs(text: string | undefined): Record<string, number> {
  const pairs = (text ?? '').split(',').map((part) => part.trim());
  const given = pairs
    .filter((pair) => pair !== '')
    .map((pair): [string, number] => {
      const [name = '', value = ''] = pair.split('=').map((part) => part.trim());
      return [name, /^\d+$/.test(value) ? Number(value) : Number.NaN];
    });
  return Object.fromEntries(given);
}
