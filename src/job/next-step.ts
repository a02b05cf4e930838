import { maskChatId } from '../domain/chat-id.ts';
import { maskParticipant } from '../domain/participant.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Counts } from '../reporting/tally.ts';

const AGAIN: readonly ExitCode[] = [EXIT.again, EXIT.sigint, EXIT.sigterm];

/** Words as a shell reads them back. */
export function shellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** How the value of a flag is shown in a log. */
const mask: Readonly<Record<string, (value: string) => string>> = {
  '--phone': (phone) => phone.replace(/\d{7,}/, maskParticipant),
  '--chat-id': maskChatId,
};

/**
 * The command as it was typed, for the next time. A person at a terminal can paste it; elsewhere it ends up in a log, and
 * the sending phone's number is masked there as everybody's is.
 */
export function typedCommand(words: readonly string[], terminal: boolean): readonly string[] {
  if (terminal) return words;
  return words.map((word, i) => {
    const [, flag, value] = /^(--(?:phone|chat-id))=(.*)$/s.exec(word) ?? [];
    const shown = mask[flag ?? words[i - 1] ?? ''];
    if (shown === undefined) return word;
    return flag === undefined ? shown(word) : `${flag}=${shown(value ?? '')}`;
  });
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
