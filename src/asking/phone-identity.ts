import { personKey } from '../domain/participant.ts';
import type { Phone } from './phone-state.ts';

/** The two names of one sending phone. */
export interface PhoneIdentity {
  /** Digits. */
  readonly number: string;
  /** `phone-…` */
  readonly id: string;
}

/**
 * Both names of the phone that the run calls `sender`, by what `GET /phones` says; undefined where it does not name this
 * very phone, and its other name too. Nothing is inferred: two phones taken for one would send through the wrong one.
 */
export function identityOf(sender: string, { orgPhone, phoneId }: Phone): PhoneIdentity | undefined {
  if (orgPhone === '' || !phoneId.startsWith('phone-')) return undefined;
  const isOwn = sender.startsWith('phone-') ? phoneId === sender : personKey(orgPhone) === personKey(sender);
  return isOwn ? { number: orgPhone, id: phoneId } : undefined;
}

export function isSamePhone(one: PhoneIdentity, other: PhoneIdentity): boolean {
  return one.id === other.id && personKey(one.number) === personKey(other.number);
}
