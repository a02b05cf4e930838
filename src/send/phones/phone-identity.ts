import { personKey } from '../../domain/participant.ts';
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
  const identity = { number: orgPhone, id: phoneId };
  return hasName(identity, sender) ? identity : undefined;
}

export const isPhoneId = (sender: string) => sender.startsWith('phone-');

/** Whether `sender` is one of the two names. */
export function hasName({ number, id }: PhoneIdentity, sender: string): boolean {
  return isPhoneId(sender) ? id === sender : personKey(number) === personKey(sender);
}

export function isSamePhone(one: PhoneIdentity, other: PhoneIdentity): boolean {
  return one.id === other.id && personKey(one.number) === personKey(other.number);
}
