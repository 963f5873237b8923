/** A report for programs. What a terminal could take for an order is escaped, so it can be looked at too. */
export function toJson(report: object): string {
  const json = JSON.stringify(report, null, 2);
  // JSON itself escapes control characters below U+0020 only.
  return `${json.replace(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, escapeUnits)}\n`;
}

function escapeUnits(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
