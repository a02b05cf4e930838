import { createInterface } from 'node:readline/promises';
import { type Io, isTerminal } from '../io.ts';

/** Whether somebody is there to be asked: both ends are a terminal, and this is no CI. */
export function canAsk(io: Io): boolean {
  return isTerminal(io.stderr) && isTerminal(io.stdin) && !io.env['CI'];
}

/** Asks on stderr; only a clear yes is one. A signal, or the end of input, is a no. */
export async function confirm(io: Io, question: string, signal: AbortSignal): Promise<boolean> {
  // Not a line editor: Ctrl-C stays a signal, and ends the run as it always does.
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(question, { signal }), ended]);
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    return false; // the signal came first
  } finally {
    lines.close();
  }
}
