/** A mistyped variable must not lose a cap in silence: what nothing reads is refused. */
import type { Env } from '../config/api.ts';
import { OnboardError } from '../domain/errors.ts';
import { nearest } from '../lib/spelling.ts';

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
    const near = nearest(wordsOf(name), [...known], wordsOf);
    const advice =
      near === undefined ? 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)' : `did you mean ${near}?`;
    throw new OnboardError('CONFIG', `${name} is no variable of group-onboard: ${advice}`);
  }
}

/** What of a name may be mistyped. */
const wordsOf = (name: string) => name.slice(PREFIX.length).replaceAll('_', '');
