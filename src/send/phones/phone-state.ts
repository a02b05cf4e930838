import { z } from 'zod';
import { EXIT } from '../../domain/errors.ts';
import { personKey } from '../../domain/ids.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, isPage, parseJson } from '../api/body.ts';
import type { Client } from '../api/client.ts';
import { oneLine } from '../api/redact.ts';
import { phoneOf } from '../classify/entries.ts';
import {
  accountStop,
  bodyOf,
  failureOf,
  nonsense,
  type ReadFailure,
  statusRule,
  stopOf,
  subjectOf,
  whatAnswered,
} from '../classify/refusal.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../ports.ts';
import type { RunControl, StopReason } from '../run-control.ts';

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
 * Parses `GET /phones` for the sender's own entry. The answer may be one phone, a list, or a list under `phones`. A
 * single phone is the sender's unless it names another; among several only a match counts. Pure; never throws.
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

/** Objects that may be phones; undefined if the answer has no place for them. An empty list is a list. */
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

/** Digits of `919876543210`, `+919876543210` or `919876543210@c.us`; '' for anything else. */
const digitsOf = (phone: string) => phoneOf(phone) ?? '';

/** The two names of one sending phone. */
interface PhoneIdentity {
  readonly number: string;
  readonly id: string;
}

/**
 * Both names of the phone that the run calls `sender`, by `GET /phones`; undefined unless the entry has this name and
 * the other. Nothing is inferred: two phones taken for one would send through the wrong one.
 */
export function identityOf(sender: string, { orgPhone, phoneId }: Phone): PhoneIdentity | undefined {
  if (orgPhone === '' || !phoneId.startsWith('phone-')) return undefined;
  const identity = { number: orgPhone, id: phoneId };
  return hasName(identity, sender) ? identity : undefined;
}

export const isPhoneId = (sender: string) => sender.startsWith('phone-');

export function hasName({ number, id }: PhoneIdentity, sender: string): boolean {
  return isPhoneId(sender) ? id === sender : personKey(number) === personKey(sender);
}

export function isSamePhone(one: PhoneIdentity, other: PhoneIdentity): boolean {
  return one.id === other.id && personKey(one.number) === personKey(other.number);
}

export type PhoneWatch = ReturnType<typeof watchPhone>;

/** Preflight and later checks of the sending phone: before the first ask, and when asks begin to fail. */
export function watchPhone(gateway: Gateway, client: Client, sender: string, control: RunControl, log: Log) {
  let running: Promise<boolean> | undefined;
  const watch = {
    /** Both names of the phone, once the API has told them. */
    identity: undefined as PhoneIdentity | undefined,
    /**
     * Stops the run if the phone is certainly not connected, or the account is refused. True if the API answers and the
     * phone is well. One read at a time. `trying` ends the retries if it is not the run's own control.
     */
    check(trying?: RunControl): Promise<boolean> {
      running ??= checked(trying).finally(() => {
        running = undefined;
      });
      return running;
    },
  };
  return watch;

  async function checked(trying = control): Promise<boolean> {
    const answer = await gateway.read((call) => client.phones(call), trying);
    if (answer === undefined) return false;
    const phone = parsePhones(answer, sender);
    if (phone.kind === 'phone') watch.identity = identityOf(sender, phone) ?? watch.identity;
    const stop = phone.kind === 'phone' ? unfit(phone) : refused(answer, phone);
    if (stop !== undefined) {
      control.explain(stop);
    } else if (phone.kind !== 'phone') {
      log.warn({ answer: phone.kind }, 'cannot read the state of the sending phone; going on without');
    }
    return phone.kind === 'phone' && stop === undefined;
  }
}

/** Reason why nothing can be sent through this phone; undefined: it is fit. */
function unfit({ ready, state }: Phone): StopReason | undefined {
  const words = oneLine(state);
  if (/tos[-_ ]?block/i.test(state)) {
    const message = `WhatsApp has blocked the sending phone’s number (${words})`;
    return { exit: EXIT.safety, code: 'phone_blocked', message };
  }
  if (ready) return undefined;
  const message = `the sending phone is not connected to WhatsApp (${words || 'not ready'})`;
  return { exit: EXIT.safety, code: 'phone_not_connected', message };
}

/** Reason to stop the run if its phone cannot be read; undefined if the asks may still succeed. */
function refused(answer: Answer, failure: { readonly kind: 'unknown_phone' } | ReadFailure) {
  if (failure.kind === 'unknown_phone' || answer.kind !== 'answer') return undefined;
  const stop = stopOf(failure);
  if (stop !== undefined) return stop;
  const { httpStatus, body } = answer;
  const { message } = failure;
  const { meaning } = statusRule(httpStatus);
  const notTheApi = () => accountStop('not_the_api', { message: whatAnswered(answer), httpStatus });
  if (meaning === 'answered') return isPage(body) ? notTheApi() : undefined;
  if (failure.kind === 'unavailable') return undefined;
  if (meaning === 'invalid') return accountStop('sender_refused', { message, httpStatus });
  if (meaning !== 'forbidden' && meaning !== 'not_found') return undefined;
  const subject = subjectOf(answer);
  switch (subject) {
    case 'not_the_api':
      return notTheApi();
    case 'payment_required':
    case 'account_refused':
    case 'sender_refused':
      return accountStop(subject, { message, httpStatus });
    default:
      return accountStop(meaning === 'forbidden' ? 'account_refused' : 'sender_refused', {
        message,
        httpStatus,
      });
  }
}
