import leven from 'leven';

/** Shorter words stand in too many others. */
const SHORTEST_PART = 3;

/**
 * The name that a mistyped word was probably meant to be: one that holds it, or that it holds, or else the one with the
 * fewest wrong letters, up to a third of the word. undefined when none is close.
 * @param wordOf what of a name counts, written as `word` is
 */
export function nearest(
  word: string,
  names: readonly string[],
  wordOf: (name: string) => string,
): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const other = wordOf(name);
    const [shorter, longer] = word.length < other.length ? [word, other] : [other, word];
    const part = shorter.length >= SHORTEST_PART && longer.includes(shorter);
    const distance = part ? 1 : leven(word, other);
    // Nothing of the one would be left in the other.
    if (distance >= shorter.length) continue;
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3))
    ? best.name
    : undefined;
}
