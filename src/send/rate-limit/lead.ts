/**
 * Lead of a permit before its instant: the time that a task needs until it could send, so that its preparation (the
 * ledger record is durable before the bytes go out) costs nothing of the window. Milliseconds.
 */

/** Shortest lead: Bottleneck takes some turns of the event loop from a permit to the start. */
const SHORTEST = 2;
/** Longest lead, about a slow disk's: the policy decides on the knowledge of that moment. */
const LONGEST = 50;
/** Share kept after a quicker ask: the lead falls slowly, because lateness costs more than waiting. */
const KEPT = 0.95;

export const FRESH_LEAD = SHORTEST;

/** Lead after an ask that took `took` from its permit until it was ready. */
export function measured(lead: number, took: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, took, lead * KEPT));
}
