/** A real process that holds a ledger, for the tests of its lock. Says what happened on stdout, one line each. */

import { openLedger } from '../../src/ledger/ledger.ts';
import { pair, SENDER } from './people.ts';
import { systemClock } from './system-clock.ts';

const [path, then, from] = process.argv.slice(2) as [string, string, string?];
const say = (text: string) => process.stdout.write(`${text}\n`);

try {
  const ledger = await openLedger(path, { origin: 'sandbox', clock: systemClock });
  say('open');
  if (then === 'hold') process.stdin.resume();
  else if (then === 'end') say('left open');
  else if (then === 'ask')
    for (let i = Number(from); ; i++) await ledger.asked([pair(i)], SENDER).then((ask) => say(`${ask}`));
  else await ledger.close();
} catch (error) {
  say(String((error as { code?: string }).code));
}
