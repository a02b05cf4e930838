/** A server that says “come back tomorrow” is not waited for in one go: ten minutes, then it is asked again. */
const LONGEST_MS = 600_000;

/**
 * `Retry-After` in seconds or as an HTTP date → milliseconds from now, bounded; undefined when it says nothing usable.
 * Source: RFC 9110, 10.2.3.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_MS, Math.max(0, ms));
}
