import { EXIT } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { shorten } from '../../lib/text.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, parseObject, serverWords } from '../api/body.ts';
import { oneLine } from '../api/redact.ts';
import type { StopReason } from '../run-control.ts';

/** The one table of HTTP statuses and their meaning. The words of a refusal then tell its subject (`subjectOf`). */
const rule = <M extends string>(meaning: M, ...statuses: number[]) => ({ meaning, statuses });

const RULES = [
  // Moved before any work: nothing was done.
  rule('moved', 301, 307, 308),
  rule('request', 400, 413),
  rule('key', 401),
  rule('payment', 402),
  rule('forbidden', 403),
  rule('not_found', 404),
  rule('invalid', 422),
  // May follow work already done.
  rule('perhaps_done', 408, 409, 424, 499),
  // Too many requests.
  rule('throttled', 420, 429),
  // Not now: nothing was done. The 5xx beyond 520 are Cloudflare's without a connection to the API: refused (521), no
  // route (523), no TLS (525, 526), no address (530). With a 520, 522 or 524 the API may have received the request.
  rule('unavailable', 503, 521, 523, 525, 526, 530),
];

/**
 * Other statuses, by their hundreds. A redirect may lead to the result of a POST (303 by definition, 302 by custom);
 * any other 4xx comes from something in front of the API; the rest (`broken`) is unknown.
 */
const HUNDREDS: Readonly<Record<number, 'answered' | 'moved_after' | 'front'>> = {
  2: 'answered',
  3: 'moved_after',
  4: 'front',
};

/** Statuses that mean `throttled` by their words, and those that mean it by a Retry-After. */
const BY_WORDS: readonly number[] = [400, 403, 422, 430];
const BY_HEADER: readonly number[] = [403, 430];

export type StatusMeaning = (typeof RULES)[number]['meaning'] | (typeof HUNDREDS)[number] | 'broken';

export function statusRule(httpStatus: number) {
  const found = RULES.find(({ statuses }) => statuses.includes(httpStatus));
  const meaning: StatusMeaning = found?.meaning ?? HUNDREDS[Math.floor(httpStatus / 100)] ?? 'broken';
  return { meaning, byWords: BY_WORDS.includes(httpStatus), byHeader: BY_HEADER.includes(httpStatus) };
}

/** Reasons to stop the run that are not about the people to be added. */
export type AccountTrouble = Extract<
  ReasonCode,
  'key_rejected' | 'payment_required' | 'account_refused' | 'sender_refused' | 'not_the_api'
>;

/**
 * throttled  the server wants less haste
 * chat       the group, for this sender
 * person     a participant of the ask, by the name of the field
 * request    this ask, and nothing says why
 * unmarked   words of any server: not about a group
 */
type Subject = AccountTrouble | 'throttled' | 'chat' | 'person' | 'request' | 'unmarked';

type Refusal = Pick<Extract<Answer, { kind: 'answer' }>, 'httpStatus' | 'headers' | 'body' | 'traceId'>;

const RATE =
  /\btoo[ _-]many[ _-](?:requests|calls|attempts)\b|\b(?:user)?rate[ _-]*(?:limit|exceeded|over[ _-]?limit)|\bslow down\b|\bthrottl|\b(?:request|call)s? (?:limit|quota)\b|\benhance your calm\b/i;
const PAYMENT = /\bpayment|\binvoice|\bunpaid\b|\boverdue\b/i;
const ACCOUNT =
  /\b(?:plan|subscription|upgrade|billing|trial|credits?|api[ _-]?key|api access|access token|scopes?)\b/i;
/** Counts as the account only if the group is not mentioned. */
const ACCOUNT_BY_THE_WAY = /\b(?:account|organi[sz]ation|workspace|tenant|quota|suspended)\b/i;
const SENDER =
  /\bx[-_ ]?phone\b|\b(?:unknown|no such|disconnected) (?:phone|device|sender)\b(?! numbers?\b)|\bno phone (?:found|connected|with)\b|\bphone[_-](?:id|not|disconnected)|\b(?:phone|device|sender)(?! numbers?\b)(?: id)?(?:\s+['"“‘`]?[\w@.+•-]*\d[\w@.+•-]*['"”’`]?)?\s+(?:(?:is|was|has|could|does|do) ?)?(?:n['’]t|not|no longer|never)\s+(?:be |been |yet |currently )*(?:found|connected|exist|ready|authenticated|active|available|logged|linked|belong|paired)|\b(?:phone|device) (?:is |was |has been )?(?:disconnected|offline|logged out)/i;
const GROUP_WORDS = /\b(?:chats?|groups?|admins?|participants?|communit(?:y|ies)|members?)\b/i;
const PHONE_WORDS = /\b(?:phone|device|sender|session)\b/i;
/** A person who is not found, not registered, cannot be added: one person closes no group. */
const PERSON =
  /\b(?:participant|contact|recipient|number)s?(?:\s+['"“‘`]?[\w@.+•-]*\d[\w@.+•-]*['"”’`]?)?\s+(?:(?:is|are|was|were|has|have|could|does|do|can) ?)?(?:n['’]t|not|never)\b|\b(?:participant|contact|recipient|number)\b[^.;]{0,30}\bis (?:invalid|unknown)\b|\b(?:invalid|unknown|no such) (?:phone )?(?:participant|contact|recipient|number)\b|\bnot (?:registered )?on whatsapp\b|\buser (?:was )?not found\b/i;
const NOT_ONE =
  /\badmins?\b|\bparticipants\b.*\b(?:group|chat|community)\b|\b(?:group|chat|community)\b.*\bparticipants\b/i;
/** Typical words of a router, a proxy or a firewall, also in JSON. */
const FRONT =
  /\bcannot (?:get|post|put|patch|delete)\b|\bno (?:such )?route\b|\broutes? (?:was )?not found\b|\bmissing authentication token\b|\bdefault backend\b|\bcloudflare\b|\brequest blocked\b|\bcaptcha\b|\bno healthy upstream\b|\bmethod not allowed\b|\bfirewall\b|\bip address\b|\bby (?:a |the |our |your )?(?:\w+ )?policy\b/i;
/** Words of any server that has no notion of groups. */
const BARE =
  /^(?:error:? *)?(?:forbidden|not[ _-]?found|access[ _-]?denied|unauthorized|denied|blocked|error)?[.!]?$/i;

/** Longest text searched for words, which bounds the time of matching. */
const LONGEST = 1_000;

/** Subject of a 4xx, by its status, its headers and its words. Pure; never throws. */
export function subjectOf(refusal: Refusal): Subject {
  const { httpStatus, headers, body } = refusal;
  const { meaning, byWords, byHeader } = statusRule(httpStatus);
  if (meaning === 'key') return 'key_rejected';
  const words = shorten(wordsOf(body), LONGEST);
  const told = byHeader && headers['retry-after'] !== undefined;
  if (meaning === 'throttled' || told || (byWords && RATE.test(words))) return 'throttled';
  if (meaning === 'payment') return 'payment_required';
  if (meaning === 'forbidden' || meaning === 'not_found') return ownWords(refusal, words);
  if (meaning !== 'request' && meaning !== 'invalid') return 'not_the_api';
  const fields = fieldsOf(body);
  if (fields.some((name) => /x[-_ ]?phone/i.test(name))) return 'sender_refused';
  if (fields.some((name) => /(?<![a-z_])participants?(?![a-z_])/i.test(name))) return 'person';
  if (fields.some((name) => /chat[-_ ]?id/i.test(name))) return 'chat';
  return SENDER.test(words) ? 'sender_refused' : 'request';
}

/** Subject of a 403 or 404: the group only if the API itself says so. */
function ownWords(refusal: Refusal, words: string): Subject {
  if (!isOwn(refusal, words)) return 'not_the_api';
  if (PERSON.test(words) && !NOT_ONE.test(words)) return 'request';
  if (SENDER.test(words)) return 'sender_refused';
  if (PAYMENT.test(words)) return 'payment_required';
  if (ACCOUNT.test(words)) return 'account_refused';
  if (GROUP_WORDS.test(words)) return 'chat';
  if (PHONE_WORDS.test(words)) return 'sender_refused';
  if (ACCOUNT_BY_THE_WAY.test(words)) return 'account_refused';
  return isMarked(refusal) ? 'chat' : 'unmarked';
}

/**
 * Whether the refusal may be the API's own: a JSON object with an error in it. Words common to any server count only
 * with a mark of the API.
 */
export function isOwn(refusal: Refusal, words = wordsOf(refusal.body)): boolean {
  const object = parseObject(refusal.body);
  if (object === undefined || FRONT.test(words)) return false;
  if (isMarked(refusal)) return true;
  const { message, error } = object;
  const said = typeof message === 'string' ? message : isObject(error) ? error['message'] : error;
  return typeof said === 'string' && !BARE.test(said.trim());
}

/** Whether the answer has a mark of the API: its headers, or the name or code of its error. */
function isMarked({ body, headers, traceId }: Refusal): boolean {
  if (traceId !== '' || Object.keys(headers).some((header) => header.startsWith('x-periskope-'))) return true;
  const { code, name, fields } = parseObject(body) ?? {};
  return typeof code === 'string' || typeof name === 'string' || isObject(fields);
}

function wordsOf(body: string): string {
  const { code, name } = parseObject(body) ?? {};
  return [serverWords(body), code, name].filter((word) => typeof word === 'string').join('; ');
}

function fieldsOf(body: string): readonly string[] {
  const fields = parseObject(body)?.['fields'];
  return isObject(fields) ? Object.keys(fields) : [];
}

const SHOWN = 120;

/** Describes an answer in its own words: “HTTP 403 (text/html): Enable JavaScript”; raw and untrusted. */
export function whatAnswered({ httpStatus, headers, body }: Omit<Refusal, 'traceId'>): string {
  const type = headers['content-type']?.split(';')[0]?.trim() || 'no content type';
  return `HTTP ${httpStatus} (${type}): ${shorten(serverWords(body).replace(/\s+/g, ' '), SHOWN) || 'an empty body'}`;
}

interface Said {
  /** The server's words, raw and untrusted; for `not_the_api` with the status and content type. */
  readonly message: string;
  readonly httpStatus: number;
}

export function accountStop(code: AccountTrouble, { message, httpStatus }: Said): StopReason {
  return { exit: EXIT.safety, code, message: sentence(code, httpStatus, oneLine(message)) };
}

function sentence(code: AccountTrouble, httpStatus: number, words: string): string {
  const said = /^HTTP \d+ without a message$/.test(words) || words === '' ? '' : `: ${words}`;
  switch (code) {
    case 'key_rejected':
      return `the API rejected the key (${httpStatus})${said}`;
    case 'payment_required':
      return `the API asks for a payment (${httpStatus})${said}`;
    case 'account_refused':
      return `the API refuses the account (${httpStatus})${said}`;
    case 'sender_refused':
      return `the API refuses the sending phone (${httpStatus})${said}`;
    case 'not_the_api':
      return `${words}: this answer is not the API’s own; check --base-url and what stands in front of the API`;
  }
}

export function redirectStop(httpStatus: number): StopReason {
  return {
    exit: EXIT.safety,
    code: 'redirected',
    message: `the API answered with a redirect (${httpStatus}), which is not followed: check --base-url`,
  };
}

/** A failed read. Reads may always be repeated. */
export type ReadFailure =
  | {
      readonly kind: 'unavailable';
      /** `lost`: timeout, broken connection, 5xx. */
      readonly why: 'throttled' | 'unavailable' | 'unreachable' | 'lost';
      readonly message: string;
    }
  | {
      readonly kind: 'key_rejected' | 'payment' | 'forbidden' | 'not_found' | 'redirected' | 'nonsense';
      readonly message: string;
      readonly httpStatus: number;
    };

export function bodyOf(answer: Answer): string {
  return answer.kind === 'answer' ? answer.body : '';
}

export function nonsense(answer: Answer): ReadFailure {
  const httpStatus = (answer.kind === 'not_sent' ? undefined : answer.httpStatus) ?? 0;
  return { kind: 'nonsense', message: serverWords(bodyOf(answer)) || 'an empty body', httpStatus };
}

/** Failure of a read; undefined for a 2xx. */
export function failureOf(answer: Answer): ReadFailure | undefined {
  if (answer.kind === 'not_sent') return unavailable('unreachable', answer.message);
  const { httpStatus } = answer;
  const meaning = httpStatus === undefined ? 'answered' : statusRule(httpStatus).meaning;
  if (httpStatus === undefined || meaning === 'answered') {
    return answer.kind === 'lost' ? unavailable('lost', answer.message) : undefined;
  }
  const message = serverWords(bodyOf(answer)) || `HTTP ${httpStatus} without a message`;
  if (isThrottled(answer)) return unavailable('throttled', message);
  switch (meaning) {
    case 'moved':
    case 'moved_after':
      return { kind: 'redirected', message, httpStatus };
    case 'key':
      return { kind: 'key_rejected', message, httpStatus };
    case 'payment':
    case 'forbidden':
    case 'not_found':
      return { kind: meaning, message, httpStatus };
    case 'unavailable':
      return unavailable('unavailable', message);
    case 'broken':
      return unavailable('lost', message);
    default:
      return { kind: 'nonsense', message, httpStatus };
  }
}

/** Whether the API refused for now (429, 503, …): nothing was done, and a later try may succeed. */
export function isRefusedForNow(answer: Answer): boolean {
  if (answer.kind === 'not_sent' || answer.httpStatus === undefined) return false;
  return statusRule(answer.httpStatus).meaning === 'unavailable' || isThrottled(answer);
}

/** Whether an answer is a 429, or another status that says so in words or with a Retry-After. */
function isThrottled(answer: Answer): boolean {
  if (answer.kind === 'not_sent' || answer.httpStatus === undefined) return false;
  const { httpStatus } = answer;
  const { meaning, byWords } = statusRule(httpStatus);
  if (!byWords) return meaning === 'throttled';
  return subjectOf({ ...answer, httpStatus, body: bodyOf(answer) }) === 'throttled';
}

/** Reason to stop the run after a failure that any read would meet; undefined: go on. */
export function stopOf(failure: ReadFailure): StopReason | undefined {
  switch (failure.kind) {
    case 'key_rejected':
      return accountStop('key_rejected', failure);
    case 'payment':
      return accountStop('payment_required', failure);
    case 'redirected':
      return redirectStop(failure.httpStatus);
    default:
      return undefined;
  }
}

function unavailable(
  why: Extract<ReadFailure, { kind: 'unavailable' }>['why'],
  message: string,
): ReadFailure {
  return { kind: 'unavailable', why, message };
}
