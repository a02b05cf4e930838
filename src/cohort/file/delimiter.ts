import { OnboardError } from '../../domain/errors.ts';
import { candidates } from '../columns/columns.ts';

const CANDIDATES = [',', ';', '\t', '|'] as const;
const NAMES: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  pipe: '|',
};
const LINES = 50;

/** The delimiter, whether a `sep=` line says it (that line is no record), and what is worth saying. */
export interface Delimiter {
  readonly char: string;
  readonly sepLine: boolean;
  readonly note: string | undefined;
}

/** `--delimiter` as a user writes it: a character, or comma, semicolon, tab, pipe. Throws CONFIG. */
export function delimiterOption(asked: string): string {
  const char = NAMES[asked.toLowerCase()] ?? asked;
  if (char.length === 1 && !/["\r\n]/.test(char)) return char;
  throw new OnboardError(
    'CONFIG',
    `--delimiter ${JSON.stringify(asked)}: give one character, or comma, semicolon, tab or pipe`,
  );
}

/**
 * The delimiter of a text, from its first lines. What the user says goes first, then a `sep=;` line. Then the
 * candidate under which the header names the most roles; then the one that the most lines hold as often as the
 * header does; then the one that the header holds most.
 */
export function findDelimiter(head: string, asked?: string): Delimiter {
  const sep = /^"?sep=([^\r\n"]|\t)"?[^\S\r\n]*(?:\r\n|\n|\r)/i.exec(head)?.[1];
  const said = asked === undefined ? sep : delimiterOption(asked);
  const char = said ?? sniff(head);
  return {
    char,
    sepLine: sep !== undefined,
    note:
      char === ',' || asked !== undefined
        ? undefined
        : `delimiter is ${char === '\t' ? 'a tab' : `“${char}”`}`,
  };
}

function sniff(head: string): string {
  const lines = linesOutsideQuotes(head);
  let best = { char: ',', roles: 0, agreeing: 0, width: 0 };
  for (const char of CANDIDATES) {
    const widths = lines.map((line) => line.split(char).length);
    const width = widths[0] ?? 1;
    if (width < 2) continue;
    const columns = (lines[0] ?? '').split(char).map((cell) => cell.replace(/^\s*"|"\s*$/g, ''));
    const roles = (['chat', 'phone'] as const).filter((role) => candidates(columns, role).length > 0).length;
    const agreeing = widths.filter((other) => other === width).length / lines.length;
    const better = roles - best.roles || agreeing - best.agreeing || width - best.width;
    if (better > 0) best = { char, roles, agreeing, width };
  }
  return best.char;
}

/** The first records, as one line each: line breaks and delimiters inside quotes count for nothing. */
function linesOutsideQuotes(head: string): readonly string[] {
  const flat = head.replace(/"(?:[^"]|"")*"/g, (quoted) => quoted.replace(/[^\p{L}\p{N} _-]/gu, ''));
  return flat
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, LINES);
}
