import cliProgress from 'cli-progress';
import type { Status } from '../../domain/words.ts';
import { columns, fitted, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';

/** What a moment of the run looks like: read by the bar and by the log line alike. */
export interface Moment {
  readonly done: number;
  readonly total: number;
  readonly counts: Readonly<Partial<Record<Status, number>>>;
  /** People settled per second so far; undefined before it is known. */
  readonly perSecond: number | undefined;
  /** Name of the group that was last settled in; '' before one is known. Untrusted. */
  readonly group?: string;
  /** Set while nothing may start: why, and how long still. */
  readonly waiting: { readonly why: string; readonly ms: number } | undefined;
}

export interface Progress {
  /** Puts a line of log above the bar. */
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

/** The limiter's reasons to wait, as a person says them. */
export const WAITING: Readonly<Record<string, string>> = {
  window: 'the rate limit',
  throttled: 'the API (too many requests)',
  gap: 'the --gap',
  max_rate: 'the --max-rate',
  no_headers: 'a pace of our own',
  paused: 'the API to recover',
  cool_down: 'WhatsApp to cool down',
};

export function etaMs(moment: Moment): number | undefined {
  if (!moment.perSecond) return undefined;
  return ((moment.total - moment.done) / moment.perSecond) * 1_000;
}

/** `12 added · 4 invited · 1 failed` */
export function countsLine(counts: Moment['counts']): string {
  return Object.entries(WORDS)
    .filter(([status]) => (counts[status as Status] ?? 0) > 0)
    .map(([status, word]) => `${counts[status as Status]} ${word}`)
    .join(' · ');
}

/** The whole line, never wider than the terminal: the bar gives way first, then the tail is cut. */
export function barLine(moment: Moment, width: number): string {
  const share = moment.total === 0 ? 1 : moment.done / moment.total;
  const eta = etaMs(moment);
  const head = `${moment.done}/${moment.total}`;
  const tail = [
    countsLine(moment.counts),
    moment.waiting && moment.waiting.ms >= 1_000
      ? `waiting ${formatDuration(moment.waiting.ms)} for ${WAITING[moment.waiting.why] ?? moment.waiting.why}`
      : moment.perSecond
        ? `${moment.perSecond.toFixed(1)}/s`
        : '',
    eta !== undefined && moment.done < moment.total ? `about ${formatDuration(eta)} left` : '',
  ]
    .filter((part) => part !== '')
    .join('  ');
  const room = Math.min(30, width - columns(head) - columns(tail) - 5);
  const full = Math.round(share * room);
  const bar = room >= 6 ? `${'█'.repeat(full)}${'░'.repeat(room - full)} ` : '';
  const line = `${bar}${head}  ${tail}`;
  const group = moment.group ? `  ${plain(moment.group, 40)}` : '';
  // The group's name comes last, and only where there is room for it.
  if (columns(line) + columns(group) < width) return `${line}${group}`.trimEnd();
  return fitted(line, width - 1).trimEnd();
}

/** A bar on a terminal. cli-progress draws it and keeps the terminal's cursor in order. */
export function startBar(
  stream: NodeJS.WriteStream,
  moment: () => Moment,
  write: (text: string) => void,
): Progress {
  const bar = new cliProgress.SingleBar({
    stream,
    format: (_options, _params, payload: { line: string }) => payload.line,
    hideCursor: null,
    clearOnComplete: true,
    linewrap: null,
    fps: 10,
  });
  const draw = () => bar.update(0, { line: barLine(moment(), stream.columns || 80) });
  bar.start(1, 0, { line: barLine(moment(), stream.columns || 80) });
  const timer = setInterval(draw, 200);
  timer.unref();
  let ended = false;
  return {
    line: (text) => {
      // Clear the bar's line, print above, and let the next draw put the bar back under it.
      write(ended ? text : `\r\u001b[K${text}`);
      if (!ended) draw();
    },
    stop: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      bar.stop();
    },
  };
}

/** Elsewhere: a line of log every ten seconds. */
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
