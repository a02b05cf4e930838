const MINUTE_MS = 60_000;

/** The minute that was written last, and its text up to the seconds. */
let minute = Number.NaN;
let beginning = '';

/**
 * Epoch ms → ISO 8601 UTC with milliseconds. Remembers the last minute: a `Date` costs as much as the rest of a row of
 * the results (measured: 1 µs), and most times of a run are in the same minute as the one before.
 * @throws RangeError where `Date` would
 */
export function isoTime(epochMs: number): string {
  const whole = Math.floor(epochMs / MINUTE_MS);
  const rest = epochMs - whole * MINUTE_MS;
  if (whole !== minute || !Number.isInteger(rest)) {
    const text = new Date(epochMs).toISOString();
    minute = whole;
    beginning = text.slice(0, -'00.000Z'.length);
    return text;
  }
  const seconds = Math.floor(rest / 1_000);
  const ms = rest % 1_000;
  return `${beginning}${seconds < 10 ? '0' : ''}${seconds}.${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
