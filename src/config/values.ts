import { InvalidArgumentError } from 'commander';
import type { CountryCode } from 'libphonenumber-js/max';
import { EXIT, type ExitCode } from '../domain/errors.ts';
import { parseChatId } from '../domain/ids.ts';
import { type ChatId, STATUSES, type Status } from '../domain/words.ts';
import { parseCount } from '../lib/units.ts';

/** Wraps a parser that throws RangeError, so that commander names the flag (or the variable) with the bad value. */
export function valued<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof RangeError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

/** `failed,unknown` → statuses, from the allowed ones. */
export function statuses(allowed: readonly Status[]): (text: string) => readonly Status[] {
  return (text) => {
    const given = text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
    for (const word of given) {
      if (!(allowed as readonly string[]).includes(word)) {
        throw new RangeError(`“${word}” is not one of: ${allowed.join(', ')}`);
      }
    }
    if (given.length === 0) throw new RangeError(`name at least one of: ${allowed.join(', ')}`);
    return given as Status[];
  };
}

/** Values of `--retry`: statuses of pairs that were tried and did not get in. */
export const RETRYABLE: readonly Status[] = ['failed', 'unknown', 'invited'];
export const SELECTABLE: readonly Status[] = STATUSES;

export function chatId(text: string): ChatId {
  const id = parseChatId(text);
  if (id === undefined) {
    throw new RangeError(`“${text}” is not a chat_id; it looks like 120363371308389685@g.us`);
  }
  return id;
}

/**
 * Largest number of people in one ask: adding more takes the engine minutes, and one lost answer leaves all in doubt.
 */
export const LARGEST_BATCH = 50;

export function batchSize(text: string): number {
  const people = parseCount(text);
  if (people > LARGEST_BATCH) {
    throw new RangeError(
      `${people} people in one ask are too many: it takes minutes, and one lost answer leaves all of them unknown; give at most ${LARGEST_BATCH}`,
    );
  }
  return people;
}

/**
 * ISO 3166 code, upper case; UK, a common spelling, becomes GB. Checked against libphonenumber when its metadata is
 * loaded.
 */
export function country(text: string): CountryCode {
  const code = text.trim().toUpperCase();
  if (!/^[A-Z]{2}$/.test(code))
    throw new RangeError(`“${text}” is not a country; write two letters, like IN or BR`);
  return code === 'UK' ? 'GB' : (code as CountryCode);
}

/**
 * Exit codes that may end as 0: the work has begun, or another run does it, and a later run goes on. After 1, 2 and 3
 * nothing was sent and no later run sends anything: a scheduler that took them for success would never report it.
 */
const FORGIVABLE: readonly ExitCode[] = [
  EXIT.incomplete,
  EXIT.safety,
  EXIT.locked,
  EXIT.again,
  EXIT.sigint,
  EXIT.sigterm,
];

/** `4,75` → exit codes, from those that may end as 0. */
export function okCodes(text: string): readonly ExitCode[] {
  const words = text.split(',').map((word) => word.trim());
  const codes = words.map((word) => {
    const code = FORGIVABLE.find((one) => String(one) === word);
    if (code !== undefined) return code;
    const why = /^[123]$/.test(word) ? ': it means that nothing can be sent, which nobody would see' : '';
    throw new RangeError(`“${word}” cannot end as 0${why}; give some of ${FORGIVABLE.join(', ')}, like 4,75`);
  });
  return [...new Set(codes)];
}

/** A number of people, rows or asks; 1 or more. */
export const people = (words: string) => parseCount(words);
