import { z } from 'zod';
import { personKey } from '../../domain/ids.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, parseJson } from '../api/body.ts';
import { bodyOf, failureOf, nonsense, type ReadFailure } from '../api/read-failure.ts';
import { readMemberId } from '../classify/answer-keys.ts';

export interface Phone {
  readonly kind: 'phone';
  readonly ready: boolean;
  /** `wa_state`: `CONNECTED`, …; or ''. */
  readonly state: string;
  /** Digits, or ''. */
  readonly orgPhone: string;
  /** `phone-…`, or ''. */
  readonly phoneId: string;
}

const text = z.string().catch('');

const phoneShape = z.looseObject({
  is_ready: z.boolean().optional().catch(undefined),
  wa_state: text,
  org_phone: z.union([z.string(), z.number()]).transform(String).catch(''),
  phone_id: text,
});

/**
 * `GET /phones`: the sender's own entry. The answer may be one phone, a list, or a list under `phones`. A single phone
 * is the sender's unless it names another; among several, only a match counts. Pure; never throws.
 */
export function parsePhones(
  answer: Answer,
  sender: string | undefined,
): Phone | { readonly kind: 'unknown_phone' } | ReadFailure {
  const failure = failureOf(answer);
  if (failure !== undefined) return failure;
  const entries = phonesIn(parseJson(bodyOf(answer)));
  if (entries === undefined) return nonsense(answer);
  const phones = entries.map((entry) => phoneShape.parse(entry));
  const [only, ...others] = phones;
  const found =
    sender === undefined
      ? phones.length === 1
        ? only
        : undefined
      : (phones.find((phone) => names(phone, sender)) ??
        (others.length === 0 && only !== undefined && !namesAnother(only, sender) ? only : undefined));
  if (found === undefined) return { kind: 'unknown_phone' };
  const { is_ready, wa_state } = found;
  if (is_ready === undefined && wa_state === '') return nonsense(answer);
  return {
    kind: 'phone',
    ready: is_ready ?? wa_state.toUpperCase() === 'CONNECTED',
    state: wa_state,
    orgPhone: digitsOf(found.org_phone),
    phoneId: found.phone_id,
  };
}

/** The objects that can be phones; undefined when there is no such thing in the answer. An empty list is a list. */
function phonesIn(value: unknown): readonly Record<string, unknown>[] | undefined {
  if (Array.isArray(value)) {
    const objects = value.filter(isObject);
    return value.length === 0 || objects.some(isPhone) ? objects.filter(isPhone) : undefined;
  }
  if (!isObject(value)) return undefined;
  if (Array.isArray(value['phones'])) return phonesIn(value['phones']);
  return isPhone(value) ? [value] : undefined;
}

function isPhone(value: Readonly<Record<string, unknown>>): boolean {
  return ['is_ready', 'wa_state', 'org_phone', 'phone_id'].some((field) => field in value);
}

type PhoneEntry = z.infer<typeof phoneShape>;

function names(phone: PhoneEntry, sender: string): boolean {
  return isPhoneId(sender) ? phone.phone_id === sender : samePerson(phone.org_phone, sender);
}

function namesAnother(phone: PhoneEntry, sender: string): boolean {
  const named = isPhoneId(sender) ? phone.phone_id : digitsOf(phone.org_phone);
  return named !== '' && !names(phone, sender);
}

function samePerson(one: string, other: string): boolean {
  const digits = digitsOf(one);
  return digits !== '' && personKey(digits) === personKey(digitsOf(other));
}

/** The digits of `919876543210`, `+919876543210`, `919876543210@c.us`; '' for what is no phone. */
function digitsOf(phone: string): string {
  return readMemberId(phone)?.phone ?? '';
}

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
