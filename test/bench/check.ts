import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse';
import { openCohort } from '../../src/cohort/cohort.ts';

const TYPESCRIPT = new URL('../typescript.mjs', import.meta.url).href;

/** How the phones of a bench file are written, and its other cells. */
const KINDS: Readonly<
  Record<string, { readonly rows: number; readonly row: (i: number, phone: number) => string }>
> = {
  'country code + number': {
    rows: 1_000_000,
    row: (i, phone) => `Person ${i},person${i}@example.org,${group(i)},91${phone}\n`,
  },
  '+91 98745 32456': {
    rows: 250_000,
    row: (i, phone) =>
      `Person ${i},person${i}@example.org,${group(i)},+91 ${String(phone).replace(/(.{5})/, '$1 ')}\n`,
  },
  'all fields quoted': {
    rows: 250_000,
    row: (i, phone) => `"Person ${i}","person${i}@example.org","${group(i)}","91${phone}"\n`,
  },
  'national, --default-country IN': {
    rows: 250_000,
    row: (i, phone) => `Person ${i},person${i}@example.org,${group(i)},0${phone}\n`,
  },
};
const ROUNDS = 3;

const group = (i: number) => `${120363371308389685n + BigInt((i % 40) * 1001)}@g.us`;
const self = fileURLToPath(import.meta.url);

interface Measured {
  readonly rows: number;
  readonly pairs: number;
  readonly ms: number;
  readonly peakMb: number;
}

/**
 * Reading and normalizing a cohort against bare csv-parse streaming the same file: each in a process of its own, by
 * turns, medians of three. Returns the table.
 */
export async function bench(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'group-onboard-bench-'));
  const lines = [
    '| cohort | rows | csv-parse | ours | ratio | ours, peak RSS |',
    '|---|---:|---:|---:|---:|---:|',
  ];
  try {
    for (const [kind, { rows }] of Object.entries(KINDS)) {
      const path = join(dir, 'cohort.csv');
      await writeCohort(path, kind);
      const bare: Measured[] = [];
      const ours: Measured[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        bare.push(measure('bare', path, kind));
        ours.push(measure('ours', path, kind));
      }
      if (ours.some((one) => one.pairs !== rows)) throw new Error(`${kind}: not every row was read`);
      const [a, b] = [median(bare.map((one) => one.ms)), median(ours.map((one) => one.ms))];
      const peak = Math.max(...ours.map((one) => one.peakMb));
      lines.push(
        `| ${kind} | ${rows.toLocaleString('en')} | ${(a / 1000).toFixed(2)} s | ${(b / 1000).toFixed(2)} s | ${(b / a).toFixed(2)} × | ${peak.toFixed(0)} MB |`,
      );
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return lines.join('\n');
}

function measure(mode: 'bare' | 'ours', path: string, kind: string): Measured {
  const child = spawnSync(process.execPath, ['--import', TYPESCRIPT, self, mode, path, kind], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Measured;
}

function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;
}

/** Phones end in 1, because one that ends in zeros reads as rounded. */
async function writeCohort(path: string, kind: string): Promise<void> {
  const { rows, row } = KINDS[kind] as (typeof KINDS)[string];
  const file = createWriteStream(path);
  file.write('name,email,chat_id,phone\n');
  for (let from = 0; from < rows; from += 5000) {
    let text = '';
    for (let i = from; i < Math.min(from + 5000, rows); i++)
      text += row(i, 9_000_000_001 + ((i * 7919) % 99_999_999) * 10);
    if (!file.write(text)) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  await new Promise<void>((resolve) => file.end(() => resolve()));
}

async function child(mode: string, path: string, kind: string): Promise<Measured> {
  const start = performance.now();
  let rows = 0;
  let pairs = 0;
  let peak = 0;
  if (mode === 'bare') {
    for await (const _ of createReadStream(path).pipe(parse())) rows++;
  } else {
    const cohort = await openCohort(path, kind.includes('IN') ? { defaultCountry: 'IN' } : {});
    for await (const batch of cohort.readings()) {
      rows += batch.length;
      for (const reading of batch) if (reading.kind === 'pair') pairs++;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  }
  return { rows, pairs, ms: performance.now() - start, peakMb: peak / 1e6 };
}

const [, entry, mode, path, kind] = process.argv;
if (entry === self) {
  if (mode === undefined) process.stdout.write(`${await bench()}\n`);
  else process.stdout.write(JSON.stringify(await child(mode, path as string, kind as string)));
}
