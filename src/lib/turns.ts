/** Items per turn of the event loop, so that a million items do not block everything else. */
export const TURN = 1_000;

/** Resolves in the next turn of the event loop, after pending answers, timers and signals. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The items in pieces, each in its own turn of the event loop. */
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
