import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OnboardError } from '../../domain/errors.ts';
import { parseChatId, parseParticipant } from '../../domain/ids.ts';
import { readShardFile } from '../../domain/shard.ts';
import type { Clock, Pair } from '../../domain/words.ts';
import { type Ledger, openLedger } from '../../ledger/ledger.ts';

/** Most bytes of a ledger's header: one short line. */
const HEADER_BYTES = 4096;

/**
 * Asks in a ledger that the results lack: of a run that was killed before it could write its results, or that still
 * runs. Merged as “not attempted”, these people would be asked again by the next run with the merged file. The ledgers
 * are opened only for a row without a result.
 */
export class UnseenAsks {
  readonly #results: readonly string[];
  readonly #clock: Clock;
  #ledgers: { readonly path: string; readonly ledger: Ledger }[] | undefined;

  /** @param results files to be merged; their ledgers, and those of the other shards, are next to them */
  constructor(results: readonly string[], clock: Clock) {
    this.#results = results;
    this.#clock = clock;
  }

  /**
   * @param where names the row
   * @throws OnboardError RESULTS_STALE when somebody was asked already
   */
  async refuse(chatId: string, participant: string, where: string): Promise<void> {
    const pair = pairOf(chatId, participant);
    if (pair === undefined) return;
    this.#ledgers ??= await this.#open();
    for (const { path, ledger } of this.#ledgers) {
      const status = ledger.state(pair)?.status;
      if (status === undefined || status === 'not_done') continue;
      throw new OnboardError(
        'RESULTS_STALE',
        `${where}, and ${path} says that they were asked: that run was killed, or goes on; run that shard again (nobody is asked twice), and give its results`,
      );
    }
  }

  async close(): Promise<void> {
    for (const { ledger } of this.#ledgers ?? []) await ledger.close();
  }

  async #open() {
    const paths = new Set<string>();
    for (const results of this.#results) for (const path of await ledgersBeside(results)) paths.add(path);
    const opened: { path: string; ledger: Ledger }[] = [];
    for (const path of paths) {
      const origin = await originOf(path);
      if (origin === undefined) continue;
      opened.push({ path, ledger: await openLedger(path, { origin, clock: this.#clock, readOnly: true }) });
    }
    return opened;
  }
}

function pairOf(chat: string, person: string): Pair | undefined {
  const chatId = parseChatId(chat);
  const participant = parseParticipant(person);
  return chatId && participant && { chatId, participant };
}

/** Ledger of these results, and those of the other shards of the same cohort. */
async function ledgersBeside(results: string): Promise<readonly string[]> {
  const own = `${results}.ledger.jsonl`;
  const ours = readShardFile(basename(own));
  if (ours === undefined) return [own];
  const names = await readdir(dirname(own)).catch(() => []);
  const isOurs = (name: string) => {
    const other = readShardFile(name);
    return other?.plain === ours.plain && other.shard.count === ours.shard.count;
  };
  return names.filter(isOurs).map((name) => join(dirname(own), name));
}

/** Origin that the ledger's asks went to; undefined: no ledger exists. */
async function originOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    const header: unknown = JSON.parse(line);
    const origin = (header as { readonly origin?: unknown } | null)?.origin;
    return typeof origin === 'string' ? origin : undefined;
  } catch {
    return undefined; // a header that was not written whole: nobody was asked before it was
  } finally {
    await file.close();
  }
}
