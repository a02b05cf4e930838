import type { Shard } from '../domain/shard.ts';
import type { Sender } from '../domain/words.ts';
import { type Env, parseBaseUrl, sender, usage } from './api.ts';
import { filePaths } from './files.ts';
import type { RebuildFlags } from './flags.ts';
import { fileNames, shardConfig } from './shard.ts';

/** Configuration of `rebuild-ledger`: the results, and the phone and API that they belong to. */
export interface RebuildConfig {
  readonly results: string;
  /** Shard whose groups are rebuilt; undefined: all groups. */
  readonly shard: Shard | undefined;
  /** Path; undefined: next to the results, or the shard's own name. */
  readonly ledger: string | undefined;
  /** Origin that the ledger is bound to: the API's, or `sandbox`. */
  readonly origin: string;
  /** Phone that asked for rows without a sender. */
  readonly sender: Sender | undefined;
}

export function rebuildConfig(results: string, flags: RebuildFlags, env: Env): RebuildConfig {
  if (results === '-') throw usage('rebuild-ledger reads a results CSV from a file: give its name');
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  // The same name as in `run`.
  const dealt = shard && named(filePaths(results, { sandbox: flags.sandbox === true }, named).ledger);
  return Object.freeze({
    results,
    shard,
    ledger: flags.ledger === undefined ? dealt : named(flags.ledger),
    origin: flags.sandbox ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    sender: sender(flags),
  });
}
