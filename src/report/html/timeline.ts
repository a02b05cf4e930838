import { count } from '../../lib/text.ts';
import { WAITS } from '../summary/tally.ts';
import { type Html, html, NOTHING, number } from './markup.ts';

/** Resolutions of the counts, milliseconds; too many different instants lead to the next one. */
const RESOLUTIONS = [1_000, 60_000, 3_600_000, 86_400_000] as const;
const MOST_INSTANTS = 20_000;
/** Readable lengths of a bucket. Each is a multiple of every resolution up to it. */
const BUCKETS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800,
].map((seconds) => seconds * 1_000);
const MOST_BUCKETS = 120;
/** Latest time believed, epoch ms: the year 2100. A later one is from an edited cell. */
const LATEST = 4_102_444_800_000;

type Timeline = NonNullable<ReturnType<AskTimes['timeline']>>;

/** Histogram of the asks' times: any number of asks, over any period, in bounded memory. */
export class AskTimes {
  #resolution = 0;
  #counts = new Map<number, number>();
  #last = new Map<string, string>();
  #asks = 0;
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  /** Adds the ask of a row. People of one batch share its instant and trace, and it counts once. */
  add(chatId: string, askedAt: number, traceId: string): void {
    if (!(askedAt > 0 && askedAt < LATEST)) return;
    const ask = `${askedAt} ${traceId}`;
    if (this.#last.get(chatId) === ask) return;
    this.#last.set(chatId, ask);
    this.#asks++;
    this.#from = Math.min(this.#from, askedAt);
    this.#to = Math.max(this.#to, askedAt);
    this.#count(askedAt, 1);
    while (this.#counts.size > MOST_INSTANTS && this.#resolution < RESOLUTIONS.length - 1) this.#coarsen();
  }

  timeline() {
    if (this.#asks === 0) return undefined;
    const least = RESOLUTIONS[this.#resolution] ?? 1_000;
    const fits = (ms: number) => Math.floor(this.#to / ms) - Math.floor(this.#from / ms) < MOST_BUCKETS;
    const bucketMs =
      BUCKETS.find((ms) => ms >= least && fits(ms)) ??
      // For years, a multiple of weeks (edited cells can contain any time).
      604_800_000 * Math.ceil((this.#to - this.#from) / 604_800_000 / (MOST_BUCKETS - 2));
    const from = Math.floor(this.#from / bucketMs) * bucketMs;
    const counts = new Array<number>(Math.floor((this.#to - from) / bucketMs) + 1).fill(0);
    for (const [slot, n] of this.#counts) {
      // A slot may begin before the first bucket if the bucket is not a multiple of the resolution.
      const at = Math.max(0, Math.floor((slot * least - from) / bucketMs));
      counts[at] = (counts[at] ?? 0) + n;
    }
    return {
      /** Start of the first bucket, epoch ms, a multiple of `bucketMs`. */
      from,
      bucketMs,
      /** Number of asks in each bucket, including empty ones. */
      counts,
      /** All asks, and the times of the first and the last. */
      ...{ asks: this.#asks, first: this.#from, last: this.#to },
    };
  }

  #count(epochMs: number, n: number): void {
    const slot = Math.floor(epochMs / (RESOLUTIONS[this.#resolution] ?? 1_000));
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + n);
  }

  #coarsen(): void {
    const before = RESOLUTIONS[this.#resolution] ?? 1_000;
    const counts = this.#counts;
    this.#resolution++;
    this.#counts = new Map();
    for (const [slot, n] of counts) this.#count(slot * before, n);
  }
}

/** Period in which the run waited. Epoch ms. */
export interface Wait {
  readonly why: string;
  readonly from: number;
  readonly to: number;
}

/** Pace of the run, which a results CSV does not contain. */
export interface Pace {
  /** Allowance that the server stated last: `limit` asks per `windowMs`. */
  readonly allowance: { readonly limit: number; readonly windowMs: number } | undefined;
  /** Number of 429 answers. */
  readonly throttled: number;
  /** Waits to show; `waited` has the sum of all waits, milliseconds by reason. */
  readonly waits: readonly Wait[];
  readonly waited: ReadonlyMap<string, number>;
}

const HEIGHT = 140;
const TOP = 22;
/** Ratio above which the allowance is stated and not drawn, because the bars would be invisible. */
const FAR_ABOVE = 3;

/** Section with the asks over time, compared with the server's allowance. */
export function timelineSection(timeline: Timeline, pace: Pace | undefined): Html {
  const { counts, bucketMs, from } = timeline;
  const most = Math.max(...counts);
  const allowed = pace?.allowance && (pace.allowance.limit * bucketMs) / pace.allowance.windowMs;
  const drawn = allowed !== undefined && allowed <= most * FAR_ABOVE ? allowed : undefined;
  const top = Math.max(most, drawn ?? 0);
  const y = (n: number) => HEIGHT - (n / top) * (HEIGHT - TOP);
  const wide = 100 / counts.length;
  const bars = counts.flatMap((n, i) =>
    n === 0
      ? []
      : html`<rect class="ask" x="${(i * wide + wide * 0.08).toFixed(3)}%" width="${(wide * 0.84).toFixed(3)}%" y="${y(n).toFixed(1)}" height="${(HEIGHT - y(n)).toFixed(1)}">${titleAt(from + i * bucketMs, bucketMs, count(n, 'ask'))}</rect>`,
  );
  const end = from + counts.length * bucketMs;
  const bands = (pace?.waits ?? [])
    .filter((wait) => wait.to > from && wait.from < end)
    .map((wait) => {
      const left = Math.max(0, ((wait.from - from) / (end - from)) * 100);
      const right = Math.min(100, ((wait.to - from) / (end - from)) * 100);
      return html`<rect x="${left.toFixed(3)}%" width="${Math.max(right - left, 0.3).toFixed(3)}%" y="${TOP}" height="${HEIGHT - TOP}" fill="url(#p-wait)"><title>${waitText(wait)}</title></rect>`;
    });
  const line =
    drawn === undefined
      ? NOTHING
      : html`<line class="allowed" x1="0" x2="100%" y1="${y(drawn).toFixed(1)}" y2="${y(drawn).toFixed(1)}"/><text x="100%" y="${(y(drawn) - 6).toFixed(1)}" text-anchor="end">allowed: ${figure(drawn)}</text>`;
  const mostAt = counts.indexOf(most);
  const peak =
    drawn !== undefined && Math.abs(y(most) - y(drawn)) < 18 && (mostAt + 1) * wide > 60
      ? NOTHING
      : html`<text x="${Math.min(mostAt * wide, 88).toFixed(3)}%" y="${(y(most) - 6).toFixed(1)}">${number(most)}</text>`;
  const said = sentence(timeline, pace, most);
  return html`<figure>
<figcaption>${said}</figcaption>
<svg class="timeline" width="100%" height="${HEIGHT + 1}" role="img" aria-label="Asks over time. ${said}">${bands}${bars}<line class="base" x1="0" x2="100%" y1="${HEIGHT + 0.5}" y2="${HEIGHT + 0.5}"/>${line}${peak}</svg>
<div class="axis" aria-hidden="true"><span>${timeAt(from, bucketMs)} ${zoneAt(from)}</span><span>${unit(bucketMs)} a bar</span><span>${timeAt(end, bucketMs)} ${zoneAt(end)}</span></div>
</figure>
${waitsText(pace)}
<details><summary>These figures as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Asks over time"><table><thead><tr><th scope="col">From (${zoneAt(from)})</th><th scope="col" class="num">Asks</th></tr></thead><tbody>${counts.map((n, i) => html`<tr><td>${timeAt(from + i * bucketMs, bucketMs)}</td><td class="num">${number(n)}</td></tr>`)}</tbody></table></div></details>`;
}

function sentence({ asks, first, last, bucketMs }: Timeline, pace: Pace | undefined, most: number): string {
  const parts = [
    `${count(asks, 'ask')}${last - first >= 1_000 ? ` in ${lasting(last - first)}` : ''}, at most ${number(most)} in ${unit(bucketMs)}.`,
  ];
  if (pace?.allowance) {
    const { limit, windowMs } = pace.allowance;
    parts.push(`The server allows ${number(limit)} in ${lasting(windowMs)}.`);
  }
  if (pace) {
    parts.push(
      pace.throttled === 0
        ? 'It never answered “too many requests”.'
        : `It answered “too many requests” ${count(pace.throttled, 'time')}.`,
    );
  }
  return parts.join(' ');
}

function waitsText(pace: Pace | undefined): Html {
  const waited = [...(pace?.waited ?? [])].filter(([, ms]) => ms >= 1_000).sort((a, b) => b[1] - a[1]);
  if (waited.length === 0) return NOTHING;
  const all = waited.map(([why, ms]) => `${lasting(ms)} ${WAITS[why]?.after ?? why}`).join('; ');
  const shown = pace?.waits.length
    ? html` <span class="soft">The hatched parts of the picture are its longer waits.</span>`
    : NOTHING;
  return html`<p class="note">It waited ${all}.${shown}</p>`;
}

function waitText({ why, from, to }: Wait): string {
  return `waited ${lasting(to - from)} ${WAITS[why]?.after ?? why}`;
}

/** Duration in at most two units: `1.5 s`, `2 min 5 s`, `3 h 20 min`, `2 days 4 h`. */
export function lasting(ms: number): string {
  if (ms < 9_950) return `${figure(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const parts: [number, string][] = [
    [days, days === 1 ? 'day' : 'days'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${number(n)} ${word}`)
    .join(' ');
}

function figure(n: number): string {
  return (Math.round(n * 10) / 10).toLocaleString('en-US');
}

function unit(ms: number): string {
  const one: Readonly<Record<number, string>> = {
    1000: 'one second',
    60000: 'one minute',
    3600000: 'one hour',
    86400000: 'one day',
    604800000: 'one week',
  };
  return one[ms] ?? lasting(ms);
}

/** Element of an instant, which the page's script rewrites in the reader's zone. */
export function timeAt(epochMs: number, bucketMs: number): Html {
  const written = clock(epochMs, bucketMs);
  return html`<time datetime="${new Date(epochMs).toISOString()}" data-unit="${unitOf(bucketMs)}" data-written="${written.length}">${written}</time>`;
}

/** Element with the zone of `timeAt` for this instant. */
export function zoneAt(epochMs: number): Html {
  return html`<span class="zone" data-at="${new Date(epochMs).toISOString()}">UTC</span>`;
}

/** Title of a mark in a graphic; it cannot contain other elements. */
function titleAt(epochMs: number, bucketMs: number, what: string): Html {
  const written = clock(epochMs, bucketMs);
  return html`<title data-at="${new Date(epochMs).toISOString()}" data-unit="${unitOf(bucketMs)}" data-written="${written.length}">${written}: ${what}</title>`;
}

function unitOf(bucketMs: number): 's' | 'min' {
  return bucketMs < 60_000 ? 's' : 'min';
}

/** Instant in UTC, in the precision of a bucket of this length. */
export function clock(epochMs: number, bucketMs: number): string {
  const iso = new Date(epochMs).toISOString();
  if (bucketMs >= 86_400_000) return iso.slice(0, 10);
  if (bucketMs >= 60_000) return `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
  return iso.slice(11, 19);
}
