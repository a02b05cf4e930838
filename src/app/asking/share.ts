import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { EXIT, OnboardError } from '../../domain/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../send/ports.ts';
import { anotherRun } from '../../send/rate-limit/not-before.ts';
import type { MakePacer } from '../../send/rate-limit/pacer.ts';
import type { RedisTarget } from '../../send/rate-limit/redis/redis-client.ts';
import type { SharedCap } from '../../send/rate-limit/redis/shared-cap.ts';
import type { Session } from '../session.ts';

/** State that this run shares with other processes. */
export type Sharing = NonNullable<Awaited<ReturnType<typeof openSharing>>>;

/** Version of the data in Redis: another version uses other keys. */
export const FORM = 7;

interface CapLedger extends Pick<Ledger, 'asksInLast'> {
  readonly path: string;
  readonly header: Pick<Ledger['header'], 'created'>;
}

interface SharingParts extends Pick<Session, 'control' | 'clock' | 'releases'> {
  readonly redis: RedisTarget | undefined;
  readonly to: { readonly baseUrl: URL; readonly apiKey: string };
  readonly log: Log;
}

/**
 * Connects to Redis if it is configured; else undefined. A Redis that refuses access is an error; an unreachable one
 * stops the run, so that the results say so. Its modules are loaded only here.
 */
export async function openSharing(parts: SharingParts) {
  const { redis, to, control, clock, log, releases } = parts;
  if (redis === undefined) return undefined;
  const unreachable = (message: string) =>
    control.stop({ exit: EXIT.again, code: 'redis_unreachable', message });
  const [{ openRedisLink }, { SharedPacer }, { SharedCap: Cap }, { placeOf }] = await Promise.all([
    import('../../send/rate-limit/redis/redis-link.ts'),
    import('../../send/rate-limit/redis/shared-pacer.ts'),
    import('../../send/rate-limit/redis/shared-cap.ts'),
    import('../../send/rate-limit/redis/redis-client.ts'),
  ]);
  // The braces keep all keys of one account in one slot of a Redis Cluster; the API key can not be read from them.
  const account = hash(`${to.baseUrl.origin}\n${to.apiKey}`);
  const prefix = `group-onboard:${FORM}:{${account}}`;
  const link = await openRedisLink({ target: redis, prefix, clock, log, lost: unreachable }).catch(
    (error: unknown) => {
      if (!(error instanceof OnboardError) || error.code !== 'REDIS_UNREACHABLE') throw error;
      unreachable(error.message);
      return undefined;
    },
  );
  if (link === undefined) return undefined;
  releases.add(() => link.close());
  log.info({ redis: placeOf(redis) }, 'the allowance is shared through Redis');
  return {
    /** Pacer of one phone's allowance, where the server counts by phone; undefined: of the key's. */
    pacer:
      (sender: string | undefined): MakePacer =>
      (pacing) =>
        new SharedPacer({
          ...pacing,
          link,
          // A phone has one name in every process, hashed so that it can not be read.
          name: sender === undefined ? '' : hash(sender),
          newEpoch: () => hash(`${link.me} ${clock.now()} ${Math.random()}`),
          putOff: (ms) => control.stop(anotherRun(ms, 429, clock.now())),
          failed: (error) => {
            log.error({ error: String(error) }, 'the shared allowance failed');
            control.stop({ exit: EXIT.defect, code: 'interrupted', message: 'stopped by an error' });
          },
        }),
    cap: (sender: () => string, ledger: CapLedger): SharedCap =>
      new Cap({
        link,
        sender,
        ledgerId: hash(`${ledger.header.created} ${resolve(ledger.path)}`),
        asked: (ms) => ledger.asksInLast(ms, sender()),
        now: () => clock.now(),
      }),
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
