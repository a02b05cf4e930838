/**
 * Last four digits that choose what the sandbox does: the faults of a whole ask, by any of its participants, and the
 * documentation of all endings for `--help`, the README and tests. A fault with `once` occurs once per pair; later asks
 * for the pair are answered without it. Imports no express or other module that slows the start.
 */
import { GROUP_KINDS } from './groups.ts';
import { ADDED, INVITED, OUTCOMES, type OutcomeRow, type ParticipantAnswer } from './outcomes.ts';
import { type Answer, apiError, html, json, text, validationError } from './protocol.ts';

export interface FaultContext {
  /** Body without the fault: the answers of every participant, if the ask was processed. */
  readonly results: Readonly<Record<string, ParticipantAnswer>>;
  /** Key in `results` of the participant that caused the fault; `index` is its place in the request. */
  readonly key: string;
  readonly index: number;
  readonly slowMs: number;
  /** Target of the redirect. */
  readonly decoyUrl: string;
  /** HTTP status of an ask through a disconnected phone. */
  readonly disconnectedStatus: number;
}

export interface FaultRow {
  /** Behaviour in one line, printed by `--help` and the README. */
  readonly does: string;
  readonly once: boolean;
  /** Whether the people were added (or invited) before the answer failed. */
  readonly processed: boolean;
  readonly answer: (context: FaultContext) => Answer;
  /** Lasting effect after the answer. */
  readonly lasting?: 'revoke-key' | 'disconnect-phone' | 'block-phone';
  /** Outcome of the participant when the ask is processed; `ADDED` by default. */
  readonly outcome?: OutcomeRow;
}

const ALWAYS = { once: false, processed: false } as const;
const ONCE = { once: true, processed: false } as const;
const PROCESSED = { ...ALWAYS, processed: true } as const;

const RESET: Answer = { kind: 'reset' };
const serverError = (): Answer => apiError(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong');
const gateway = (status: number, words: string): Answer =>
  html(
    status,
    `<html>\r\n<head><title>${status} ${words}</title></head>\r\n<body>\r\n<center><h1>${status} ${words}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  );
const tooMany = (headers: Record<string, string> = {}): Answer =>
  text(429, 'Too many requests, please try again later.', headers);

export const phoneNotConnected = (status: number): Answer =>
  apiError(status, 'PHONE_NOT_CONNECTED', 'Phone is not connected');
export const unauthorized = (message: string): Answer => apiError(401, 'UNAUTHORIZED', message);

/** Faults by the last four digits of any participant of the ask; the first such participant decides. */
export const FAULTS: Readonly<Record<string, FaultRow>> = {
  '0050': {
    ...ONCE,
    does: 'HTTP 429 once, with Retry-After: 1',
    answer: () => tooMany({ 'Retry-After': '1' }),
  },
  '0051': {
    ...ONCE,
    does: 'HTTP 503 once',
    answer: () => text(503, 'Service Unavailable'),
  },
  '0052': { ...ONCE, does: 'HTTP 500 once, nothing done', answer: serverError },
  '0053': { ...PROCESSED, does: 'HTTP 500, after adding', answer: serverError },
  '0054': { ...ONCE, does: 'connection reset once, nothing done', answer: () => RESET },
  '0055': { ...PROCESSED, does: 'connection reset, after adding', answer: () => RESET },
  '0056': {
    ...PROCESSED,
    does: 'added, but the answer comes slowly (3 s)',
    answer: ({ results, slowMs }) => ({ ...json(200, results), afterMs: slowMs }),
  },
  '0057': {
    ...PROCESSED,
    does: 'added, but the connection ends in the middle of the answer',
    answer: ({ results }) => ({ kind: 'cut', body: results }),
  },
  '0058': {
    ...PROCESSED,
    does: 'added, but the answer does not name the participant',
    answer: ({ results, key }) =>
      json(200, Object.fromEntries(Object.entries(results).filter(([name]) => name !== key))),
  },
  '0059': {
    ...PROCESSED,
    does: 'added, but the answer is a plain string',
    answer: () => text(200, 'Request accepted'),
  },
  '0060': { ...PROCESSED, does: 'added, but the answer is empty', answer: () => text(200, '') },
  '0061': { ...ALWAYS, does: 'HTTP 502 (HTML), nothing done', answer: () => gateway(502, 'Bad Gateway') },
  '0062': {
    ...PROCESSED,
    does: 'HTTP 504 (HTML), after adding',
    answer: () => gateway(504, 'Gateway Time-out'),
  },
  '0063': { ...ALWAYS, does: 'HTTP 400 (text), nothing done', answer: () => text(400, 'Bad Request') },
  '0064': {
    ...ALWAYS,
    does: 'HTTP 422 VALIDATION_ERROR for this participant: the whole batch is refused',
    answer: ({ index }) =>
      validationError({ [`participants.${index}`]: 'Participant is not a valid phone number' }),
  },
  '0065': {
    ...ALWAYS,
    does: 'HTTP 307 to another port',
    answer: ({ decoyUrl }) => text(307, 'Temporary Redirect', { Location: decoyUrl }),
  },
  '0066': { ...ALWAYS, does: 'connection reset every time, nothing ever done', answer: () => RESET },
  '0067': {
    ...ALWAYS,
    does: 'the API key is revoked from now on: HTTP 401',
    lasting: 'revoke-key',
    answer: () => unauthorized('API key has been revoked'),
  },
  '0068': {
    ...ALWAYS,
    does: 'the phone is disconnected from now on: HTTP 500, “Phone is not connected”',
    lasting: 'disconnect-phone',
    answer: ({ disconnectedStatus }) => phoneNotConnected(disconnectedStatus),
  },
  '0069': { ...ALWAYS, does: 'HTTP 429 every time, without Retry-After', answer: () => tooMany() },
  '0070': {
    ...PROCESSED,
    does: 'connection reset, after inviting (membership does not show it)',
    outcome: INVITED,
    answer: () => RESET,
  },
  '0071': { ...ALWAYS, does: 'HTTP 503 every time', answer: () => text(503, 'Service Unavailable') },
  '0072': {
    ...PROCESSED,
    does: 'added, but the JSON of a complete answer is cut short',
    answer: ({ results }) => ({
      kind: 'body',
      status: 200,
      type: 'application/json',
      body: JSON.stringify(results).slice(0, -7),
      headers: {},
    }),
  },
  '0073': {
    ...ALWAYS,
    does: 'HTTP 403 (HTML), a challenge page of something in front of the API',
    answer: () =>
      html(403, '<!DOCTYPE html><title>Just a moment...</title><p>Enable JavaScript and cookies</p>'),
  },
  '0074': {
    ...ALWAYS,
    does: 'HTTP 404 (text), “default backend - 404” of something in front of the API',
    answer: () => text(404, 'default backend - 404'),
  },
  '0075': {
    ...ALWAYS,
    does: 'HTTP 402, the organisation has not paid',
    answer: () => apiError(402, 'PAYMENT_REQUIRED', 'Payment required: renew your subscription'),
  },
  '0076': {
    ...ALWAYS,
    does: 'HTTP 403, the plan does not allow it',
    answer: () => apiError(403, 'FORBIDDEN', 'Your plan does not include this feature'),
  },
  '0077': {
    ...ALWAYS,
    does: 'HTTP 422 VALIDATION_ERROR for x-phone',
    answer: () => validationError({ 'x-phone': 'Phone not found' }),
  },
  '0078': {
    ...ONCE,
    does: 'HTTP 403 once, a rate limit in its words, with Retry-After: 1',
    answer: () => ({
      ...apiError(403, 'FORBIDDEN', 'You have exceeded a secondary rate limit'),
      headers: { 'Retry-After': '1' },
    }),
  },
  '0079': {
    ...ALWAYS,
    does: 'WhatsApp blocks the phone’s number from now on (TOS_BLOCK): HTTP 500, “Phone is not connected”',
    lasting: 'block-phone',
    answer: ({ disconnectedStatus }) => phoneNotConnected(disconnectedStatus),
  },
};

/** Outcome of a participant with a fault's ending, once the ask is processed. */
export const faultOutcome = (ending: string): OutcomeRow | undefined => {
  const fault = FAULTS[ending];
  return fault && (fault.outcome ?? ADDED);
};

export interface Ending {
  /** Last four digits of a participant, or of a chat_id before `@g.us`. */
  readonly ending: string;
  /** Behaviour of the sandbox, in one line. */
  readonly does: string;
  /** True for a fault that occurs once per pair, and not at the next ask. */
  readonly once?: boolean;
}

const list = (rows: Readonly<Record<string, { readonly does: string; readonly once?: boolean }>>): Ending[] =>
  Object.entries(rows)
    .map(([ending, { does, once }]) => ({ ending, does, ...(once ? { once } : {}) }))
    .sort((a, b) => a.ending.localeCompare(b.ending));

/** Outcomes of a participant, by its last four digits. Any other number: about 60 % added, 40 % invited. */
export const OUTCOME_ENDINGS: readonly Ending[] = list(OUTCOMES);
/** Faults of an ask, by the last four digits of any of its participants. */
export const FAULT_ENDINGS: readonly Ending[] = list(FAULTS);
/** Kinds of group, by the last four digits of the id. Any other well-formed id: an ordinary group. */
export const GROUP_ENDINGS: readonly Ending[] = list(GROUP_KINDS);

function table(title: string, endings: readonly Ending[]): string[] {
  return [
    title,
    ...endings.map(({ ending, does, once }) => `  …${ending}  ${does}${once ? ' (once per pair)' : ''}`),
  ];
}

/** Text of the documented endings: behaviour of the sandbox by phone and group. */
export function endingsText(): string {
  return [
    ...table('A phone that ends in … is', OUTCOME_ENDINGS),
    ...table('An ask with a phone that ends in … meets', FAULT_ENDINGS),
    ...table('A group whose id ends in … is', GROUP_ENDINGS),
    'Any other phone is added (about 60 %) or invited.',
  ].join('\n');
}
