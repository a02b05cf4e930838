import { z } from 'zod';
import { otherNumber, personKey } from '../../domain/ids.ts';
import type { Outcome, Participant } from '../../domain/words.ts';
import { shorten } from '../../lib/text.ts';
import type { Answer } from '../api/answer.ts';
import { excerpt, isObject, jsonOf, parseJson, parseObject, serverWords } from '../api/body.ts';
import { oneLine } from '../api/redact.ts';
import { furtherKeys, matchKeys, readCode, readMemberId } from './entries.ts';
import { type Effect, type Finding, type Verdict, weigh } from './evidence.ts';
import { type AccountTrouble, isOwn, statusRule, subjectOf, whatAnswered } from './refusal.ts';

export interface AskOutcome {
  readonly participant: Participant;
  readonly outcome: Outcome;
  /** Wider than this pair: the rest of the group is `failed` for the same reason, without asking. */
  readonly effect: Effect | undefined;
}

/** A participant without an outcome, with the server's words or the raw answer (raw and untrusted, bounded). */
export interface Remark {
  readonly participant: Participant;
  readonly message: string;
  /** WhatsApp answers so for a full group, too: the group's own count decides. */
  readonly perhapsFull?: true;
}

interface Told {
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly traceId: string;
}
interface Http extends Told {
  readonly httpStatus: number;
}

/** Result of an ask, with each of its participants in exactly one place. */
export type AskResult =
  | {
      readonly kind: 'outcomes';
      readonly outcomes: readonly AskOutcome[];
      readonly inDoubt: readonly Remark[];
      /** WhatsApp slows the sender down: not done. A long cool-down follows, and the circuit breaker counts it. */
      readonly throttled: readonly Remark[];
      readonly httpStatus: number;
      readonly traceId: string;
    }
  /** Certainly not done: ask again later, a limited number of times. */
  | ({ readonly kind: 'not_done'; readonly why: 'throttled' | 'unavailable' | 'unreachable' } & Told)
  /** Perhaps done: the membership decides. */
  | ({ readonly kind: 'in_doubt' } & Told)
  /** Nothing was done, and this request will never succeed: split a batch, fail a participant. */
  | ({
      readonly kind: 'refused';
      /** The API names the participants as the cause: the refusal is certainly about them. */
      readonly named: boolean;
    } & Http)
  | ({ readonly kind: 'group_closed'; readonly reasonCode: Effect } & Http)
  /** The account, the phone, or something in front of the API is at fault: not done; stop. */
  | ({ readonly kind: 'key_rejected' } & Http)
  | ({ readonly kind: 'account'; readonly reasonCode: Exclude<AccountTrouble, 'key_rejected'> } & Http)
  | ({ readonly kind: 'redirected'; readonly perhapsDone: boolean } & Http);

/** Verdict on one participant; meaningless without `is_success`. */
const verdictShape = z.looseObject({
  is_success: z.boolean(),
  code: z.unknown().optional(),
  message: z.unknown().optional(),
  /** Not documented: an answer on the whole ask has its words there as well. */
  error: z.unknown().optional(),
  isInviteV4Sent: z.unknown().optional(),
});

/** Classifies an answer. Pure; never throws. `participants` are those of the ask, in its order. */
export function classify(answer: Answer, participants: readonly Participant[]): AskResult {
  switch (answer.kind) {
    case 'not_sent':
      return {
        kind: 'not_done',
        why: 'unreachable',
        message: answer.message,
        httpStatus: undefined,
        traceId: '',
      };
    case 'lost': {
      // The status line decides alone, except where the body counts.
      const { message, httpStatus, traceId } = answer;
      const decided = httpStatus === undefined ? undefined : byStatus(httpStatus, '', answer);
      return decided ?? { kind: 'in_doubt', message, httpStatus, traceId };
    }
    case 'answer':
      return byStatus(answer.httpStatus, answer.body, answer) ?? byBody(answer, participants);
  }
}

/** Result by a status that decides alone; undefined: the body decides. */
function byStatus(
  httpStatus: number,
  body: string,
  { headers, traceId }: Pick<Extract<Answer, { kind: 'answer' }>, 'headers' | 'traceId'>,
): AskResult | undefined {
  const { meaning } = statusRule(httpStatus);
  if (meaning === 'answered') return undefined;
  const message = serverWords(body) || `HTTP ${httpStatus} without a message`;
  const http = { message, httpStatus, traceId };
  switch (meaning) {
    case 'moved':
    case 'moved_after': {
      const to = headers['location'];
      const words = to === undefined ? message : `redirect to ${oneLine(to)}`;
      return { kind: 'redirected', perhapsDone: meaning === 'moved_after', ...http, message: words };
    }
    case 'unavailable':
      return { kind: 'not_done', why: 'unavailable', ...http };
    case 'perhaps_done':
    case 'broken':
      return { kind: 'in_doubt', ...http };
  }
  const refusal = { httpStatus, headers, body, traceId };
  const subject = subjectOf(refusal);
  switch (subject) {
    case 'throttled':
      return { kind: 'not_done', why: 'throttled', ...http };
    case 'chat': {
      const reasonCode = meaning === 'forbidden' ? 'not_admin' : 'chat_not_found';
      return { kind: 'group_closed', reasonCode, ...http };
    }
    case 'person':
      return { kind: 'refused', named: true, ...http };
    case 'request':
      return byEngine(http, isOwn(refusal)) ?? { kind: 'refused', named: false, ...http };
    case 'key_rejected':
      return { kind: 'key_rejected', ...http };
    case 'not_the_api':
    case 'unmarked':
      return { kind: 'account', reasonCode: 'not_the_api', ...http, message: whatAnswered(refusal) };
    default:
      return { kind: 'account', reasonCode: subject, ...http };
  }
}

/** Result by the engine's words in a refused request: it does not know, or (the API's own word) the group is closed. */
function byEngine(http: Http, own: boolean): AskResult | undefined {
  const message = shorten(http.message, LONGEST_EVIDENCE);
  const finding = weigh({ isSuccess: false, code: undefined, codeText: '', message, inviteSent: false });
  if (finding === 'in_doubt') return { kind: 'in_doubt', ...http };
  const effect = typeof finding === 'object' ? finding.effect : undefined;
  return own && effect ? { kind: 'group_closed', reasonCode: effect, ...http } : undefined;
}

function byBody(
  { body, httpStatus, traceId }: Extract<Answer, { kind: 'answer' }>,
  participants: readonly Participant[],
): AskResult {
  const values = parseObject(body);
  const named = Object.keys(values ?? {});
  const keys = matchKeys(participants, named);
  const further = furtherKeys(keys, named);
  const whole = keys.size === 0 ? wordsOnAll(body) : undefined;
  if (values === undefined && whole === undefined) {
    const message = excerpt(body) || `HTTP ${httpStatus} with an empty body`;
    return { kind: 'in_doubt', message, httpStatus, traceId };
  }
  const outcomes: AskOutcome[] = [];
  const inDoubt: Remark[] = [];
  const throttled: Remark[] = [];
  for (const participant of participants) {
    const key = keys.get(participant);
    const verdict = key === undefined ? undefined : readVerdict(values?.[key]);
    const told = verdict === undefined ? weighAll(whole, participants.length) : weigh(verdict);
    const others = key === undefined ? [] : (further.get(personKey(participant)) ?? []);
    const finding = others.every((other) => agree(told, values?.[other])) ? told : 'in_doubt';
    if (finding === 'in_doubt' || finding === 'in_doubt_or_full') {
      const raw = (key === undefined || finding !== told ? undefined : jsonOf(values?.[key])) ?? body;
      const message = excerpt((finding === told && wordsIn(verdict)) || whole || raw);
      inDoubt.push({
        participant,
        message,
        ...(finding === 'in_doubt_or_full' ? { perhapsFull: true } : {}),
      });
      continue;
    }
    const message = excerpt(wordsIn(verdict) ?? whole ?? '');
    if (finding === 'throttled') {
      throttled.push({ participant, message });
      continue;
    }
    const { status, reasonCode, effect } = finding;
    const words = reasonCode === 'not_on_whatsapp' ? withOtherNumber(message, participant) : message;
    outcomes.push({
      participant,
      outcome: { status, reasonCode, message: words, httpStatus, traceId },
      effect,
    });
  }
  return { kind: 'outcomes', outcomes, inDoubt, throttled, httpStatus, traceId };
}

/** Whether the value of another key of the same person comes to the same. */
function agree(told: Finding, value: unknown): boolean {
  const verdict = readVerdict(value);
  const other = verdict === undefined ? 'in_doubt' : weigh(verdict);
  if (typeof told === 'string' || typeof other === 'string') return told === other;
  return told.status === other.status && told.reasonCode === other.reasonCode;
}

/**
 * Message of an answer without participants: a JSON string, an object's `message` or `error`, a thrown error's text.
 */
function wordsOnAll(body: string): string | undefined {
  const value = parseJson(body);
  if (typeof value === 'string') return value;
  if (value === undefined) return /^\s*\w*Error:/.test(body) ? body : undefined;
  if (!isObject(value) || !('message' in value || 'error' in value)) return undefined;
  return Object.keys(value).some((key) => readMemberId(key) !== undefined) ? undefined : serverWords(body);
}

/** Verdict on the whole ask. With several people only findings about the whole group or the sender apply to each. */
function weighAll(words: string | undefined, people: number): Finding {
  if (words === undefined) return 'in_doubt';
  const message = shorten(words, LONGEST_EVIDENCE);
  const finding = weigh({ isSuccess: undefined, code: undefined, codeText: '', message, inviteSent: false });
  const ofEach = finding === 'throttled' || (typeof finding === 'object' && finding.effect !== undefined);
  return people === 1 || ofEach ? finding : 'in_doubt';
}

/** Adds the person's other number, in countries with two: the account may be under it. */
function withOtherNumber(message: string, participant: Participant): string {
  const other = otherNumber(participant);
  if (other === undefined) return message;
  return `${message}${message === '' ? '' : ' '}(the account may be under ${other}, the other form of this number)`;
}

/** Longest message matched as evidence, which bounds the time of matching. */
const LONGEST_EVIDENCE = 2000;

function readVerdict(value: unknown): Verdict | undefined {
  const parsed = verdictShape.safeParse(value);
  if (!parsed.success) return undefined;
  const { is_success, message, error, isInviteV4Sent } = parsed.data;
  const words = textOf(message) || (typeof error === 'boolean' ? '' : textOf(error));
  const code = readCode(parsed.data.code);
  return {
    isSuccess: is_success,
    code: code.number,
    codeText: shorten(code.text, LONGEST_EVIDENCE),
    message: shorten(words, LONGEST_EVIDENCE),
    inviteSent: isInviteV4Sent === true || isInviteV4Sent === 'true',
  };
}

/** The message; without one, a code that is more than a number. */
function wordsIn(verdict: Verdict | undefined): string | undefined {
  return verdict && (verdict.message || verdict.codeText);
}

/** A message as text: documented as a string; other values become JSON. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message === undefined || message === null ? '' : (jsonOf(message) ?? '');
}
