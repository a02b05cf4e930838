import { EXIT, type ExitCode } from '../domain/errors.ts';
import { maskChatId } from '../domain/ids.ts';
import { visible } from '../domain/safe-text.ts';
import type { Counts } from '../report/summary/tally.ts';
import type { StopReason } from '../send/run-control.ts';

/** Exit code: from the reason of an early end first, then from the rows. */
export function exitCodeOf(counts: Counts, stop: StopReason | undefined): ExitCode {
  if (stop) return stop.exit;
  // Unfinished work comes before failures, because a scheduler has to know that there is more to do.
  if (counts.not_attempted > 0) return EXIT.again;
  if (counts.failed + counts.invalid + counts.unknown + counts.left > 0) return EXIT.incomplete;
  return EXIT.ok;
}

/** Message for an exit code that --ok-codes turns into 0; undefined when the code stays. */
export function forgiven(exit: ExitCode, okCodes: readonly ExitCode[]): string | undefined {
  return okCodes.includes(exit) ? `exit code ${exit}, which ends as 0 (--ok-codes)` : undefined;
}

const AGAIN: readonly ExitCode[] = [EXIT.again, EXIT.sigint, EXIT.sigterm];

/** Words quoted for a shell, also where a terminal shows one of their characters as its number. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  // zsh looks for a command of the name behind a first “=”.
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word)) return word;
  if (visible(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const told = [...word].map((char) => {
    if (char === "'" || char === '\\') return `\\${char}`;
    return visible(char) === char ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `$'${told.join('')}'`;
}

/**
 * Flags whose value may hold a phone number: the sending phone's, or in a legacy chat_id that of the group's creator.
 */
const isNumber: Readonly<Record<string, (value: string) => boolean>> = {
  '--phone': (phone) => /\d{7}/.test(phone),
  '--chat-id': (chatId) => maskChatId(chatId) !== chatId,
};

/**
 * Command as it was typed, for the next run. A terminal gets it whole, to be pasted; elsewhere it ends up in a log,
 * which must not hold a whole number. A masked number could not be run, so such a flag is left out, with its value,
 * and named in words.
 */
export function typedCommand(typed: readonly string[], terminal: boolean) {
  if (terminal) return { words: typed, withheld: [] };
  const words: string[] = [];
  const withheld = new Set<string>();
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i] as string;
    const [, joined, text] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? [];
    const flag = joined ?? word;
    const value = text ?? typed[i + 1];
    if (value === undefined || !isNumber[flag]?.(value)) {
      words.push(word);
      continue;
    }
    withheld.add(flag);
    if (joined === undefined) i++; // its value is the next word
  }
  return { words, withheld: [...withheld] };
}

/**
 * Next command to type; undefined when nothing is left to do.
 * @param withheld flags that the command needs, and that are not in it
 */
export function nextStep(
  exit: ExitCode,
  counts: Counts,
  command: string,
  withheld: readonly string[] = [],
): string | undefined {
  const step = stepOf(exit, counts, command);
  if (step === undefined || withheld.length === 0) return step;
  return `${step} (with your ${withheld.join(' and ')})`;
}

function stepOf(exit: ExitCode, counts: Counts, command: string): string | undefined {
  const again = command.replace(/ --retry(?:=| )\S+/, '');
  if (exit === EXIT.safety) return `when that is put right: ${again}`;
  if (AGAIN.includes(exit) || counts.not_attempted > 0) return again;
  if (counts.invalid > 0) return `correct the invalid rows, then: ${again}`;
  if (counts.failed > 0) return `when the reasons are gone: ${again} --retry failed`;
  if (counts.unknown > 0) return `if a second message is all right: ${again} --retry unknown`;
  return undefined;
}
