/** A request after its validation, as the API validates it, and an answer as a value. */
import { parseChatId, parseParticipant } from '../domain/ids.ts';

/** A request to add people, as it passed the validation. */
export interface Ask {
  readonly chatId: string;
  readonly participants: readonly string[];
  readonly force: boolean;
}

/** Most participants of one request. The API's limit is unknown; this one is ours. */
export const MAX_PARTICIPANTS = 256;

/** A request's body before validation. `malformed`: not JSON; undefined: no JSON body. */
export type Body = { readonly value: unknown } | 'malformed' | undefined;

export function parseBody(raw: unknown): Body {
  if (typeof raw !== 'string') return undefined;
  try {
    return { value: JSON.parse(raw) };
  } catch {
    return 'malformed';
  }
}

const fieldsOf = (body: Body): Record<string, unknown> =>
  typeof body === 'object' && typeof body.value === 'object' && body.value !== null
    ? (body.value as Record<string, unknown>)
    : {};

/** Every string in `participants`, valid or not. */
export function namedIn(body: Body): string[] {
  const { participants } = fieldsOf(body) as { participants?: unknown };
  return Array.isArray(participants) ? participants.filter((each) => typeof each === 'string') : [];
}

/** Pattern of `x-phone`: digits with country code, or `phone-xxxxxxxxxxxx`. */
const X_PHONE = /^(?:[1-9]\d{6,14}|phone-[a-z0-9]{12,16})$/;

/** 422 for an invalid sending phone or chat, else undefined. */
export function refuseAddress(xPhone: unknown, chatId?: unknown): Answer | undefined {
  const fields: Record<string, string> = {};
  if (typeof xPhone !== 'string') fields['x-phone'] = "'x-phone' is required";
  else if (!X_PHONE.test(xPhone)) {
    fields['x-phone'] = 'invalid phone: country code + number, digits only, or a phone_id';
  }
  if (chatId !== undefined && !parseChatId(String(chatId))) fields['chat_id'] = 'invalid chat_id';
  return Object.keys(fields).length > 0 ? validationError(fields) : undefined;
}

/** Ask in an add request, or the answer that refuses it. */
export function readAsk(chatId: string, body: Body): Ask | Answer {
  if (body === 'malformed') return apiError(400, 'BAD_REQUEST', 'Unexpected token in JSON');
  const { participants, force_add_participants: force } = fieldsOf(body) as {
    participants?: unknown;
    force_add_participants?: unknown;
  };
  const fields: Record<string, string> = {};
  if (!Array.isArray(participants)) fields['participants'] = 'invalid array';
  else if (participants.length === 0) fields['participants'] = 'at least one participant is required';
  else if (participants.length > MAX_PARTICIPANTS)
    fields['participants'] = `at most ${MAX_PARTICIPANTS} participants`;
  else {
    participants.forEach((each, index) => {
      if (typeof each !== 'string' || !parseParticipant(each)) {
        fields[`participants.${index}`] = 'invalid phone: country code + number, digits only';
      }
    });
  }
  if (force !== undefined && typeof force !== 'boolean') {
    fields['force_add_participants'] = 'invalid boolean value';
  }
  if (Object.keys(fields).length > 0) return validationError(fields);
  return { chatId, participants: participants as string[], force: force === true };
}

/** Page of a list: at most 2000 items, 100 by default. */
export function readPage(offset: unknown, limit: unknown): Answer | { offset: number; limit: number } {
  const page = { offset: Number(offset ?? 0), limit: Number(limit ?? 100) };
  const wrong = (n: number, most: number) => !Number.isInteger(n) || n < 0 || n > most;
  if (wrong(page.offset, Number.MAX_SAFE_INTEGER))
    return validationError({ offset: 'must be a whole number' });
  return wrong(page.limit, 2000) ? validationError({ limit: 'must be at most 2000' }) : page;
}

const TYPES = ['group', 'user', 'business'] as const;

/** A request for a list of chats. */
export interface ListRequest {
  /** undefined: chats of every type. */
  readonly type: (typeof TYPES)[number] | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Request in a query, or the answer that refuses it. */
export function readListRequest(query: Readonly<Record<string, unknown>>): Answer | ListRequest {
  const page = readPage(query['offset'], query['limit']);
  if ('kind' in page) return page;
  const given = query['chat_type'];
  const type = TYPES.find((one) => one === given);
  if (given !== undefined && type === undefined)
    return validationError({ chat_type: `must be one of ${TYPES.join(', ')}` });
  return { ...page, type };
}

/** An answer as a value: decided first and delivered later, so that latency never changes the decision. */
export type Answer =
  | {
      readonly kind: 'body';
      readonly status: number;
      readonly type: 'application/json' | 'text/html' | 'text/plain';
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Extra milliseconds before the answer is sent. */
      readonly afterMs?: number;
    }
  /** Reset of the connection (RST) without an answer. */
  | { readonly kind: 'reset' }
  /** Headers and half of the body, then the connection ends. */
  | { readonly kind: 'cut'; readonly body: unknown };

export const json = (status: number, body: unknown) =>
  ({
    kind: 'body',
    status,
    type: 'application/json',
    body: JSON.stringify(body),
    headers: {},
  }) as const;

export const text = (status: number, body: string, headers: Record<string, string> = {}): Answer => ({
  kind: 'body',
  status,
  type: 'text/plain',
  body,
  headers,
});

export const html = (status: number, body: string): Answer => ({
  kind: 'body',
  status,
  type: 'text/html',
  body,
  headers: {},
});

const ERROR_NAMES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'UnauthorizedError',
  403: 'ForbiddenError',
  404: 'NotFoundError',
  413: 'PayloadTooLargeError',
};

/** Error in the form of the 422 body, the only one documented. Source: api/FACTS.md. */
export const apiError = (status: number, code: string, message: string): Answer =>
  json(status, { code, message, name: ERROR_NAMES[status] ?? 'Error', status });

/** 422 as documented: the invalid fields, each with its message. */
export const validationError = (fields: Readonly<Record<string, string>>): Answer =>
  json(422, {
    code: 'VALIDATION_ERROR',
    fields: Object.fromEntries(Object.entries(fields).map(([name, message]) => [name, { message }])),
    message: 'Validation failed',
    name: 'ValidateError',
    status: 422,
  });

/** HTTP status that the client sees; 0 for none. */
export const statusOf = (answer: Answer): number =>
  answer.kind === 'body' ? answer.status : answer.kind === 'cut' ? 200 : 0;

/**
 * Whether the answer proves that nothing was done, so that another ask is harmless: 3xx, 4xx (also 429) and 503.
 * Source: the design's table of answers.
 */
export const surelyRefused = (answer: Answer): boolean => {
  const status = statusOf(answer);
  return (status >= 300 && status < 500) || status === 503;
};
