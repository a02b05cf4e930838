import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personKey } from '../../../src/domain/ids.ts';
import type { Participant } from '../../../src/domain/words.ts';
import { matchKeys, readMemberId } from '../../../src/send/classify/entries.ts';
import { repeats } from '../../helpers.ts';

test.each([
  ['919537851844@c.us', '919537851844'],
  ['919537851844@s.whatsapp.net', '919537851844'],
  ['919537851844:12@s.whatsapp.net', '919537851844'],
  ['919537851844.0:12@S.WhatsApp.net', '919537851844'],
  ['919537851844', '919537851844'],
  ['+919537851844', '919537851844'],
  ['271828182845904@lid', undefined],
  ['271828182845904:7@lid', undefined],
  ['919537851844@hosted.lid', undefined],
])('%s is a person with the phone %s', (key, phone) => {
  expect(readMemberId(key)).toEqual({ phone });
});

test.each(['120363371308389685@g.us', 'status@broadcast', 'message', '', '123', '12ab5678901@c.us'])(
  '%j is no person',
  (key) => {
    expect(readMemberId(key)).toBeUndefined();
  },
);

/** Participants, keys of the answer, and the pairs expected. */
test.each<[string, string[], string[], Record<string, string>]>([
  ['the documented form', ['919537851844'], ['919537851844@c.us'], { '919537851844': '919537851844@c.us' }],
  [
    'a device',
    ['919537851844'],
    ['919537851844:12@s.whatsapp.net'],
    { '919537851844': '919537851844:12@s.whatsapp.net' },
  ],
  [
    'Mexico, short',
    ['5215512345678', '14155550100'],
    ['525512345678@c.us', 'x'],
    { '5215512345678': '525512345678@c.us' },
  ],
  [
    'Mexico, long',
    ['525512345678', '14155550100'],
    ['5215512345678@c.us'],
    { '525512345678': '5215512345678@c.us' },
  ],
  [
    'Argentina',
    ['541123456789', '14155550100'],
    ['5491123456789@c.us'],
    { '541123456789': '5491123456789@c.us' },
  ],
  [
    'Brazil',
    ['5511987654321', '14155550100'],
    ['551187654321@c.us'],
    { '5511987654321': '551187654321@c.us' },
  ],
  [
    'exact before variant',
    ['5215512345678', '525512345678'],
    ['525512345678@c.us'],
    { '525512345678': '525512345678@c.us' },
  ],
  [
    'both exact',
    ['5215512345678', '525512345678'],
    ['525512345678@c.us', '5215512345678@c.us'],
    { '525512345678': '525512345678@c.us', '5215512345678': '5215512345678@c.us' },
  ],
  ['a variant for two participants is none', ['5215512345678', '525512345678'], ['+5215512345678@lid'], {}],
  [
    'two keys of one variant are none',
    ['5215512345678'],
    ['525512345678@c.us', '525512345678@s.whatsapp.net'],
    {},
  ],
  [
    'the documented form before its other forms',
    ['919537851844'],
    ['919537851844:1@c.us', '919537851844@c.us'],
    { '919537851844': '919537851844@c.us' },
  ],
  ['two other forms are none', ['919537851844'], ['919537851844:1@c.us', '919537851844'], {}],
  [
    'by position: a LID',
    ['919537851844'],
    ['271828182845904@lid'],
    { '919537851844': '271828182845904@lid' },
  ],
  [
    'by position: beside what is no person',
    ['919537851844'],
    ['status', '1@lid', '271828182845904@lid'],
    { '919537851844': '271828182845904@lid' },
  ],
  [
    'a LID with a phone’s digits is no match in a batch',
    ['919537851844', '14155550100'],
    ['919537851844@lid'],
    {},
  ],
  ['no position for two participants', ['919537851844', '14155550100'], ['271828182845904@lid'], {}],
  [
    'no position for the one who is left of two',
    ['919537851844', '14155550100'],
    ['919537851844@c.us', '271828182845904@lid'],
    { '919537851844': '919537851844@c.us' },
  ],
  ['no position for two keys', ['919537851844'], ['271828182845904@lid', '271828182845905@lid'], {}],
  ['no position for another phone', ['919537851844'], ['14155550100@c.us'], {}],
  ['no position for another phone beside a LID', ['919537851844'], ['14155550100', '2718281828@lid'], {}],
  ['no position for a word', ['919537851844'], ['data'], {}],
  ['nothing', ['919537851844'], [], {}],
])('%s', (_name, participants, keys, expected) => {
  expect(Object.fromEntries(matchKeys(participants as Participant[], keys))).toEqual(expected);
});

// --- properties

const phone = fc.oneof(
  fc.stringMatching(/^[1-9]\d{6,14}$/),
  fc.stringMatching(/^(52|521|54|549)5512345\d{3}$/),
  fc.stringMatching(/^5511(9|)[67]123456\d$/),
) as fc.Arbitrary<Participant>;
const server = fc.constantFrom('', '@c.us', '@s.whatsapp.net', ':9@s.whatsapp.net', '@lid', '@g.us');
const keyOf = (phones: fc.Arbitrary<string>) =>
  fc.tuple(phones, server).map(([digits, suffix]) => digits + suffix);

test('no key twice, no participant twice, nothing invented, phones agree but by position', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(phone, { minLength: 1, maxLength: 6 }),
      fc.uniqueArray(fc.oneof(keyOf(phone), fc.string()), { maxLength: 8 }),
      (participants, keys) => {
        const matched = matchKeys(participants, keys);
        expect(new Set(matched.values()).size).toBe(matched.size);
        for (const [participant, key] of matched) {
          expect(participants).toContain(participant);
          expect(keys).toContain(key);
          const known = readMemberId(key)?.phone;
          if (participants.length > 1 || known !== undefined)
            expect(personKey(known ?? 'unknown')).toBe(personKey(participant));
        }
      },
    ),
    { numRuns: repeats(2000) },
  );
});

test('an answer in the documented form matches everybody, in any order and among strangers', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(phone, { minLength: 1, maxLength: 6 }),
      fc.array(fc.string()),
      fc.infiniteStream(fc.nat()),
      (participants, strangers, random) => {
        const keys = [...participants.map((participant) => `${participant}@c.us`), ...strangers]
          .map((key) => ({ key, at: random.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ key }) => key);
        const expected = participants.map((participant) => [participant, `${participant}@c.us`]);
        expect(new Map(matchKeys(participants, [...new Set(keys)]))).toEqual(
          new Map(expected as [Participant, string][]),
        );
      },
    ),
  );
});
