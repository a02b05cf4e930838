import type { Shard } from '../domain/shard.ts';
import type { Sender } from '../domain/words.ts';
import { type Env, parseBaseUrl, sender, usage } from './api.ts';
import { filePaths } from './files.ts';
import type { RebuildFlags } from './flags.ts';
import { fileNames, shardConfig } from './shard.ts';

/** Configuration of `rebuild-ledger`: the results, and whose asks they tell of. */
export interface RebuildConfig {
  readonly results: string;
  /** Whose groups it has; undefined: all. */
  readonly shard: Shard | undefined;
  /** undefined: that beside the results, or what the shard calls it. */
  readonly ledger: string | undefined;
  /** Origin that the ledger is bound to: the API's, or `sandbox`. */
  readonly origin: string;
  /** The phone that asked where no row names one. */
  readonly sender: Sender | undefined;
}

export function rebuildConfig(results: string, flags: RebuildFlags, env: Env): RebuildConfig {
  if (results === '-') throw usage('rebuild-ledger reads a results CSV from a file: give its name');
  const shard = shardConfig(flags, env);
  const named = fileNames(shard);
  // As `run` calls it.
  const dealt = shard && named(filePaths(results, { sandbox: flags.sandbox === true }, named).ledger);
  return Object.freeze({
    results,
    shard,
    ledger: flags.ledger === undefined ? dealt : named(flags.ledger),
    origin: flags.sandbox ? 'sandbox' : parseBaseUrl(flags.baseUrl).origin,
    sender: sender(flags),
  });
}
