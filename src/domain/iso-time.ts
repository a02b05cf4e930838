interface Written {
  readonly epochMs: number;
  readonly text: string;
}

const NEVER: Written = { epochMs: Number.NaN, text: '' };
let last = NEVER;
let before = NEVER;

/**
 * Epoch ms → ISO 8601 UTC with milliseconds. Remembers the last two: the records of an ask share their instant, the
 * rows of a batch share two, and a `Date` costs as much as the rest of such a row (measured: 1 µs).
 */
export function isoTime(epochMs: number): string {
  if (epochMs === last.epochMs) return last.text;
  const found = epochMs === before.epochMs ? before : { epochMs, text: new Date(epochMs).toISOString() };
  before = last;
  last = found;
  return found.text;
}
