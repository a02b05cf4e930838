/**
 * The numbers of every region, in every way people write them, under every kind of default country: who is
 * read as somebody else? The truth is known, because the test writes the cells.
 */
import type { CountryCode } from 'libphonenumber-js/max';
import { describe, expect, test } from 'vitest';
import { personKey } from '../../src/domain/ids.ts';
import { type Random, seeded, seedOfRun } from '../e2e/kill/seed.ts';
import { repeats } from '../helpers.ts';
import { normalizePhone } from './one-cell.ts';
import { type Person, peopleOf, REGIONS } from './people.ts';
import { type Given, WAYS, type Way } from './ways.ts';

/** Default countries for cells of people from elsewhere: large ones, with a trunk prefix and without, long and short. */
const OTHERS: readonly CountryCode[] = [
  'IN',
  'US',
  'BR',
  'DE',
  'ID',
  'NG',
  'CN',
  'IT',
  'MX',
  'AR',
  'RU',
  'GB',
  'SG',
  'AU',
];
const SHOWN = 4;
// The allowances of ways.ts are figures of this sample; GROUP_ONBOARD_SEED draws another. Whole files are in phone/census.test.ts.
const seed = process.env['GROUP_ONBOARD_SEED'] === undefined ? 425_426_941 : seedOfRun('writings');

/** What became of the cells of one way. */
class Count {
  cells = 0;
  right = 0;
  readonly misread: { readonly region: string; readonly text: string }[] = [];
  readonly unread: string[] = [];

  add(
    { region, participant }: Person,
    cell: string,
    under: string | undefined,
    read: string | undefined,
  ): void {
    this.cells++;
    const text = `${JSON.stringify(cell)} under ${under ?? 'none'}`;
    if (read === undefined) this.unread.push(text);
    else if (personKey(read) === personKey(participant)) this.right++;
    else this.misread.push({ region, text: `${text} → ${read}, is ${participant}` });
  }

  /** One row of the table: how many, of which regions most, and some of them. */
  line(name: string, allowed = 0): string {
    const regions = new Map<string, number>();
    for (const { region } of this.misread) regions.set(region, (regions.get(region) ?? 0) + 1);
    const worst = [...regions].sort((a, b) => b[1] - a[1]).slice(0, 8);
    const share = ((100 * this.misread.length) / this.cells).toFixed(2);
    return [
      `${name.padEnd(46)} ${String(this.misread.length).padStart(5)} of ${this.cells} misread (${share} %, allowed ${100 * allowed} %), ${this.right} right`,
      `    ${worst.map(([region, times]) => `${region} ${times}`).join(' · ')}`,
      ...worst
        .slice(0, SHOWN)
        .map(([region]) => `    ${region} ${this.misread.find((one) => one.region === region)?.text}`),
    ].join('\n');
  }

  isOver(allowed = 0): boolean {
    return this.misread.length > allowed * this.cells;
  }
}

function read(cell: string, defaultCountry: CountryCode | undefined): string | undefined {
  const one = normalizePhone(cell, { defaultCountry });
  return 'participant' in one ? one.participant : undefined;
}

function readCells(way: Way, people: readonly Person[], random: Random): Record<Given, Count> {
  const counts = { none: new Count(), own: new Count(), other: new Count() };
  for (const person of people) {
    const cell = way.write(person, random);
    if (cell === undefined) continue;
    const other = random.pick(OTHERS.filter((one) => one !== person.region));
    for (const [given, under] of [
      ['none', undefined],
      ['own', person.region],
      ['other', other],
    ] as const) {
      counts[given].add(person, cell, under, read(cell, under));
    }
  }
  return counts;
}

describe('a cell', () => {
  const random = seeded(seed);
  const people = REGIONS.flatMap((region) =>
    (['MOBILE', 'FIXED_LINE'] as const).flatMap((kind) => peopleOf(region, kind, repeats(3), random)),
  );

  test('there are people of every region', () => {
    expect(new Set(people.map(({ region }) => region)).size).toBeGreaterThanOrEqual(240);
  });

  const table: string[] = [];
  test.each(WAYS)('$name', (way) => {
    const faults: string[] = [];
    for (const [given, count] of Object.entries(readCells(way, people, random)) as [Given, Count][]) {
      const allowed = way.unavoidable?.[given];
      const line = count.line(`${way.name} under ${given}`, allowed);
      if (count.misread.length > 0) table.push(line);
      if (count.isOver(allowed)) faults.push(line);
      if (way.read?.includes(given) && count.unread.length > 0)
        faults.push(`${way.name} under ${given}: not read: ${count.unread.slice(0, SHOWN).join(', ')}`);
    }
    expect(faults.join('\n')).toBe('');
  });

  test('the table', () => console.info(table.join('\n')));
});
