/** One phone under two names, its number and its `phone-…`: one pace, one circuit breaker, one daily cap. */

import { EXIT } from '../../domain/errors.ts';
import { maskSender } from '../../domain/ids.ts';
import type { Sender } from '../../domain/words.ts';
import { DAY_MS } from '../../lib/units.ts';
import { hasName, isPhoneId, isSamePhone, type PhoneWatch } from '../../send/phones/phone-state.ts';
import type { Log } from '../../send/ports.ts';
import type { StopReason } from '../../send/run-control.ts';
import type { Connection, ConnectParts } from './connect.ts';

/** Passes a phone's names from `GET /phones` to the ledger, which counts its asks, and to its groups. */
export function recognize(
  sender: string,
  { phone: { identity }, groups }: Pick<Connection, 'phone' | 'groups'>,
  ledger: Pick<ConnectParts['ledger'], 'samePhone'>,
): void {
  if (identity === undefined) return;
  ledger.samePhone([sender, identity.number, identity.id]);
  groups.senderNumber = identity.number;
}

type Known = Pick<ConnectParts, 'config' | 'ledger'>;

/** Phones in the ledger that count for the daily cap. */
function namesUnderCap({ config: { dailyCap }, ledger }: Known): readonly string[] {
  return dailyCap === undefined
    ? []
    : ledger.senders().filter((sender) => ledger.askedInLast(DAY_MS, sender) > 0);
}

/**
 * Whether one phone may appear under both of its names, among those that will ask, or have asked under the daily cap.
 */
export function namedBothWays(asking: ReadonlyMap<Sender, number>, known: Known): boolean {
  const now = [...asking].flatMap(([sender, people]) => (people > 0 ? [sender] : []));
  return new Set([...now, ...namesUnderCap(known)].map(isPhoneId)).size > 1;
}

interface Line extends Pick<Connection, 'phone'> {
  readonly sender: Sender;
  people: number;
}

/**
 * Removes from `lines` each phone that is the same as an earlier one, before anything is asked; its name becomes an
 * alias.
 */
export function unite<L extends Line>(lines: Map<Sender, L>, aliases: Map<Sender, L>, log: Log): void {
  const known: L[] = [];
  for (const one of lines.values()) {
    const twin = known.find((other) => areOne(one, other));
    if (twin === undefined) {
      known.push(one);
      continue;
    }
    twin.people += one.people;
    twin.phone.identity ??= one.phone.identity;
    lines.delete(one.sender);
    aliases.set(one.sender, twin);
    log.info({}, `${both(twin.sender, one.sender)} are one phone: one pace and one daily cap for both`);
  }
}

/** Reason to ask nobody within a cap or a gap per phone: the API does not tell whether two names are one phone. */
export function undecided(
  asking: readonly { readonly sender: string; readonly phone: Pick<PhoneWatch, 'identity'> }[],
  known: Known,
): StopReason | undefined {
  const { dailyCap, gap } = known.config;
  if (dailyCap === undefined && gap === undefined) return undefined;
  const identities = asking.flatMap(({ phone }) => phone.identity ?? []);
  const unknown = asking.flatMap(({ sender, phone }) => (phone.identity === undefined ? [sender] : []));
  const names = [...unknown, ...namesUnderCap(known)].filter(
    (name) => !identities.some((identity) => hasName(identity, name)),
  );
  for (const one of unknown) {
    const other = names.find((name) => isPhoneId(name) !== isPhoneId(one));
    if (other === undefined || !names.includes(one)) continue;
    const message =
      `GET /phones does not tell whether ${both(one, other)} are one phone, which has one gap and one daily cap: ` +
      'name each sending phone in one way, by its number or by its id (phone-…)';
    return { exit: EXIT.safety, code: 'sender_refused', message };
  }
  return undefined;
}

function areOne(one: Line, other: Line): boolean {
  const [its, others] = [one.phone.identity, other.phone.identity];
  if (its !== undefined && others !== undefined) return isSamePhone(its, others);
  return (
    (its !== undefined && hasName(its, other.sender)) || (others !== undefined && hasName(others, one.sender))
  );
}

const both = (one: string, other: string) => `${maskSender(one)} and ${maskSender(other)}`;
