/**
 * The shared state as text: JSON, tagged with the version of its form. JSON knows neither Infinity nor undefined: the
 * first is written as a word, the second left out. Asks, which are most of it, are rows of numbers counted from the
 * instant of the last change.
 */

import type { Ask } from '../pacing/ask-log.ts';
import { initial, type RateSettings, type RateState } from '../rate-limit.ts';
import type { SharedState } from './shared-state.ts';

/** Goes up with every change of form or of meaning; the keys in Redis bear it, so that versions do not mix. */
export const FORM = 3;

type Row = readonly [
  id: number,
  kind: 0 | 1,
  grantedAt: number,
  sentAt: number | null,
  answeredAt: number | null,
  remaining: number | null,
  flags: number,
];
const REFUSED = 1;
const SOLO = 2;
const PROMISED = 4;

interface Written {
  readonly form: number;
  readonly epoch: string;
  readonly n: number;
  readonly at: number;
  readonly state: Readonly<Record<string, unknown>>;
  readonly asks: readonly Row[];
  readonly flights: readonly (readonly [number, string])[];
  readonly waiters: readonly string[];
}

export function encode(shared: SharedState): string {
  const { epoch, n, at, flights, waiters } = shared;
  // Settings are each process's own.
  const { asks, settings: _, ...state } = shared.state;
  const after = (instant: number) => Math.round((instant - at) * 1000) / 1000;
  const rows = asks.map(
    (ask): Row => [
      ask.id,
      ask.kind === 'ask' ? 0 : 1,
      after(ask.grantedAt),
      ask.sentAt === undefined ? null : after(ask.sentAt),
      ask.answeredAt === undefined ? null : after(ask.answeredAt),
      ask.remaining ?? null,
      (ask.refused ? REFUSED : 0) | (ask.solo ? SOLO : 0) | (ask.promised ? PROMISED : 0),
    ],
  );
  const written: Written = {
    form: FORM,
    epoch,
    n,
    at,
    state: inWords(state) as Written['state'],
    asks: rows,
    flights: [...flights],
    waiters: [...waiters],
  };
  return JSON.stringify(written);
}

/** undefined when the text is not of our writing, or of another form. */
export function decode(text: string, settings: RateSettings): SharedState | undefined {
  let written: Partial<Written>;
  try {
    written = JSON.parse(text) as Partial<Written>;
  } catch {
    return undefined;
  }
  if (typeof written !== 'object' || written === null || written.form !== FORM) return undefined;
  const { epoch, n, at, state, asks, flights, waiters } = written;
  if (typeof epoch !== 'string' || !Number.isSafeInteger(n) || !Number.isFinite(at)) return undefined;
  if (!Array.isArray(asks) || !Array.isArray(flights) || !Array.isArray(waiters)) return undefined;
  if (typeof state !== 'object' || state === null) return undefined;
  const base = at as number;
  return {
    epoch,
    n: n as number,
    at: base,
    state: {
      ...initial(settings),
      ...(fromWords(state) as Partial<RateState>),
      asks: asks.map((row) => askOf(row, base)),
      settings,
    },
    flights: new Map(flights),
    waiters: new Set(waiters),
  };
}

function askOf([id, kind, grantedAt, sentAt, answeredAt, remaining, flags]: Row, base: number): Ask {
  return {
    id,
    kind: kind === 0 ? 'ask' : 'read',
    grantedAt: base + grantedAt,
    sentAt: sentAt === null ? undefined : base + sentAt,
    answeredAt: answeredAt === null ? undefined : base + answeredAt,
    remaining: remaining ?? undefined,
    refused: (flags & REFUSED) !== 0,
    solo: (flags & SOLO) !== 0,
    promised: (flags & PROMISED) !== 0,
  };
}

/** Numbers that JSON would turn into null. No text of the state looks like one. */
const WORDS: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function inWords(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return mapped(value, inWords);
}

function fromWords(value: unknown): unknown {
  if (typeof value === 'string') return WORDS[value] ?? value;
  return mapped(value, fromWords);
}

function mapped(value: unknown, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, change(inner)]));
}
