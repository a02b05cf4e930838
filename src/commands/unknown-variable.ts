/** A mistyped variable must not lose a cap in silence: what nothing reads is refused. */
import type { Env } from '../api-config.ts';
import { OnboardError } from '../errors.ts';

const PREFIX = 'GROUP_ONBOARD_';

/**
 * Kubernetes tells every pod about each Service of its namespace in variables of this form; for one called group-onboard
 * they begin as ours do. Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/**
 * An empty value counts as unset. The value is in no message: nobody knows what it is.
 * @throws OnboardError CONFIG naming the first variable of ours that is not `known`
 */
export function refuseUnknownVariables(env: Env, known: ReadonlySet<string>): void {
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(PREFIX) || known.has(name) || !env[name]?.trim() || SERVICE_LINK.test(name))
      continue;
    const near = nearest(name, [...known]);
    const advice =
      near === undefined ? 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)' : `did you mean ${near}?`;
    throw new OnboardError('CONFIG', `${name} is no variable of group-onboard: ${advice}`);
  }
}

/** What of a name may be mistyped. */
const wordsOf = (name: string) => name.slice(PREFIX.length).replaceAll('_', '');

/** The name that was probably meant; undefined when none is close. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const word = wordsOf(name);
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const other of known) {
    const edits = word.length > 2 && wordsOf(other).includes(word) ? 1 : editDistance(word, wordsOf(other));
    if (best === undefined || edits < best.edits) best = { name: other, edits };
  }
  return best !== undefined && best.edits <= Math.max(2, Math.floor(word.length / 4)) ? best.name : undefined;
}

/** Levenshtein's: characters to put in, take out or change. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(
        Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + change),
      );
    }
    row = next;
  }
  return row[b.length] as number;
}
