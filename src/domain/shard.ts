/**
 * A cohort dealt to several processes: each takes the groups of its shard, and no two ask for the same group.
 *
 * The shard of a group is the first 6 bytes of SHA-256 of its chat_id (UTF-8, big-endian), modulo the number of shards,
 * plus 1. It does not depend on other rows, their order, the machine, the version or the locale, so a rerun with added
 * rows deals every group as before. 6 bytes fit a number exactly, and spread evenly over any number of shards.
 * **Frozen**: with another hash, a rerun would ask again for people in the ledger of another shard.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ChatId, Reading } from './words.ts';

/** Shard `index` of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Most pods of an indexed Kubernetes Job. */
const MOST_SHARDS = 100_000;
const HASH_BYTES = 6;

/** `2/4` → the second of four. @throws RangeError with the expected form */
export function parseShard(text: string): Shard {
  const found = /^(\d+)\/(\d+)$/.exec(text.trim());
  if (!found) throw new RangeError(`“${text}” is not a shard; write it like 1/4: the first of four`);
  const index = Number(found[1]);
  const count = Number(found[2]);
  if (count < 1 || count > MOST_SHARDS) {
    throw new RangeError(`“${text}”: there can be 1 to ${MOST_SHARDS} shards`);
  }
  if (index === 0) throw new RangeError(`“${text}”: shards count from 1: 1/${count} to ${count}/${count}`);
  if (index > count)
    throw new RangeError(`“${text}”: there is no shard ${index} of ${count}; the last is ${count}/${count}`);
  return Object.freeze({ index, count });
}

export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`;
}

export function shardOfGroup(chatId: ChatId, count: number): number {
  return (createHash('sha256').update(chatId).digest().readUIntBE(0, HASH_BYTES) % count) + 1;
}

/**
 * Whether a row belongs to this shard. Each row is in exactly one shard, together with all rows of its group, and so of
 * its pair. An unusable row has no group and is in the first shard.
 */
export function rowsOf({ index, count }: Shard): (reading: Reading) => boolean {
  const known = new Map<ChatId, boolean>();
  return (reading) => {
    if (reading.kind === 'invalid') return index === 1;
    const { chatId } = reading.pair;
    let ours = known.get(chatId);
    if (ours === undefined) {
      ours = shardOfGroup(chatId, count) === index;
      known.set(chatId, ours);
    }
    return ours;
  };
}

/** Mark of a shard in a file name, placed before the extension of the unsharded name. */
const MARK = /\.shard-(\d+)-of-(\d+)(?=\.|$)/;
/** Name and the part after the mark: `.results.csv`, `.results.csv.ledger.jsonl`, or the plain extension. */
const NAME = /^(.+?)((?:\.results)?(?:\.csv)?(?:\.ledger)?\.[^.]+)?$/s;

function markOf({ index, count }: Shard): string {
  return `.shard-${index}-of-${count}`;
}

/**
 * File name for this shard alone: `out.csv` → `out.shard-1-of-4.csv`. A name with this shard's mark stays, and so do
 * `-` and devices (`/dev/termination-log`), because every process has its own.
 * @throws RangeError for a name with the mark of another shard
 */
export function shardFile(path: string, shard: Shard): string {
  if (path === '-' || path.startsWith('/dev/')) return path;
  const name = basename(path);
  const marked = readShardFile(name);
  if (marked) {
    if (shardText(marked.shard) === shardText(shard)) return path;
    throw new RangeError(`${path} is a file of shard ${shardText(marked.shard)}`);
  }
  const [, stem = name, extension = ''] = NAME.exec(name) ?? [];
  return `${path.slice(0, path.length - name.length)}${stem}${markOf(shard)}${extension}`;
}

/** Shard of a file by its name, and its name without the mark; undefined: not a shard's file. */
export function readShardFile(name: string): { readonly shard: Shard; readonly plain: string } | undefined {
  const found = MARK.exec(name);
  if (!found) return undefined;
  const shard = { index: Number(found[1]), count: Number(found[2]) };
  return { shard, plain: name.slice(0, found.index) + name.slice(found.index + found[0].length) };
}
