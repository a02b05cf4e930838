import parsePhoneNumber from 'libphonenumber-js/max';
import { callingCodeOf } from './numbering.ts';
import type { PhoneText } from './phone-text.ts';

/** Position where the writing can be cut into two. */
interface Cut {
  /** Digits before the cut and after it. */
  readonly left: string;
  readonly right: string;
  readonly between: string;
}

/** Readings of a part of the writing as a complete number; empty: not a number. */
type Complete = (digits: string, where: 'first' | 'last') => readonly string[];

/** Another reading of the cell: a complete number next to something else. */
interface Beside {
  readonly number: string;
  /** The remainder: a few digits (a list's number, a mark), or a second complete number. */
  readonly rest: string;
}

/** Most digits of a list's number, a mark, or the end of another number. */
export const MOST_BESIDE = 5;

/**
 * Complete number in a cell next to something else, where the cell as a whole reads as `reading`: `1) 9123456789`,
 * `9876543210-11`, `212345 212346`. Undefined when the whole is one number in every reading.
 *
 * Many countries have numbers of several lengths, so a number may begin with a shorter one of the same country: there
 * the writing has to separate the rest.
 */
export function findBeside(
  text: PhoneText,
  reading: string,
  ownCode: string | undefined,
  complete: Complete,
): Beside | undefined {
  const written = text.zeros ? text.written.replace(/^\D*0\D*0/, '') : text.written;
  const cuts = cutsOf(written);
  const expected = text.international || ownCode === undefined || callingCodeOf(reading) === ownCode;
  if (cuts.length === 0 || (expected && writtenLike(written, reading))) return undefined;
  for (const cut of cuts) {
    const { left, right } = cut;
    // A + or 00 is always first, and a leading 0 is a prefix, not a list's number.
    const mayLead = !text.international && (left.length > MOST_BESIDE || !left.startsWith('0'));
    const last = mayLead ? complete(right, 'last') : [];
    for (const number of complete(left, 'first')) {
      if (number === reading) continue;
      const begins = isForeign(number, reading) || reading.startsWith(number);
      if (last.length > 0 && (begins || cuts.length === 1)) return { number, rest: right };
      if (!begins || right.length > MOST_BESIDE) continue;
      if (isForeign(number, reading) || isSetApart(cut, written, reading)) return { number, rest: right };
    }
    if (left.length > MOST_BESIDE) continue;
    const number = last.find(
      (one) =>
        isForeign(one, reading) || (one !== reading && right.startsWith('0') && reading !== text.digits),
    );
    if (number !== undefined) return { number, rest: left };
  }
  return undefined;
}

/** Whether the cell begins with a list's line number: `7. 8123456789`. */
export function isNumbered(text: PhoneText): boolean {
  return !text.international && /^[1-9]\d{0,2}\.\s+[^.]*(?:\.\S[^.]*)*$/.test(text.written);
}

/** Whether the number is written in the groups of its own country or of the international format. */
export function writtenLike(written: string, reading: string): boolean {
  const parsed = parsePhoneNumber(`+${reading}`);
  const groups = groupsOf(written);
  return (
    parsed !== undefined &&
    [parsed.formatNational(), parsed.formatInternational()].some((form) => groupsOf(form) === groups)
  );
}

function groupsOf(written: string): string {
  return written.split(/\D+/).filter(Boolean).join(' ');
}

function isForeign(number: string, reading: string): boolean {
  return callingCodeOf(number) !== callingCodeOf(reading);
}

/** Whether the writing itself separates the digits after the cut from a number of the same country. */
function isSetApart({ left, right, between }: Cut, written: string, reading: string): boolean {
  if (right.length === 1 || /[([]/.test(between)) return true;
  // 030 12345/67890 are two; slashes between all groups are gaps.
  if (between.includes('/')) return written.split('/').length <= 3;
  // 030 12345-67 is a landline with its extension; a mobile has none.
  const mark = /[-.]/.exec(between)?.[0];
  if (mark === undefined || written.indexOf(mark) < indexAfter(written, left.length)) return false;
  return parsePhoneNumber(`+${reading}`)?.getType()?.includes('MOBILE') === true;
}

/** Index in the writing after the given number of digits. */
function indexAfter(written: string, digits: number): number {
  let at = 0;
  for (let seen = 0; seen < digits; at++) if (/\d/.test(written[at] as string)) seen++;
  return at;
}

function cutsOf(written: string): readonly Cut[] {
  const groups = [...written.matchAll(/\d+/g)];
  const digits = groups.map(([group]) => group).join('');
  const cuts: Cut[] = [];
  let count = 0;
  for (const [at, match] of groups.entries()) {
    const next = groups[at + 1];
    if (next === undefined) break;
    count += match[0].length;
    const between = written.slice(match.index + match[0].length, next.index);
    cuts.push({ left: digits.slice(0, count), right: digits.slice(count), between });
  }
  return cuts;
}
