import { existsSync } from 'node:fs';
import { shellWords } from '../app/exit.ts';
import { OnboardError } from '../domain/errors.ts';
import { nearest } from '../lib/text.ts';

/**
 * Message for a first word that is not a command. A file needs a command; for another word, the nearest one is named.
 */
export function noCommand(
  word: string,
  typed: readonly string[],
  commands: readonly string[],
  isThere: (path: string) => boolean = existsSync,
): OnboardError {
  if (word === '-' || /[./\\]/.test(word) || isThere(word)) {
    const at = Math.max(typed.indexOf(word), 0);
    const check = shellWords([...typed.slice(0, at), 'check', ...typed.slice(at)]);
    const message = `run or check? ${word} is a file, and a command comes before it; to see what would happen, with nothing sent: ${check}`;
    return new OnboardError('USAGE', message);
  }
  const near = nearest(word.toLowerCase(), commands, (name) => name);
  const advice = near === undefined ? `it is one of ${commands.join(', ')}` : `did you mean ${near}?`;
  return new OnboardError('USAGE', `“${word}” is not a command: ${advice}`);
}
