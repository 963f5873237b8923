import { styleText } from 'node:util';

/** How a piece of text is meant; the terminal decides how it looks. */
export type Tone = 'plain' | 'heading' | 'strong' | 'faint' | 'good' | 'warning' | 'bad';

/** Gives text its look, or none. */
export type Paint = (tone: Tone, text: string) => string;

const FORMATS = {
  heading: ['bold', 'cyan'],
  strong: ['bold'],
  faint: ['dim'],
  good: ['green'],
  warning: ['yellow'],
  bad: ['red', 'bold'],
} as const;

/** Colours only on a terminal, and not with NO_COLOR (no-color.org) or a terminal that has none. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (tone, text) =>
    tone === 'plain' || text === '' ? text : styleText([...FORMATS[tone]], text, { stream });
}
