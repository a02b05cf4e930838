/** Seeds: printed with every run, so that a run that failed is run again with `GROUP_ONBOARD_SEED=…`. */
export interface Random {
  readonly seed: number;
  /** [0, 1) */
  next(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { seed, next, below, pick: (items) => items[below(items.length)]! };
}

/** The run's seed: the one that is to be replayed, or a new one. */
export function seedOfRun(what: string): number {
  const given = process.env['GROUP_ONBOARD_SEED'];
  const seed = given ? Number(given) >>> 0 : Date.now() >>> 0;
  console.info(`${what}: GROUP_ONBOARD_SEED=${seed}`);
  return seed;
}
