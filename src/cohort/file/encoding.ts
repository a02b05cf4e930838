import { usage } from '../../domain/errors.ts';
import { numberText, type Place } from '../../domain/words.ts';
import { bytesOf, type CohortFile, refuseBinary, refuseKnownBinary } from './bytes.ts';

export interface Encoding {
  /** A label of the Encoding Standard, as TextDecoder takes it. */
  readonly label: string;
  readonly note: string | undefined;
  /** Addition to an error about the header, where another encoding may be the right one. */
  readonly doubt?: string;
  /** Whether the file begins with the byte order mark of UTF-8. */
  readonly marked: boolean;
}

const HEAD = 64 * 1024;

/**
 * Detects the encoding: by a byte order mark; by the zero bytes of UTF-16; by whether the whole file is UTF-8 (all of
 * it is checked, so that one decision holds for every row). A file with invalid bytes is still UTF-8 when most of its
 * text beyond ASCII is. Anything else is Windows-1252, the encoding of Western spreadsheets, unless it is binary.
 * @throws OnboardError COHORT_UNREADABLE for binary files, CONFIG for an unknown `--encoding`
 */
export async function findEncoding(file: CohortFile, asked?: string): Promise<Encoding> {
  const known = asked === undefined ? undefined : knownLabel(asked);
  const head = await headOf(file);
  const mark = byMark(head);
  const marked = mark === 'utf-8';
  if (known !== undefined) return { label: known, note: undefined, marked };
  refuseKnownBinary(head, file.name);
  const label = mark ?? byZeros(head);
  if (label !== undefined && !marked) return { label, note: `read as ${label.toUpperCase()}`, marked };
  if (!marked) refuseBinary(head, file.name);
  if (await isAllUtf8(file)) return { label: 'utf-8', note: undefined, marked };
  const { sound, odd, lines } = await tallyOf(file);
  if (marked || odd <= sound) {
    const why = marked ? 'as its first bytes say' : 'because most of it is';
    const but = `${lines} ${lines.count === 1 ? 'is' : 'are'} not`;
    return {
      label: 'utf-8',
      note: `read as UTF-8, ${why}, but ${but}: what cannot be read is “\ufffd”; save it as UTF-8 again, or give --encoding`,
      doubt: `it was read as UTF-8, but ${but}: ${ADVICE}`,
      marked,
    };
  }
  return {
    label: 'windows-1252',
    note: `read as Windows-1252, as it is not UTF-8 (line ${lines.first}); if names look wrong, give --encoding`,
    doubt: `it was read as Windows-1252, because it is not UTF-8 (line ${lines.first}): ${ADVICE}`,
    marked,
  };
}

const ADVICE = 'if its header looks wrong, give --encoding, for example gbk, shift_jis or windows-1251';

/** Text of the file, without a byte order mark, NULs (padding of some exports) and the final ^Z of DOS. */
export async function* textOf(file: CohortFile, label: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(label);
  // Possible end marks are held back until more text shows whether they are the end.
  let held = '';
  for await (const chunk of bytesOf(file)) {
    const decoded = decoder.decode(chunk, { stream: true });
    const text = held + (decoded.includes('\0') ? decoded.replaceAll('\0', '') : decoded);
    const end = text.length > HEAD && text.length > 2 * decoded.length ? text.length : beforeEndMark(text);
    held = text.slice(end);
    yield text.slice(0, end);
  }
  const text = held + decoder.decode();
  yield text.slice(0, beforeEndMark(text));
}

/** Position of a ^Z followed only by more of them and line breaks, or the end of the text. */
function beforeEndMark(text: string): number {
  let end = text.length;
  while (end > 0 && '\x1a\r\n'.includes(text[end - 1] as string)) end--;
  const mark = text.indexOf('\x1a', end);
  return mark < 0 ? text.length : mark;
}

function knownLabel(asked: string): string {
  try {
    return new TextDecoder(asked.trim()).encoding;
  } catch {
    throw usage(
      `--encoding ${asked}: no such encoding; use utf-8, utf-16le, windows-1252 or another label of the Encoding Standard`,
    );
  }
}

async function headOf(file: CohortFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytesOf(file)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= HEAD) break;
  }
  return Buffer.concat(chunks).subarray(0, HEAD);
}

function byMark(head: Buffer): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** UTF-16 without a mark: every second byte of the header's ASCII letters is zero. */
function byZeros(head: Buffer): string | undefined {
  const sample = head.subarray(0, 512);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [even = 0, odd = 0] = zeros;
  const half = sample.length / 2;
  if (odd > half * 0.6 && even < half * 0.1) return 'utf-16le';
  if (even > half * 0.6 && odd < half * 0.1) return 'utf-16be';
  return undefined;
}

/** Whether the whole file is UTF-8. A character cut off at the very end is tolerated. */
async function isAllUtf8(file: CohortFile): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of bytesOf(file)) {
    try {
      decoder.decode(chunk, { stream: true });
    } catch {
      return false;
    }
  }
  return true;
}

/** Numbers of characters of several bytes, and of those that cannot be read, and the lines of these. */
async function tallyOf(file: CohortFile) {
  const decoder = new TextDecoder('utf-8');
  const lines = new Lines('line');
  let [sound, odd, line] = [0, 0, 1];
  let before = '';
  for await (const chunk of bytesOf(file)) {
    for (const char of decoder.decode(chunk, { stream: true })) {
      if (char === '\ufffd') {
        odd++;
        lines.add({ line });
      } else if (char > '\x7f') sound++;
      else if (char === '\r' || (char === '\n' && before !== '\r')) line++;
      before = char;
    }
  }
  return { sound, odd, lines };
}

/** Tally of lines or rows in ascending order: the first few, and the total. */
export class Lines {
  #count = 0;
  readonly #first: Place[] = [];
  readonly #word: string;

  constructor(word: 'line' | 'row') {
    this.#word = word;
  }

  add(place: Place): void {
    if (place.line === this.#first.at(-1)?.line) return;
    this.#count++;
    if (this.#first.length < 3) this.#first.push(place);
  }

  get count(): number {
    return this.#count;
  }

  get first(): number | undefined {
    return this.#first[0]?.line;
  }

  /** `line 3`, `lines 3 and 9`, `lines 3, 9, 12 and 5 more`. */
  toString(): string {
    const shown = this.#first.map(numberText);
    const more = this.#count - shown.length;
    const last = more > 0 ? `${more} more` : (shown.pop() ?? '');
    return shown.length === 0 ? `${this.#word} ${last}` : `${this.#word}s ${shown.join(', ')} and ${last}`;
  }
}
