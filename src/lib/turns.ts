/** Items in one turn of the event loop: of a million that are looked at, nobody else waits for all. */
export const TURN = 1_000;

/** Answers, timers and signals have theirs now. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The items in pieces, each in a turn of its own. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<readonly T[], void, undefined> {
  let piece: T[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < TURN) continue;
    yield piece;
    piece = [];
    await nextTurn();
  }
  yield piece;
}
