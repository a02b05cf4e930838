/** A real process that holds a ledger, for the tests of its lock. Says what happened on stdout, one line each. */

import { openLedger } from '../../src/ledger/ledger.ts';
import { systemClock } from './system-clock.ts';

const [path, then] = process.argv.slice(2) as [string, string];
const say = (text: string) => process.stdout.write(`${text}\n`);

try {
  const ledger = await openLedger(path, { origin: 'sandbox', clock: systemClock });
  say('open');
  if (then === 'hold') process.stdin.resume();
  else if (then === 'end') say('left open');
  else await ledger.close();
} catch (error) {
  say(String((error as { code?: string }).code));
}
