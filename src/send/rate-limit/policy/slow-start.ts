/**
 * Slow start: bounds the asks in flight and their spacing, whatever the headers promise. A server that shows a thousand
 * may take five at a time, or ten a second, or count something that no header shows. One ask goes first, and the number
 * grows while none is refused. A refusal in spite of room restarts it with one. It sets a ceiling if more were in
 * flight than ever got through; otherwise the pace was too high, and the spacing follows the rate at which the server
 * took asks.
 */
export interface SlowStart {
  /** Most asks in flight now. */
  readonly allowed: number;
  /** Most asks in flight that got through; bounds `allowed` once something was refused. */
  readonly clean: number;
  readonly ceiling: number;
  /** Pause between two asks, milliseconds. */
  readonly spacing: number;
  /** Instant of the first ask after the last refusal, monotonic milliseconds, and the number that got through since. */
  readonly since: number | undefined;
  readonly passed: number;
  /** Number that had got through at the last refusal: near it, the next time, asks go one by one. */
  readonly trouble: number;
  /**
   * Asks that got through before the pace was refused: the next success shows how long the server takes for that many.
   */
  readonly spent: { readonly count: number; readonly from: number } | undefined;
}

/** Asks in a row without a refusal after which a little more is tried. */
const AGES_AFTER = 500;
const SMALL_LIMIT = 20;
const FEW_AT_ONCE = 3;

export const SLOW_START: SlowStart = {
  allowed: 1,
  clean: 0,
  ceiling: Number.POSITIVE_INFINITY,
  spacing: 0,
  since: undefined,
  passed: 0,
  trouble: Number.POSITIVE_INFINITY,
  spent: undefined,
};

/**
 * State after a success that was one of `level` in flight. `flying` are in flight, it included. `limit` is the headers'
 * limit: more cannot be refused at once. So the number doubles with each round trip behind a small limit, and while few
 * are in flight; beyond that it grows by half.
 */
export function passed(
  slow: SlowStart,
  { sentAt, level }: { readonly sentAt: number; readonly level: number },
  flying: number,
  limit: number,
): SlowStart {
  const { spent, since = sentAt, allowed, spacing } = slow;
  const grows =
    flying * 2 >= allowed && (limit <= SMALL_LIMIT || allowed < FEW_AT_ONCE || slow.passed % 2 === 0);
  const isOld = (slow.passed + 1) % AGES_AFTER === 0;
  const ceiling = isOld ? Math.ceil(slow.ceiling * 1.25) : slow.ceiling;
  const measured = spent === undefined ? 0 : Math.max(spacing * 1.25, (sentAt - spent.from) / spent.count);
  const isNear = slow.passed + 2 * flying + 1 >= slow.trouble && slow.passed <= slow.trouble + 2;
  return {
    ...slow,
    allowed: isNear && spacing === 0 ? 1 : Math.min(allowed + (grows ? 1 : 0), ceiling),
    clean: Math.max(slow.clean, level),
    ceiling,
    spacing: isOld ? spacing * 0.8 : Math.max(spacing, measured),
    since,
    passed: slow.passed + 1,
    spent: undefined,
  };
}

/** State after the first refusal of a round, in spite of room: `level` were in flight. */
export function refused(slow: SlowStart, level: number): SlowStart {
  const { clean, ceiling, since, passed: count } = slow;
  // A refusal of a single ask says nothing about the number at a time.
  const isTooMany = level > Math.max(1, clean);
  const spent = !isTooMany && since !== undefined && count > 0 ? { count, from: since } : undefined;
  return {
    ...slow,
    allowed: 1,
    ceiling: isTooMany ? Math.max(1, Math.min(ceiling, clean)) : ceiling,
    since: undefined,
    passed: 0,
    trouble: count > 0 ? count : slow.trouble,
    // Refused again before anything got through: the same trouble.
    spent: count === 0 ? slow.spent : spent,
  };
}
