import { OnboardError } from '../domain/errors.ts';
import { keyCutter, oneLine } from '../send/api/scrub.ts';

/**
 * A defect's words and stack may quote whatever it worked on, and are shown to be passed on: the key and the like are cut out, and
 * numbers are masked. Errors that the user can act on are our own words, and stay.
 */
export function withoutSecrets(error: unknown, ...secrets: readonly (string | undefined)[]): unknown {
  if (error instanceof OnboardError) return error;
  const cutters = secrets.map((secret) => keyCutter(secret ?? ''));
  const cut = (text: string) => cutters.reduce((rest, cutter) => cutter(rest), text);
  const clean = (text: string) => oneLine(cut(text));
  const { message = String(error), stack = '' } = error instanceof Error ? error : {};
  const told = new Error(clean(message));
  told.stack = stack.split('\n').map(clean).join('\n    ');
  return told;
}
