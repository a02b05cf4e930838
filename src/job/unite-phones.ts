/** One phone under two names, its number and its `phone-…`: one pace, one breaker, one daily cap. */
import { isSamePhone } from '../asking/phone-identity.ts';
import type { Log } from '../asking/ports.ts';
import { maskSender } from '../domain/sender.ts';
import type { Sender } from '../domain/words.ts';
import type { Connection, ConnectParts } from './connect.ts';

/** What the precheck has learnt of a phone's names goes to the ledger, which counts its asks, and to its groups. */
export function recognize(
  sender: string,
  { phone: { identity }, groups }: Pick<Connection, 'phone' | 'groups'>,
  ledger: Pick<ConnectParts['ledger'], 'samePhone'>,
): void {
  if (identity === undefined) return;
  ledger.samePhone([sender, identity.number, identity.id]);
  groups.senderNumber = identity.number;
}

interface Line extends Pick<Connection, 'phone'> {
  readonly sender: Sender;
  people: number;
}

/** Takes out of `lines` those that turn out to be the phone of an earlier one, before anything is asked; each is an alias of that one. */
export function unite<L extends Line>(lines: Map<Sender, L>, aliases: Map<Sender, L>, log: Log): void {
  const known: L[] = [];
  for (const one of lines.values()) {
    const { identity } = one.phone;
    const twin = known.find(
      ({ phone }) => identity && phone.identity && isSamePhone(identity, phone.identity),
    );
    if (twin === undefined) {
      known.push(one);
      continue;
    }
    twin.people += one.people;
    lines.delete(one.sender);
    aliases.set(one.sender, twin);
    const names = `${maskSender(twin.sender)} and ${maskSender(one.sender)}`;
    log.info({}, `${names} are one phone: one pace and one daily cap for both`);
  }
}
