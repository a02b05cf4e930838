/**
 * Runs at the same time, each with a ledger of its own: none sees in the other's ledger whom that is about to ask. So
 * each run first writes down whom it is about to ask, in the folders of its cohort, output and ledger, and only then
 * reads what the others wrote there: of two concurrent ones, at least one sees the other.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { OnboardError } from '../../domain/errors.ts';
import { personKey } from '../../domain/ids.ts';
import type { Clock, Pair } from '../../domain/words.ts';
import {
  announce,
  describe,
  type Holder,
  isLiving,
  keepPresent,
  lookAt,
  type Other,
  othersBeside,
  type Presence,
  thisProcess,
} from '../../ledger/presence.ts';
import { isSystemRefusal } from '../../lib/files.ts';
import { count } from '../../lib/text.ts';
import type { Releases } from '../session.ts';

const FOLDER = '.group-onboard.asking';
const BYTES = BigUint64Array.BYTES_PER_ELEMENT;
/** Spreads neighbouring numbers: the groups' digests are then added without collisions. (2^64 by the golden ratio.) */
const SPREAD = 0x9e3779b97f4a7c15n;
const PIECE = 5_000;
/** Longest wait for a run that looks at the others, too, ms. */
const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 20;

/** A run looks at the others before it asks. Words of one length, because they are replaced in place. */
type Stage = 'looking' | 'working';

/** First line of a run's file. The people follow it: sorted digests. */
interface Asking extends Holder {
  readonly origin: string;
  readonly ledger: string;
  readonly stage: Stage;
}

interface AskingNow {
  readonly folders: Iterable<string>;
  readonly people: Iterable<Pair>;
  /** Upper bound of their number. */
  readonly most: number;
  readonly origin: string;
  readonly ledger: string;
  /** Whether the user wants people asked by several runs: others still see this one. */
  readonly insists: boolean;
  readonly clock: Clock;
  readonly releases: Releases;
}

/**
 * Refuses a run while another one is about to ask some of the same people. Of two that begin in one instant, one goes
 * on. This run is seen by others until the releases.
 * @throws OnboardError LOCKED, naming the other run
 */
export async function assertNotAskedNow(options: AskingNow): Promise<void> {
  const { clock, origin, ledger, insists, releases } = options;
  const people = await digestsOf(options.people, options.most);
  const self: Asking = {
    ...thisProcess(new Date(clock.now()).toISOString()),
    ...{ origin, ledger, stage: 'looking' },
  };
  const id = randomUUID();
  const own: { readonly file: string; readonly presence: Presence }[] = [];
  for (const folder of options.folders) {
    try {
      const file = await announce(join(folder, FOLDER), self, {
        id,
        more: Buffer.from(people.buffer, 0, people.byteLength),
      });
      const presence = keepPresent(file, self, { clock, onLost: () => undefined });
      releases.add(() => presence.leave().catch(() => undefined));
      own.push({ file, presence });
    } catch (error) {
      // Runs meet in another of the folders, or by their ledgers.
      if (!isSystemRefusal(error) && !(error instanceof OnboardError)) throw error;
    }
  }
  if (!insists) {
    for (const { file } of own) {
      for await (const other of othersBeside(file, self)) {
        const asking = other.holder as Asking | undefined;
        if (asking?.origin !== origin) continue;
        const common = inCommon(people, await peopleIn(other));
        if (common > 0 && (await goesBefore(other, file, self, clock)))
          throw refused(other, common, people.length);
      }
    }
  }
  for (const { presence } of own) await presence.says({ stage: 'working' satisfies Stage });
}

/** Whether another run goes on, and this one must not. Waits for a run that looks, too, and will see this one. */
async function goesBefore(other: Other, file: string, self: Asking, clock: Clock): Promise<boolean> {
  const began = clock.monotonic();
  for (let now: Other | undefined = other; now !== undefined; now = await lookAt(other.file)) {
    if (!(await isLiving(now, self, { clock }))) return false;
    const { stage, since = '' } = (now.holder as Asking | undefined) ?? {};
    const isFirst = nameOf(self.since, file) < nameOf(since, other.file);
    if (stage === 'working' || !isFirst || clock.monotonic() - began > PATIENCE_MS) return true;
    await sleep(LOOK_AGAIN_MS);
  }
  return false;
}

/** Runs are in this order: by their begin, then by the unique names of their files. */
function nameOf(since: string, file: string): string {
  return `${since} ${basename(file)}`;
}

function refused(other: Other, common: number, all: number): OnboardError {
  const { ledger } = other.holder as Asking;
  return new OnboardError(
    'LOCKED',
    `${describe(other)} asks ${count(common, 'person', 'people')} of the ${all} to be asked (its ledger: ${ledger}); nobody is asked by this one: wait for it to end, or, to have them asked by both, give --ask-again-in-new-ledger`,
  );
}

/** One number for each person in a group, sorted. A number and its known variant are one person. */
async function digestsOf(people: Iterable<Pair>, most: number): Promise<BigUint64Array> {
  const found = new BigUint64Array(most);
  const groups = new Map<string, bigint>();
  let length = 0;
  for (const { chatId, participant } of people) {
    const group = groups.get(chatId) ?? createHash('sha256').update(chatId).digest().readBigUInt64LE();
    groups.set(chatId, group);
    found[length] = group + BigInt(personKey(participant)) * SPREAD;
    if (++length % PIECE === 0) await turn();
  }
  return found.subarray(0, length).sort();
}

/** People in another run's file; none when it is gone. */
async function peopleIn({ file }: Other): Promise<BigUint64Array> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const from = bytes.indexOf('\n') + 1;
  const length = Math.floor((bytes.length - from) / BYTES);
  return new BigUint64Array(Uint8Array.from(bytes.subarray(from, from + length * BYTES)).buffer);
}

function inCommon(one: BigUint64Array, other: BigUint64Array): number {
  let found = 0;
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const [a, b] = [one[i] as bigint, other[j] as bigint];
    if (a === b) found++;
    if (a <= b) i++;
    if (a >= b) j++;
  }
  return found;
}
