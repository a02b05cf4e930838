/**
 * How long to wait before try number `attempt` + 1 (attempt counts from 1): doubling from half a second to half a
 * minute, of which the second half is random, so that several jobs do not come back together. Milliseconds.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * random();
}
