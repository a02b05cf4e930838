import { basename } from 'node:path';
import type { MergeConfig } from '../../config/other-commands.ts';
import { readShardFile } from '../../domain/shard.ts';
import { count, plain } from '../../lib/text.ts';
import { summaryOfResults } from '../../report/summary/summary.ts';
import type { Tally } from '../../report/summary/tally.ts';

/** Summary as `report` prints it, and the missing rows. */
export function mergedText(config: MergeConfig, tally: Tally, missing: Ranges): string {
  const text = summaryOfResults(tally, config.output === '-' ? undefined : config.output);
  const notes: string[] = [];
  if (missing.rows > 0 && config.cohort) {
    notes.push(`${count(missing.rows, 'row')} without a result in ${plain(config.cohort.path)}: ${missing}`);
  } else if (missing.rows > 0) {
    notes.push(
      `${count(missing.rows, 'row')} of the cohort in no file: ${missing} (rows without a result, or blank ones: --cohort tells)`,
    );
  }
  const absent = absentShards(config.results);
  if (absent !== '' && (missing.rows > 0 || !config.cohort)) notes.push(`no results of ${absent} are given`);
  return text + notes.map((note) => `note     ${note}\n`).join('');
}

/** `shard 2/4, 3/4`: shards that the other files' names imply; '' when none is missing. */
function absentShards(paths: readonly string[]): string {
  const shards = paths.map((path) => readShardFile(basename(path))?.shard);
  const counts = new Set(shards.map((shard) => shard?.count));
  const [n] = counts;
  if (counts.size !== 1 || n === undefined) return '';
  const given = new Set(shards.map((shard) => shard?.index));
  const absent: string[] = [];
  for (let i = 1; i <= n && absent.length < 21; i++) if (!given.has(i)) absent.push(`${i}/${n}`);
  const more = n - given.size - 20;
  if (absent.length === 0) return '';
  return `shard ${absent.slice(0, 20).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Ranges shown; the rest are counted. */
const SHOWN = 20;

/** Ascending row numbers as ranges: `3, 7–9`. Memory grows with the ranges shown, not with the rows. */
export class Ranges {
  readonly #ranges: [from: number, to: number][] = [];
  #last = Number.NEGATIVE_INFINITY;
  #more = 0;
  rows = 0;

  /** @param to inclusive */
  add(from: number, to = from): void {
    this.rows += to - from + 1;
    const open = this.#ranges.at(-1);
    if (this.#last === from - 1) {
      if (open && this.#more === 0) open[1] = to;
    } else if (this.#ranges.length < SHOWN) this.#ranges.push([from, to]);
    else this.#more++;
    this.#last = to;
  }

  toString(): string {
    const shown = this.#ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
    return this.#more > 0 ? `${shown} and ${this.#more} more places` : shown;
  }
}
