/** The text of a body, whatever encoding a server has chosen for it. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/** Largest body read, bytes, packed or not: a group of 1024 members is about 1 MB. */
export const LARGEST_BODY = 10 * 1024 * 1024;

/** The words of an error about a larger one. */
export const TOO_LARGE = 'larger than 10 MiB';

type Unpack = (packed: Uint8Array) => Promise<Buffer>;

const bound = { maxOutputLength: LARGEST_BODY };
const wrapped = promisify(inflate);
const bare = promisify(inflateRaw);
const gzip = promisify(gunzip);
const brotli = promisify(brotliDecompress);

/** “deflate” has a zlib header by its specification, and with some servers none. */
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

/** More layers than these are an attack. */
const MOST_LAYERS = 3;

/**
 * Undoes the encodings that a `content-encoding` names, the last of them first. A body that cannot be read becomes a
 * sentence that says why.
 * @throws Error TOO_LARGE where what comes out would be larger than LARGEST_BODY
 */
export async function decoded(body: Uint8Array, encoding: string | undefined): Promise<string> {
  const names = (encoding ?? '').toLowerCase().split(/[\s,]+/);
  const layers = names.filter((name) => name !== '' && name !== 'identity').reverse();
  const unpack = layers.map((name) => (Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined));
  if (layers.length > MOST_LAYERS || unpack.includes(undefined)) return unreadable(encoding);
  let bytes = body;
  try {
    // An empty body is packed by nobody, whatever its head says.
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
