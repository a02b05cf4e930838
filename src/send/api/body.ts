import { z } from 'zod';
import { shorten } from './scrub.ts';

/** Longest message kept of an answer, in UTF-16 units: enough for any real one, too little to swell the ledger. */
export const LONGEST_MESSAGE = 500;

/** A body as a JSON object; undefined for every other text, JSON or not. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(body);
  return isObject(value) ? value : undefined;
}

/** A body as any JSON value; undefined when it is none. A byte order mark before it is allowed. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** A value as JSON; undefined where it is nested deeper than can be written, though it could be read. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The one documented error body is `{code, name, status, message, fields: {…: {message}}}`. */
const errorBody = z.looseObject({
  message: z.string().optional().catch(undefined),
  error: z
    .union([z.string(), z.looseObject({ message: z.string() }).transform(({ message }) => message)])
    .optional()
    .catch(undefined),
  fields: z
    .record(z.string(), z.looseObject({ message: z.string() }).optional().catch(undefined))
    .optional()
    .catch(undefined),
});

/** The server's own words in an answer that is not the one we want: raw, bounded, '' when it has none. */
export function serverWords(body: string): string {
  const parsed = errorBody.safeParse(parseObject(body));
  if (parsed.success) {
    const { message, error, fields } = parsed.data;
    const details = Object.entries(fields ?? {}).map(([name, field]) => field && `${name}: ${field.message}`);
    const words = [message ?? error, ...details].filter(Boolean).join('; ');
    if (words !== '') return shorten(words, LONGEST_MESSAGE);
  }
  const value = parseJson(body);
  return excerpt(typeof value === 'string' ? value : withoutMarkup(body));
}

/** The beginning of a text, trimmed. */
export function excerpt(text: string): string {
  return shorten(text.trim(), LONGEST_MESSAGE);
}

/** An HTML (or XML) page: never the API's. */
export function isPage(body: string): boolean {
  return /^\uFEFF?\s*<(?:!doctype|!--|html|head|body|title|\?xml)/i.test(body);
}

/** The words of an HTML error page; every other text as it is. */
function withoutMarkup(body: string): string {
  if (!isPage(body)) return body;
  return body
    .slice(0, LONGEST_MESSAGE * 40)
    .replace(/<(style|script|title)\b.*?<\/\1\s*>/gis, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}
