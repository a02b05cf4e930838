/** The files of a shard: the name that the unsharded run would use, with `.shard-1-of-4` before its extension. */
import { basename } from 'node:path';
import { type Shard, shardText } from './shard.ts';

const MARK = /\.shard-(\d+)-of-(\d+)(?=\.|$)/;
/** What stays behind the mark: `.results.csv`, `.results.csv.ledger.jsonl`, or the plain extension. */
const NAME = /^(.+?)((?:\.results)?(?:\.csv)?(?:\.ledger)?\.[^.]+)?$/s;

function markOf({ index, count }: Shard): string {
  return `.shard-${index}-of-${count}`;
}

/**
 * The name that no other shard writes to: `out.csv` → `out.shard-1-of-4.csv`. A name that bears this shard's mark already
 * stays as it is, and so do `-` and devices (`/dev/termination-log`), of which every process has its own.
 * @throws RangeError for a name that bears the mark of another shard
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

/** Which shard a file is of, by its name, and how it would be called without shards; undefined: no file of a shard. */
export function readShardFile(name: string): { readonly shard: Shard; readonly plain: string } | undefined {
  const found = MARK.exec(name);
  if (!found) return undefined;
  const shard = { index: Number(found[1]), count: Number(found[2]) };
  return { shard, plain: name.slice(0, found.index) + name.slice(found.index + found[0].length) };
}
