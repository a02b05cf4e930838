import { EXIT, type ExitCode } from '../errors.ts';
import type { Counts } from '../reporting/tally.ts';

const AGAIN: readonly ExitCode[] = [EXIT.again, EXIT.sigint, EXIT.sigterm];

/** Words as a shell reads them back. */
export function shellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** What to type next; undefined when nothing is left to do. */
export function nextStep(exit: ExitCode, counts: Counts, command: string): string | undefined {
  const again = command.replace(/ --retry(?:=| )\S+/, '');
  if (exit === EXIT.safety) return `when that is put right: ${again}`;
  if (AGAIN.includes(exit) || counts.not_attempted > 0) return again;
  if (counts.invalid > 0) return `correct the invalid rows, then: ${again}`;
  if (counts.failed > 0) return `when the reasons are gone: ${again} --retry failed`;
  if (counts.unknown > 0) return `if a second message is all right: ${again} --retry unknown`;
  return undefined;
}
