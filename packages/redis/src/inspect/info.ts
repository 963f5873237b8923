import type { Reader } from './reader.ts';
import { record, text } from './replies.ts';

/** Sections of INFO as one flat record. Unknown or missing fields are simply absent. */
export type Info = Readonly<Record<string, string>>;

/** Reads sections of INFO, one call each, because servers before 7 take only one section a call. */
export async function readInfo(reader: Reader, ...sections: string[]): Promise<Info> {
  const replies = await Promise.all(sections.map((section) => reader.optional('INFO', ['INFO', section])));
  return parseInfo(replies.map((reply) => (reply === undefined ? '' : text(reply))).join('\r\n'));
}

export function parseInfo(reply: string): Info {
  return Object.fromEntries(
    reply
      .split('\r\n')
      .filter((line) => line.includes(':') && !line.startsWith('#'))
      .map((line) => splitOnce(line, ':')),
  );
}

/** A figure of INFO; undefined where this server does not tell it. */
export function figure(info: Info, name: string): number | undefined {
  const value = Number(info[name] || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** `a=1,b=2` as INFO writes it inside a field, or `a=1 b=2` as CLIENT LIST does. */
export function fields(line: string, separator: string = ','): Info {
  return Object.fromEntries(line.split(separator).map((pair) => splitOnce(pair, '=')));
}

/** Settings by CONFIG GET; empty where the operator of the server does not allow it, as hosted ones do. */
export async function readConfig(reader: Reader, ...names: string[]): Promise<Info> {
  // One call each: servers before 7 take one name a call.
  const replies = await Promise.all(
    names.map((name) => reader.optional('CONFIG GET', ['CONFIG', 'GET', name])),
  );
  return Object.assign({}, ...replies.map(record));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
