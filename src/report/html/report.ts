/** The HTML report: one self-contained file for people. Takes the rows one by one, and gives the page piece by piece. */
import { MEANING } from '../summary/summary.ts';
import { type Tally, TallyMaker } from '../summary/tally.ts';
import { Attention } from './attention.ts';
import type { AboutGroup, OwnColumns, ReportFacts, ReportRow } from './facts.ts';
import { page } from './page.ts';
import { PeopleList } from './people.ts';
import { AskTimes } from './timeline.ts';

export type { AboutGroup, GroupAbout, OwnColumns, ReportFacts, ReportRow } from './facts.ts';
export { REPORT_MARK } from './page.ts';
export type { Pace, Wait } from './timeline.ts';

/** Its memory is bounded: what the page shows of people, groups and asks is bounded, and counts are counts. */
export class HtmlReport {
  readonly #about: AboutGroup;
  readonly #tally = new TallyMaker();
  readonly #people: PeopleList;
  readonly #attention: Attention;
  readonly #asks = new AskTimes();

  constructor(columns: OwnColumns, about: AboutGroup) {
    this.#about = about;
    this.#people = new PeopleList(columns, about);
    this.#attention = new Attention(columns, about);
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** Rows in input order. */
  add(row: ReportRow): void {
    this.#tally.add(row.chatId, row.status, row.reasonCode, () => row);
    this.#people.add(row);
    this.#attention.add(row);
    if (row.askedAt !== undefined && row.status !== 'duplicate') {
      this.#asks.add(row.chatId, row.askedAt, row.traceId);
    }
  }

  page(facts: ReportFacts): Generator<string> {
    return page({
      facts,
      tally: this.#tally,
      about: this.#about,
      meaning: MEANING,
      people: this.#people,
      attention: this.#attention,
      asks: this.#asks,
    });
  }
}
