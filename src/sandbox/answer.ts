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
