import pLimit from 'p-limit';
import type { RunConfig } from '../../config/run.ts';
import { EXIT } from '../../domain/errors.ts';
import type { ChatId, Sender } from '../../domain/words.ts';
import type { Survey } from '../../plan/survey.ts';
import { RunControl } from '../../send/run-control.ts';
import type { Endpoint } from '../phones/connect.ts';
import { connectReaders } from '../phones/readers.ts';
import type { Phones } from '../phones/senders.ts';
import { type Releases, releasing } from '../releases.ts';
import type { Session } from '../session.ts';
import type { Sharing } from './share.ts';

/** Groups that a page shows. */
const MOST_GROUPS = 200;
/** Longest time without a group read before the page is written, ms. */
const PATIENCE_MS = 5_000;
const READS_IN_FLIGHT = 8;

export interface NamesParts {
  readonly config: RunConfig;
  readonly session: Session;
  readonly plan: Pick<Survey, 'groups' | 'routes'>;
  readonly to: Endpoint;
  readonly sharing: Sharing | undefined;
  readonly phones: Pick<Phones, 'limiter' | 'groups'>;
}

/**
 * Reads the groups of a run with nobody left to ask, for the page and the to-do list that name them. Failures here do
 * not affect the run.
 */
export async function keepNames(parts: NamesParts): Promise<void> {
  const { session, plan, phones } = parts;
  const { live } = session;
  const unnamed = [...plan.groups.keys()].filter((id) => live.groupName(id) === '').slice(0, MOST_GROUPS);
  if (unnamed.length === 0 || session.control.stopped) return;
  const control = new RunControl();
  const stop = () => control.stop({ exit: EXIT.again, code: 'interrupted', message: 'names took too long' });
  const timer = setTimeout(stop, PATIENCE_MS);
  session.control.signal.addEventListener('abort', stop, { once: true });
  const slots = pLimit(READS_IN_FLIGHT);
  const readAll = (read: (id: ChatId) => Promise<unknown>) =>
    Promise.all(
      unnamed.map((id) =>
        slots(async () => {
          if (!control.stopped) await read(id);
          timer.refresh();
        }),
      ),
    );
  try {
    // Doubts were settled just now: only this limiter knows how much of the allowance is used.
    if (phones.limiter.snapshot.limit !== undefined) await readAll((id) => phones.groups.read(id, control));
    else await releasing((releases) => readApart(parts, control, releases, readAll, unnamed));
  } finally {
    clearTimeout(timer);
    session.control.signal.removeEventListener('abort', stop);
  }
}

async function readApart(
  { config, session, plan, to, sharing }: NamesParts,
  control: RunControl,
  releases: Releases,
  readAll: (read: (id: ChatId) => Promise<unknown>) => Promise<unknown>,
  chatIds: readonly ChatId[],
): Promise<void> {
  const { live, log } = session;
  const quiet = log.debug.bind(log);
  const hushed = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const senders = (id: ChatId) => new Set<Sender | undefined>(plan.routes.get(id)?.keys() ?? [undefined]);
  const parts = { ...session, config, to, sharing, control, closing: control, log: hushed, releases };
  const readers = connectReaders(
    { ...parts, events: live, waits: live.waits },
    new Map(chatIds.map((id) => [id, senders(id)])),
  );
  await readAll((id) => readers.read(id));
}
