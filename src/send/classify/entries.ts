import { personKey } from '../../domain/ids.ts';
import type { Participant } from '../../domain/words.ts';
import { jsonOf } from '../api/body.ts';

interface EngineCode {
  /** WhatsApp's number; undefined if the code has none. */
  readonly number: number | undefined;
  /** The code as received if it is more than a number; otherwise ''. */
  readonly text: string;
}

/** Numbers of engine names that say less than the number. */
const NUMBERS: Readonly<Record<string, number>> = {
  'bad-request': 400,
  conflict: 409,
  'connection-replaced': 440,
  'internal-server-error': 500,
  'bad-session': 500,
  'unavailable-service': 503,
};
const NAMED = new RegExp(`(?<![a-z-])(?:${Object.keys(NUMBERS).join('|')})(?![a-z-])`);

const NUMBER = /^(\d{1,9})(?:\.0+)?$/;
/** `HTTP 403`, `ERR_403`, `403 Forbidden`. */
const LABELLED = /^(?:(?:https?|code|status|error|err|e)[-_:\s]*)*(\d{3})(?![\d.])/i;

/** Reads a code, a number, text or anything else. Engine names pass unchanged. Pure; never throws. */
export function readCode(value: unknown): EngineCode {
  if (Number.isSafeInteger(value)) return { number: value as number, text: '' };
  if (value === undefined || value === null) return { number: undefined, text: '' };
  const text = (typeof value === 'string' ? value : (jsonOf(value) ?? '')).trim();
  const [, digits] = NUMBER.exec(text) ?? [];
  if (digits !== undefined) return { number: Number(digits), text: '' };
  const [, labelled] = LABELLED.exec(text) ?? [];
  const [name = ''] = NAMED.exec(hyphenated(text)) ?? [];
  return { number: labelled === undefined ? NUMBERS[name] : Number(labelled), text };
}

/** A code in both spellings, `not-authorized` and `not authorized`, because the table has either. */
export function wordsOfCode(text: string): string {
  const name = hyphenated(text);
  return name === '' ? '' : `${name}. ${name.replaceAll('-', ' ')}`;
}

/** `NotAuthorized`, `NOT_AUTHORIZED`, `not authorized`: not-authorized. */
function hyphenated(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replace(/[-_\s]+/g, '-')
    .toLowerCase();
}

/**
 * `919537851844@c.us`, `919537851844:12@s.whatsapp.net`, `919537851844`, `271828182845904@lid`: digits, then
 * WhatsApp's agent and device numbers, then the server. Source: api/FACTS.md.
 */
const MEMBER_ID = /^\+?(\d{5,20})(?:\.\d{1,4})?(?::\d{1,4})?(?:@([a-z.]{1,30}))?$/i;

/** Servers with phone numbers as digits. `lid` is not one: a LID's digits are not a phone number. */
const PHONE_SERVERS: readonly string[] = ['', 'c.us', 's.whatsapp.net'];

const OTHER_SERVERS: readonly string[] = ['g.us', 'broadcast', 'newsletter', 'call'];

/** A WhatsApp id of a person. `phone` is undefined if the id does not contain it. */
interface MemberId {
  readonly phone: string | undefined;
}

export function readMemberId(key: string): MemberId | undefined {
  const match = MEMBER_ID.exec(key.trim());
  if (match === null) return undefined;
  const server = (match[2] ?? '').toLowerCase();
  if (OTHER_SERVERS.includes(server)) return undefined;
  return { phone: PHONE_SERVERS.includes(server) ? match[1] : undefined };
}

/** Phone in an id of any kind; undefined: none, as in a LID, whose digits are not a phone number. */
export function phoneOf(id: unknown): string | undefined {
  return typeof id === 'string' ? readMemberId(id)?.phone : undefined;
}

interface Candidate extends MemberId {
  readonly key: string;
}

/**
 * Maps participants to keys of an answer: by the documented form, then by digits, then by a variant of the person's
 * number, and for one participant and one key without a phone by position. A step counts only if it is unique on both
 * sides. A participant not in the map is in doubt.
 */
export function matchKeys(
  participants: readonly Participant[],
  keys: readonly string[],
): Map<Participant, string> {
  const matched = new Map<Participant, string>();
  const taken = new Set<string>();

  const present = new Set(keys);
  for (const participant of participants) {
    const documented = `${participant}@c.us`;
    if (!present.has(documented)) continue;
    matched.set(participant, documented);
    taken.add(documented);
  }
  const people = new Set(participants);
  if (matched.size === people.size) return matched;

  const candidates = keys.flatMap((key): Candidate[] => {
    const id = readMemberId(key);
    return id === undefined ? [] : [{ key, phone: id.phone }];
  });
  const step = (
    ofParticipant: (participant: Participant) => string,
    ofCandidate: (candidate: Candidate) => string | undefined,
  ) => {
    const ids = groupBy(candidates, ofCandidate, ({ key }) => taken.has(key));
    const persons = groupBy(people, ofParticipant, (person) => matched.has(person));
    for (const [value, [person, ...morePeople]] of persons) {
      const [id, ...moreIds] = ids.get(value) ?? [];
      if (person === undefined || id === undefined || morePeople.length + moreIds.length > 0) continue;
      matched.set(person, id.key);
      taken.add(id.key);
    }
  };

  step(
    (participant) => participant,
    ({ phone }) => phone,
  );
  step(personKey, ({ phone }) => (phone === undefined ? undefined : personKey(phone)));
  // By position only without a phone: another phone is another person.
  const [only, ...others] = candidates;
  if (participants.length === 1 && others.length === 0 && only?.phone === undefined) {
    step(
      () => 'the only one',
      () => 'the only one',
    );
  }
  return matched;
}

/** Keys of the same people besides the matched ones: same number, or its variant. By `personKey`; mostly empty. */
export function furtherKeys(
  matched: ReadonlyMap<Participant, string>,
  keys: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  if (keys.length <= matched.size) return new Map();
  const taken = new Set(matched.values());
  const personOf = (key: string) => {
    const phone = readMemberId(key)?.phone;
    return phone === undefined ? undefined : personKey(phone);
  };
  return groupBy(keys, personOf, (key) => taken.has(key));
}

function groupBy<T>(
  items: Iterable<T>,
  by: (item: T) => string | undefined,
  skip: (item: T) => boolean,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const value = by(item);
    if (value === undefined || skip(item)) continue;
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [item]);
    else group.push(item);
  }
  return groups;
}
