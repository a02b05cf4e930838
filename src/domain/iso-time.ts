let lastMs = Number.NaN;
let lastText = '';

/**
 * Epoch ms → ISO 8601 UTC with milliseconds. Remembers the last one: the records of an ask, and the rows of a batch,
 * share their instants, and a `Date` costs as much as the rest of such a row (measured: 1 µs).
 */
export function isoTime(epochMs: number): string {
  if (epochMs !== lastMs) {
    lastText = new Date(epochMs).toISOString();
    lastMs = epochMs;
  }
  return lastText;
}
