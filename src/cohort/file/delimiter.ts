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

/** Delimiter, presence of a `sep=` line (which is not a record), and a note for the user. */
export interface Delimiter {
  readonly char: string;
  readonly sepLine: boolean;
  readonly note: string | undefined;
}

/** Value of `--delimiter`: a character, or comma, semicolon, tab, pipe. Throws CONFIG. */
export function delimiterOption(asked: string): string {
  const char = NAMES[asked.toLowerCase()] ?? asked;
  if (char.length === 1 && !/["\r\n]/.test(char)) return char;
  throw new OnboardError(
    'CONFIG',
    `--delimiter ${JSON.stringify(asked)}: give one character, or comma, semicolon, tab or pipe`,
  );
}

/**
 * Delimiter of a text, from its first lines. First the user's option, then a `sep=;` line, then the candidate under
 * which the header names the most roles; then the one with the most lines that hold it as often as the header; then the
 * most frequent one in the header.
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

/** The first records, one line each, without the line breaks and delimiters inside quotes. */
function linesOutsideQuotes(head: string): readonly string[] {
  const flat = head.replace(/"(?:[^"]|"")*"/g, (quoted) => quoted.replace(/[^\p{L}\p{N} _-]/gu, ''));
  return flat
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, LINES);
}
