/** Number of people to ask per country, so that a person can see who does not belong in this file. */
import { columns, count, paint } from '../../lib/text.ts';

interface CountryPeople {
  readonly people: number;
  /** Rows of the first of them. */
  readonly rows: readonly string[];
}

/** People by ISO code, or by country code (`+881`) if the country is unknown. */
export type Countries = ReadonlyMap<string, CountryPeople>;

export const MOST_RARE = 5;
/** Least ratio of the largest country to a rare one. */
const TIMES_AS_MANY = 10;
const MOST_COUNTRIES = 24;
/** Most countries in a message of the log, which is one line. */
const MOST_IN_LINE = 10;
const MOST_RARE_IN_LINE = 5;
const WIDTH = 80;
const YELLOW = 33;

export function byPeople(countries: Countries): [region: string, CountryPeople][] {
  return [...countries].sort((a, b) => b[1].people - a[1].people);
}

/**
 * Countries with few people, in a file of which one country has at least half: a sign of national numbers that were
 * read as another country's. In a file of people from everywhere, no country is rare.
 */
export function rareCountries(countries: Countries): [region: string, CountryPeople][] {
  const all = byPeople(countries);
  const largest = all[0]?.[1].people ?? 0;
  if (largest * 2 < all.reduce((sum, [, { people }]) => sum + people, 0)) return [];
  return all.filter(([, { people }]) => people <= MOST_RARE && people * TIMES_AS_MANY <= largest);
}

/** Countries in one line: `52 India · 2 Peru · 1 Cuba`. */
export function countriesText(countries: Countries): string {
  return listed(byPeople(countries), peopleOf, MOST_IN_LINE).join(' · ');
}

/** Rare countries: `2 Peru (rows 12, 40) · 1 Cuba (row 7)`; empty if there are none. */
export function rareText(countries: Countries): string {
  return listed(rareCountries(countries), withRows, MOST_RARE_IN_LINE).join(' · ');
}

/** Lines of the countries for a terminal, under the caller's heading; rare ones are coloured, and listed again. */
export function countryLines(
  countries: Countries,
  heading: string,
  indent: number,
  colour: boolean,
): string[] {
  const rare = rareCountries(countries);
  const marked = new Set(rare.map(([region]) => region));
  const marking = (text: string) => paint(colour, YELLOW, text);
  const all = listed(byPeople(countries), (one) =>
    marked.has(one[0]) ? marking(peopleOf(one)) : peopleOf(one),
  );
  const lines = wrapped(all, heading, indent);
  if (rare.length === 0) return lines;
  return [
    ...lines,
    ...wrapped(listed(rare, withRows), `  ${marking('look at')}  `, 11),
    '           rare among these people: was each of these numbers read right?',
  ];
}

const names = new Intl.DisplayNames(['en'], { type: 'region' });

function peopleOf([region, { people }]: [region: string, CountryPeople]): string {
  const name = region.startsWith('+') ? `with ${region}` : names.of(region);
  return `${people.toLocaleString('en-US')} ${name}`;
}

function withRows(one: [region: string, CountryPeople]): string {
  const { rows } = one[1];
  return `${peopleOf(one)} (${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')})`;
}

/** Listed countries; a long tail is replaced by its number of countries and people. */
function listed(
  countries: readonly [region: string, CountryPeople][],
  text: (one: [region: string, CountryPeople]) => string,
  most = MOST_COUNTRIES,
): string[] {
  const tail = countries.slice(most);
  const shown = countries.slice(0, most).map(text);
  if (tail.length === 0) return shown;
  const people = tail.reduce((sum, [, one]) => sum + one.people, 0);
  return [
    ...shown,
    `and ${count(tail.length, 'more country', 'more countries')}: ${count(people, 'person', 'people')}`,
  ];
}

/** Lines of at most 80 columns, broken between items. */
function wrapped(items: readonly string[], heading: string, indent: number): string[] {
  const lines: string[] = [];
  let line = heading;
  for (const [at, item] of items.entries()) {
    const next = at === items.length - 1 ? item : `${item} ·`;
    const gap = at === 0 ? '' : ' ';
    if (at > 0 && columns(line + gap + next) > WIDTH) {
      lines.push(line);
      line = ' '.repeat(indent) + next;
    } else line += gap + next;
  }
  return [...lines, line];
}
