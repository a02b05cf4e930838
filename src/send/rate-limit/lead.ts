/**
 * How much ahead of its instant an ask gets its permit: the time it takes from there until it could be sent, so that what it
 * does first (the record in the ledger is durable before the bytes go out) costs nothing of the window. Milliseconds.
 */

/** Bottleneck takes some turns of the event loop from a permit to the start. */
const SHORTEST = 2;
/** The policy decides on what is known by then: no longer ahead than a disk usually takes. */
const LONGEST = 50;
/** An ask that was quicker brings it down slowly: what is ready too late costs more than what waits. */
const KEPT = 0.95;

export const FRESH_LEAD = SHORTEST;

/** The lead after an ask that took `took` from its permit until it was ready. */
export function measured(lead: number, took: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, took, lead * KEPT));
}
