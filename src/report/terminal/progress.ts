import type { Status } from '../../domain/words.ts';
import { columns, cutMiddle, fitted, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { WAITS } from '../summary/tally.ts';

/** Snapshot of the run, for the bar and for the log line. */
export interface Moment {
  readonly done: number;
  readonly total: number;
  readonly counts: Readonly<Partial<Record<Status, number>>>;
  /** Number of people settled per second so far; undefined before it is known. */
  readonly perSecond: number | undefined;
  /** Duration of the user's pauses for the remaining people, ms; undefined without any. */
  readonly paceMs?: number | undefined;
  /** Name of the group of the last outcome; '' before the first. Untrusted. */
  readonly group?: string;
  /** Reason and remaining time (ms) of a wait in which nothing may start; undefined: no wait. */
  readonly waiting: { readonly why: string; readonly ms: number } | undefined;
}

export interface Progress {
  /** Writes a line of log above the bar. */
  line(text: string): void;
  stop(): void;
}

const WORDS: Readonly<Partial<Record<Status, string>>> = {
  added: 'added',
  invited: 'invited',
  already_member: 'already in',
  failed: 'failed',
  unknown: 'unknown',
};

/** Estimated ms until the end, from the rate so far, the user's pauses, and the current wait. */
export function etaMs({ done, total, perSecond, paceMs, waiting }: Moment): number | undefined {
  const left = total - done;
  if (!perSecond && paceMs === undefined) return undefined;
  if (left <= 0) return 0;
  return Math.max(perSecond ? (left / perSecond) * 1_000 : 0, paceMs ?? 0, waiting?.ms ?? 0);
}

/** Counts as text: `12 added · 4 invited · 1 failed`. */
export function countsLine(counts: Moment['counts']): string {
  return Object.entries(WORDS)
    .filter(([status]) => (counts[status as Status] ?? 0) > 0)
    .map(([status, word]) => `${counts[status as Status]} ${word}`)
    .join(' · ');
}

const WIDEST_GRAPHIC = 30;
const WIDEST_GROUP = 40;
/** Smallest useful width of each part, in columns. */
const NARROWEST = { graphic: 6, counts: 8, wait: 18, group: 12 };

/**
 * The bar as one line that a terminal of this width does not wrap. A narrow terminal loses the group and the graphic
 * first, then the rate, the counts, the wait and the figures, and the time left last.
 */
export function barLine(moment: Moment, width: number): string {
  const room = Math.max(width - 1, 0);
  const parts = partsOf(moment);
  const text = () => Object.values(parts).filter(Boolean).join('  ');
  const givesWay = parts.left === '' ? YIELDING : ([...YIELDING, 'head'] as const);
  for (const name of givesWay) {
    const over = columns(text()) - room;
    if (over <= 0) break;
    const kept = columns(parts[name]) - over;
    const isCut = (name === 'counts' || name === 'wait') && kept >= NARROWEST[name];
    parts[name] = isCut ? fitted(parts[name], kept).trimEnd() : '';
  }
  const said = text();
  if (columns(said) > room) return room === 0 ? '' : fitted(said, room).trimEnd();
  const graphic = graphicOf(moment, Math.min(WIDEST_GRAPHIC, room - columns(said) - 1));
  const group = groupOf(moment, room - columns(graphic) - columns(said) - 2);
  return `${graphic}${said}${group}`;
}

const YIELDING = ['rate', 'counts', 'wait'] as const;

function partsOf(moment: Moment): Record<'head' | 'counts' | 'wait' | 'rate' | 'left', string> {
  const { done, total, counts, perSecond } = moment;
  const waiting = moment.waiting && moment.waiting.ms >= 1_000 ? moment.waiting : undefined;
  const eta = etaMs(moment);
  return {
    head: `${done}/${total}`,
    counts: countsLine(counts),
    wait: waiting
      ? `waiting ${formatDuration(waiting.ms)} for ${WAITS[waiting.why]?.now ?? waiting.why}`
      : '',
    rate: !waiting && perSecond ? `${perSecond.toFixed(1)}/s` : '',
    left: eta !== undefined && done < total ? `about ${formatDuration(eta)} left` : '',
  };
}

function graphicOf({ done, total }: Moment, room: number): string {
  if (room < NARROWEST.graphic) return '';
  const full = Math.round((total === 0 ? 1 : done / total) * room);
  return `${'█'.repeat(full)}${'░'.repeat(room - full)} `;
}

function groupOf({ group }: Moment, room: number): string {
  if (!group || room < NARROWEST.group) return '';
  return `  ${cutMiddle(plain(group), Math.min(WIDEST_GROUP, room))}`;
}

const CLEAR = '\r\u001b[J';
const EVERY_MS = 200;

/**
 * Bar in the terminal's last line. It shares one writer with the log: each line of log clears the bar and redraws it
 * below. The cursor stays at the bar's start, because a narrower window wraps the bar, and the log is above the cursor.
 * The terminal's modes are not changed.
 */
export function startBar(
  stream: NodeJS.WriteStream,
  moment: () => Moment,
  write: (text: string) => void,
): Progress {
  let shown = '';
  const put = (above: string) => {
    shown = barLine(moment(), stream.columns || 80);
    write(`${CLEAR}${above}${shown}\r`);
  };
  const redraw = () => put('');
  const timer = setInterval(() => {
    if (barLine(moment(), stream.columns || 80) !== shown) redraw();
  }, EVERY_MS);
  timer.unref();
  stream.on('resize', redraw);
  redraw();
  return {
    line: put,
    stop: () => {
      clearInterval(timer);
      stream.off('resize', redraw);
      write(CLEAR);
    },
  };
}

/** Progress outside a terminal: a line of log every ten seconds. */
export function startLines(
  moment: () => Moment,
  log: (facts: object, message: string) => void,
  everyMs = 10_000,
): Progress {
  const timer = setInterval(() => {
    const now = moment();
    const eta = etaMs(now);
    log(
      {
        done: now.done,
        total: now.total,
        ...now.counts,
        ...(now.perSecond && { per_second: Math.round(now.perSecond * 10) / 10 }),
        ...(eta !== undefined && { eta_s: Math.round(eta / 1_000) }),
        ...(now.waiting && { waiting_s: Math.ceil(now.waiting.ms / 1_000), waiting_for: now.waiting.why }),
      },
      'progress',
    );
  }, everyMs);
  timer.unref();
  return { line: () => {}, stop: () => clearInterval(timer) };
}
