import { personKey } from '../../domain/ids.ts';
import type { Participant } from '../../domain/words.ts';
import { jsonOf } from '../api/body.ts';

/** The `code` of the API's word on one participant. */
interface EngineCode {
  /** WhatsApp's number; undefined where the code tells none. */
  readonly number: number | undefined;
  /** The code as it came, where it is more than a number; or ''. */
  readonly text: string;
}

/** Names that the engines give to numbers, where the name says less than the number. */
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

/** A number, or text, or whatever else comes: the engines' names go through as they are. Pure; never throws. */
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

/** The words of a code in both of their writings, `not-authorized` and `not authorized`, as the table knows either. */
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

/** Servers under which the digits are a phone number. `lid` is not one: a LID's digits name nobody's phone. */
const PHONE_SERVERS: readonly string[] = ['', 'c.us', 's.whatsapp.net'];

/** Servers of what is no person. */
const OTHER_SERVERS: readonly string[] = ['g.us', 'broadcast', 'newsletter', 'call'];

/** A WhatsApp id of a person. `phone` is undefined when the id does not tell it. */
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

interface Candidate extends MemberId {
  readonly key: string;
}

/**
 * Which key of an answer speaks of which participant: first the documented form, then the same digits, then a variant
 * of the same person's number, and for one participant and one key alone that tells no phone the position. A step counts
 * only where it is unique on both sides: no key for two participants, no two keys for one. Who is not in the map is in
 * doubt.
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
  // By position only what tells no phone: another phone is somebody else.
  const [only, ...others] = candidates;
  if (participants.length === 1 && others.length === 0 && only?.phone === undefined) {
    step(
      () => 'the only one',
      () => 'the only one',
    );
  }
  return matched;
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
