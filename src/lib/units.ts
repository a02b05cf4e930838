/**
 * Parsers of durations, rates, spans, shares and hours of the day as typed on a command line. All throw RangeError with
 * the expected form.
 */

export const DAY_MS = 86_400_000;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: DAY_MS } as const;
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/;

/** `500ms`, `30s`, `10m`, `2h`, `3d` → milliseconds. */
export function parseDuration(text: string): number {
  const found = DURATION.exec(text.trim());
  if (!found) throw new RangeError(`“${text}” is not a duration; write it like 500ms, 30s, 10m, 2h or 3d`);
  const ms = Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS];
  if (!(ms > 0)) throw new RangeError(`“${text}” is zero; give a duration above zero`);
  return ms;
}

export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** `5/s`, `20/min`, `100/h` → a number of asks per number of milliseconds. */
export function parseRate(text: string): Rate {
  const found = /^(\d+(?:\.\d+)?)\s*\/\s*(s|min|m|h)$/.exec(text.trim());
  const count = Number(found?.[1]);
  if (!found || !(count > 0))
    throw new RangeError(`“${text}” is not a rate; write it like 5/s, 20/min or 100/h`);
  return { count, perMs: UNIT_MS[found[2] as keyof typeof UNIT_MS] };
}

export interface Gap {
  readonly minMs: number;
  readonly maxMs: number;
}

const FIGURE = String.raw`(\d+(?:\.\d+)?)\s*([a-z]*)\.?`;
/** A span in other common notations: `30-60s`, `30s – 60s`, `30 to 60 sec`, `30..60s`. */
const SPAN = new RegExp(String.raw`^${FIGURE}\s*(?:\.{2,3}|…|[-–—:,/]|to|bis|a)\s*${FIGURE}$`, 'i');
const WORDS = [
  [/^(?:s|secs?|seconds?)$/, 's'],
  [/^(?:m|mins?|minutes?)$/, 'm'],
  [/^(?:h|hrs?|hours?)$/, 'h'],
  [/^ms$/, 'ms'],
] as const;

/**
 * The span probably meant, in the tool's notation; undefined when unclear. A figure without a unit takes the other's.
 */
function spanMeant(text: string): string | undefined {
  const [, from, fromWord = '', to, toWord = ''] = SPAN.exec(text.trim()) ?? [];
  const unitOf = (word: string) => WORDS.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1];
  const unit = { from: unitOf(fromWord || toWord || 's'), to: unitOf(toWord || fromWord || 's') };
  if (from === undefined || unit.from === undefined || unit.to === undefined) return undefined;
  const ends = [`${from}${unit.from}`, `${to}${unit.to}`].sort((a, b) => parseDuration(a) - parseDuration(b));
  return ends.join('..');
}

/** `30s..60s` (or `30s` for a fixed one) → shortest and longest pause, milliseconds. */
export function parseGap(text: string): Gap {
  const [from = '', to = from, ...rest] = text.split('..');
  const isSpan = rest.length === 0 && [from, to].every((one) => DURATION.test(one.trim()));
  if (!isSpan) {
    const meant = spanMeant(text);
    throw new RangeError(
      meant === undefined
        ? `“${text}” is not a span; write it like 30s..60s`
        : `“${text}” is not a span; write ${meant}`,
    );
  }
  const minMs = parseDuration(from);
  const maxMs = parseDuration(to);
  if (maxMs < minMs)
    throw new RangeError(`“${text}” runs backwards; write the shorter pause first, like 30s..60s`);
  return { minMs, maxMs };
}

/** `20` → a count; `5%` → a share of the rows settled so far. */
export type Tolerance = { readonly count: number } | { readonly share: number };

export function parseTolerance(text: string): Tolerance {
  const found = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  if (!found) throw new RangeError(`“${text}” is neither a number nor a percentage; write it like 20 or 5%`);
  const value = Number(found[1]);
  if (found[2] === '%') {
    if (value > 100) throw new RangeError(`“${text}” is more than 100%`);
    return { share: value / 100 };
  }
  if (!Number.isInteger(value)) throw new RangeError(`“${text}” is not a whole number`);
  return { count: value };
}

/** A whole number of at least `least`. */
export function parseCount(text: string, least = 1): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`“${text}” is not a whole number of at least ${least}`);
  }
  return value;
}

/** Minutes since midnight, from inclusive, to exclusive. The span crosses midnight where `from` is the later one. */
export interface DayHours {
  readonly from: number;
  readonly to: number;
}

const DAY_MIN = 1_440;

/** `09:00-18:00` → minutes; `22:00-06:00` crosses midnight. */
export function parseDayHours(text: string): DayHours {
  const found = /^(\d{1,2}):(\d{2})\s*(?:-|–|\.\.)\s*(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [, h1, m1, h2, m2] = (found ?? []).map(Number);
  const from = (h1 ?? 99) * 60 + (m1 ?? 0);
  const to = (h2 ?? 99) * 60 + (m2 ?? 0);
  if (!found || (m1 ?? 0) > 59 || (m2 ?? 0) > 59 || from >= DAY_MIN || to > DAY_MIN)
    throw new RangeError(`“${text}” are not hours of the day; write them like 09:00-18:00`);
  if (from === to) throw new RangeError(`“${text}” begins and ends at one time; write it like 09:00-18:00`);
  return { from, to };
}

export function dayHoursText({ from, to }: DayHours): string {
  return `${clockTime(from)}–${clockTime(to)}`;
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** @throws RangeError for a zone unknown to Intl */
export function parseTimeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text.trim() }).resolvedOptions().timeZone;
  } catch {
    throw new RangeError(`“${text}” is not a time zone; write it like Asia/Kolkata`);
  }
}

/** Milliseconds in words: `850 ms`, `12 s`, `3 min 20 s`, `2 h 05 min`, `1 d 3 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Longest delay of a Node timer, milliseconds: some 25 days. */
export const LONGEST_TIMER = 2_147_483_647;
