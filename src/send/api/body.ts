import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { shorten } from '../../lib/text.ts';

/** Longest message kept, in UTF-16 units: enough for a real one, too little to swell the ledger. */
const LONGEST_MESSAGE = 500;

/** A body as a JSON object; undefined for any other text. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(body);
  return isObject(value) ? value : undefined;
}

/** A body as a JSON value; undefined if it is not JSON. A byte order mark is skipped. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** A value as JSON; undefined if it is nested too deeply to write. */
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

export function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** The documented error body: `{code, name, status, message, fields: {…: {message}}}`. */
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

/** Message of an unwanted answer: raw, bounded, '' if there is none. */
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

export function excerpt(text: string): string {
  return shorten(text.trim(), LONGEST_MESSAGE);
}

/** Whether a body is an HTML (or XML) page: never the API's. */
export function isPage(body: string): boolean {
  return /^\uFEFF?\s*<(?:!doctype|!--|html|head|body|title|\?xml)/i.test(body);
}

/** Text of an HTML error page; other texts unchanged. */
function withoutMarkup(body: string): string {
  if (!isPage(body)) return body;
  return body
    .slice(0, LONGEST_MESSAGE * 40)
    .replace(/<(style|script|title)\b.*?<\/\1\s*>/gis, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

/** Largest body read, bytes, packed or not: a group of 1024 members takes about 1 MB. */
export const LARGEST_BODY = 10 * 1024 * 1024;

export const TOO_LARGE = 'larger than 10 MiB';

type Unpack = (packed: Uint8Array) => Promise<Buffer>;

const bound = { maxOutputLength: LARGEST_BODY };
const wrapped = promisify(inflate);
const bare = promisify(inflateRaw);
const gzip = promisify(gunzip);
const brotli = promisify(brotliDecompress);

/** “deflate” has a zlib header by its specification; some servers leave it out. */
const deflate: Unpack = (packed) => {
  const [first = 0, second = 0] = packed;
  const hasHeader = (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
  return (hasHeader ? wrapped : bare)(packed, bound);
};

const ENCODINGS: Readonly<Record<string, Unpack>> = {
  gzip: (packed) => gzip(packed, bound),
  'x-gzip': (packed) => gzip(packed, bound),
  deflate,
  br: (packed) => brotli(packed, bound),
};

/** Most encodings of one body; more are an attack. */
const MOST_LAYERS = 3;

/**
 * Decodes a body by its `content-encoding`, the last encoding first. An unreadable body becomes a sentence that says
 * why.
 * @throws Error TOO_LARGE when the result would exceed LARGEST_BODY
 */
export async function decoded(body: Uint8Array, encoding: string | undefined): Promise<string> {
  const names = (encoding ?? '').toLowerCase().split(/[\s,]+/);
  const layers = names.filter((name) => name !== '' && name !== 'identity').reverse();
  const unpack = layers.map((name) => (Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined));
  if (layers.length > MOST_LAYERS || unpack.includes(undefined)) return unreadable(encoding);
  let bytes = body;
  try {
    // An empty body is not packed, whatever its head says.
    for (const one of unpack) if (one && bytes.length > 0) bytes = await one(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new Error(TOO_LARGE);
    return unreadable(encoding);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function unreadable(encoding: string | undefined): string {
  return `a body that cannot be read: its content-encoding is ${encoding}`;
}
