/** An answer as a value: decided first, delivered later, so that latency never changes what was decided. */
export type Answer =
  | {
      readonly kind: 'body';
      readonly status: number;
      readonly type: 'application/json' | 'text/html' | 'text/plain';
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Extra milliseconds before the answer leaves. */
      readonly afterMs?: number;
    }
  /** The connection is reset (RST) without an answer. */
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

/** Only the 422 body is documented; the others are given its form. Source: api/FACTS.md. */
export const apiError = (status: number, code: string, message: string): Answer =>
  json(status, { code, message, name: ERROR_NAMES[status] ?? 'Error', status });

/** 422 as documented: the fields at fault, each with its message. */
export const validationError = (fields: Readonly<Record<string, string>>): Answer =>
  json(422, {
    code: 'VALIDATION_ERROR',
    fields: Object.fromEntries(Object.entries(fields).map(([name, message]) => [name, { message }])),
    message: 'Validation failed',
    name: 'ValidateError',
    status: 422,
  });

/** The HTTP status that the client sees; 0 when it sees none. */
export const statusOf = (answer: Answer): number =>
  answer.kind === 'body' ? answer.status : answer.kind === 'cut' ? 200 : 0;

/**
 * The client knows for certain that nothing was done, so asking again is harmless: 3xx, 4xx (429 among them) and
 * 503. Source: the design's table of answers.
 */
export const surelyRefused = (answer: Answer): boolean => {
  const status = statusOf(answer);
  return (status >= 300 && status < 500) || status === 503;
};
