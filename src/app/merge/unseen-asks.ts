import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OnboardError } from '../../domain/errors.ts';
import { parseChatId, parseParticipant } from '../../domain/ids.ts';
import { readShardFile } from '../../domain/shard.ts';
import type { Clock, Pair } from '../../domain/words.ts';
import { type Ledger, openLedger } from '../../ledger/ledger.ts';

/** A ledger's header is one line, and a short one. */
const HEADER_BYTES = 4096;

/**
 * Asks that a ledger knows of and the results do not: those of a run that was killed before it could write its results,
 * or that goes on. Merged as “not attempted” they would be asked again by whoever runs with the merged file. The ledgers
 * are opened only when there is somebody to look for: where every row has its result, none is read.
 */
export class UnseenAsks {
  readonly #results: readonly string[];
  readonly #clock: Clock;
  #ledgers: { readonly path: string; readonly ledger: Ledger }[] | undefined;

  /** @param results the files to be merged; their ledgers, and those of the other shards, are beside them */
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

/** The ledger of these results, and those of the other shards of the same cohort. */
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

/** Whom the ledger's asks went to; undefined: there is no ledger. */
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
