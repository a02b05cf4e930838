/**
 * How many asks may be in flight, whatever the headers promise: a server that shows a thousand may take five at a time,
 * or ten a second, or count something that no header shows. One goes first, and the number grows while it stays clean.
 * After a refusal in spite of room it starts with one again, and stays below what got through.
 */
export interface SlowStart {
  /** Asks in flight at most, now. */
  readonly allowed: number;
  /** The most in flight that got through; it bounds `allowed` once something was refused. */
  readonly clean: number;
  readonly ceiling: number;
  /** When the first ask after the last refusal went, and how many got through since; monotonic milliseconds. */
  readonly since: number | undefined;
  readonly passed: number;
  /** How many had got through when the last refusal came: around as many the next time, they go one by one. */
  readonly trouble: number | undefined;
  /** What got through in a row, where it was the pace that was refused: until it is known how long that lasts. */
  readonly spent: { readonly limit: number; readonly from: number } | undefined;
  /** A limit that no header shows: so many asks in so many milliseconds. */
  readonly hidden: { readonly limit: number; readonly windowMs: number } | undefined;
}

const FORGET_ASKS = 500;
const SMALL_LIMIT = 20;
const FEW_AT_ONCE = 3;

export const SLOW_START: SlowStart = {
  allowed: 1,
  clean: 0,
  ceiling: Number.POSITIVE_INFINITY,
  since: undefined,
  passed: 0,
  trouble: undefined,
  spent: undefined,
  hidden: undefined,
};

/**
 * An ask that went as one of `level` in flight was done. `flying` are in flight, it included. `limit` is what the headers
 * show: no more than that can be refused at once. So the number doubles with each round trip behind a small limit, and
 * while few are in flight; beyond that it grows by half.
 */
export function passed(
  slow: SlowStart,
  { sentAt, level }: { readonly sentAt: number; readonly level: number },
  flying: number,
  limit: number,
): SlowStart {
  const { spent, since = sentAt } = slow;
  const grows =
    flying * 2 >= slow.allowed &&
    (limit <= SMALL_LIMIT || slow.allowed < FEW_AT_ONCE || slow.passed % 2 === 0);
  const grown = slow.allowed + (grows ? 1 : 0);
  return {
    ...slow,
    allowed: isNearTrouble(slow, flying) ? 1 : Math.min(grown, slow.ceiling),
    clean: Math.max(slow.clean, level),
    since,
    passed: slow.passed + 1,
    spent: undefined,
    hidden: spent === undefined ? lasting(slow) : slower(slow.hidden, spent.limit, sentAt - spent.from),
  };
}

/** An ask was done that went before the last refusal: it belongs to what came before that. */
export function passedBefore(slow: SlowStart): SlowStart {
  const { trouble } = slow;
  return {
    ...slow,
    trouble: trouble === undefined ? undefined : trouble + 1,
  };
}

/** Whether those in flight may bring it to where it was refused the last time. */
function isNearTrouble({ trouble, passed: got, hidden }: SlowStart, flying: number): boolean {
  return (
    trouble !== undefined && hidden === undefined && got + 2 * flying + 1 >= trouble && got <= trouble + 2
  );
}

/** A hidden limit that nothing spoke for in so many asks may be gone, or was none: it is tried again. */
function lasting({ hidden, passed: clean }: SlowStart): SlowStart['hidden'] {
  return hidden !== undefined && clean > FORGET_ASKS ? undefined : hidden;
}

/** The first refusal of a round, in spite of room: `level` were in flight. */
export function refused(slow: SlowStart, level: number): SlowStart {
  const { clean, since, passed: got } = slow;
  // One that is refused by itself says nothing of how many at a time.
  const isTooMany = level > Math.max(1, clean);
  const byPace = level <= clean && since !== undefined && got > 0;
  return {
    ...slow,
    allowed: 1,
    ceiling: isTooMany ? Math.max(1, Math.min(slow.ceiling, clean)) : slow.ceiling,
    since: undefined,
    passed: 0,
    trouble: got === 0 ? slow.trouble : got,
    // Refused again before anything got through: it is still the same.
    spent: byPace ? { limit: got, from: since } : got === 0 ? slow.spent : undefined,
  };
}

function slower(known: SlowStart['hidden'], limit: number, windowMs: number): SlowStart['hidden'] {
  const next = { limit, windowMs };
  if (known === undefined) return next;
  // Refused in spite of it: it was too quick, however it comes out this time.
  return limit / windowMs < known.limit / known.windowMs
    ? next
    : { limit: Math.max(1, Math.floor(known.limit * 0.8)), windowMs: known.windowMs * 1.1 };
}
