import { describe, expect, it } from 'vitest';
import { columns } from '../../../src/lib/text.ts';
import {
  type Countries,
  countriesText,
  countryLines,
  rareCountries,
  rareText,
} from '../../../src/report/summary/countries.ts';

/** So many people per region; the rows of the first five follow each other. */
function countries(counts: Record<string, number>): Countries {
  let line = 2;
  return new Map(
    Object.entries(counts).map(([region, people]) => {
      const rows = Array.from({ length: Math.min(people, 5) }, (_, i) => `${line + i}`);
      line += people;
      return [region, { people, rows }];
    }),
  );
}

describe('rare countries', () => {
  it.each([
    ['few beside many', { CU: 1, IN: 52, PE: 2 }, ['PE', 'CU']],
    ['one in eleven', { IN: 10, CU: 1 }, ['CU']],
    ['one in ten', { IN: 9, CU: 1 }, []],
    ['five of a thousand', { IN: 990, NG: 6, CU: 5 }, ['CU']],
    ['no country has half', { IN: 49, BR: 45, CU: 5 }, []],
    ['people from everywhere', { IN: 20, US: 20, NG: 20, GB: 20, CU: 1 }, []],
    ['one country', { IN: 5 }, []],
    ['nobody', {}, []],
    ['a satellite', { IN: 100, '+881': 1 }, ['+881']],
  ])('%s: %j → %j', (_, counts, rare) => {
    expect(rareCountries(countries(counts as Record<string, number>)).map(([region]) => region)).toEqual(
      rare,
    );
  });
});

describe('the people per country', () => {
  const few = countries({ CU: 1, IN: 52, PE: 2 });

  it('come in one line, the largest first', () => {
    expect(countriesText(few)).toBe('52 India · 2 Peru · 1 Cuba');
    expect(countriesText(countries({ US: 1200, '+881': 3 }))).toBe('1,200 United States · 3 with +881');
    expect(rareText(few)).toBe('2 Peru (rows 55, 56) · 1 Cuba (row 2)');
  });

  it('name the rare ones again, with their rows', () => {
    expect(countryLines(few, '  people   ', 11, false)).toEqual([
      '  people   52 India · 2 Peru · 1 Cuba',
      '  look at  2 Peru (rows 55, 56) · 1 Cuba (row 2)',
      '           rare among these people: was each of these numbers read right?',
    ]);
  });

  it('paint these where colours are wanted, and nothing else', () => {
    const [first, second] = countryLines(few, '  people   ', 11, true);
    expect(first).toBe('  people   52 India · \u001b[33m2 Peru\u001b[0m · \u001b[33m1 Cuba\u001b[0m');
    expect(second).toContain('\u001b[33mlook at\u001b[0m');
    expect(countryLines(countries({ IN: 3 }), '', 0, true)).toEqual(['3 India']);
  });

  it('fit 80 columns, and a long tail is cut; the rare ones are still there', () => {
    const tail = 'AE AR AU BD BR CA CD CG CI CN CO CU DE EG ES FR GB GH HK ID IT JP KE KR'.split(' ');
    const many = countries({
      IN: 5000,
      ...Object.fromEntries(['NG', 'PK', 'US', 'ZA', 'TR'].map((one, i) => [one, 90 - i])),
      ...Object.fromEntries(tail.slice(0, 23).map((one) => [one, 2])),
    });
    for (const colour of [false, true]) {
      const lines = countryLines(many, '29 countries: ', 11, colour);
      for (const line of lines) expect(columns(line)).toBeLessThanOrEqual(80);
      const text = lines.join(' ').replaceAll(/\s+/g, ' ');
      expect(text).toContain('and 5 more countries: 10 people');
      expect(text).toMatch(/2 Kenya.{0,4} \(rows /);
    }
    expect(countriesText(many)).toMatch(/ · and 19 more countries: 38 people$/);
    expect(rareText(many)).toMatch(/ · and 18 more countries: 36 people$/);
    // A log’s message is cut at 300 characters.
    expect(rareText(many).length).toBeLessThan(230);
  });
});
