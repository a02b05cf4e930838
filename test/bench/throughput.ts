import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const CLI = here('../../dist/cli.js');
const PLAIN = here('plain-loop.mjs');
const PRELOAD = here('report-cpu.mjs');
const CONCURRENCY = '100';
/** Asks of the two sizes: as many for every contender, so that what warming up costs is taken out for each alike. */
const SMALL = 2_000;
const LARGE = 16_000;
/** Of the contender in batches; the others ask for one person at a time. */
const BATCH = 25;
/** A group of WhatsApp holds 1,024. */
const GROUP_PEOPLE = 1_000;
const ROUNDS = 3;

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function measure(args: readonly string[], env: Record<string, string> = {}): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env, NODE_OPTIONS: `--import ${PRELOAD}` }, maxBuffer: 1e8 };
    execFile(process.execPath, [...args], options, (error, _stdout, stderr) => {
      if (error !== null) return reject(new Error(`exit ${error.code}: ${stderr.slice(-300)}`));
      const line = /MEASURED (.*)/.exec(stderr)?.[1];
      if (line === undefined) reject(new Error(`not measured: ${stderr.slice(-300)}`));
      else resolve(JSON.parse(line) as Cost);
    });
  });
}

/** The sandbox as its own process, without a limit and without the headers of one. */
async function server(): Promise<{ url: string; key: string; reset(): Promise<unknown>; kill(): void }> {
  const child = spawn(process.execPath, [CLI, 'sandbox', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (/PERISKOPE_API_KEY=\S+ /.test(text)) break;
  }
  const url = /http:\/\/127\.0\.0\.1:\d+\/v1/.exec(text)?.[0] ?? '';
  const key = /PERISKOPE_API_KEY=(\S+)/.exec(text)?.[1] ?? '';
  const post = (path: string, body: object) =>
    fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await post('/_sandbox/control', { limit: null, hideHeaders: ['limit', 'remaining', 'reset'] });
  return { url, key, reset: () => post('/_sandbox/reset', {}), kill: () => child.kill('SIGKILL') };
}

function cohort(rows: number): string {
  const lines = ['name,chat_id,phone'];
  const groups = Math.max(40, Math.ceil(rows / GROUP_PEOPLE));
  for (let i = 0; i < rows; i++) {
    const group = `12036337130838${1_001 + (i % groups)}@g.us`;
    lines.push(`Person ${i},${group},9198${1_000 + Math.floor(i / 4_000)}${1_000 + ((i * 7) % 4_000)}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Without a limit at the server: rows per second and CPU per ask, ours beside the loop that one writes first. Start-up
 * and warming up are taken out by running two sizes: the cost of a row is what the larger run costs more. The ledger is
 * on a real disk.
 */
export async function bench(): Promise<string> {
  const dir = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'throughput-'));
  const api = await server();
  try {
    for (const rows of [SMALL, LARGE, SMALL * BATCH, LARGE * BATCH])
      await writeFile(join(dir, `${rows}.csv`), cohort(rows));
    const ours = (batch: string) => async (file: string) => {
      // A cohort that another run asked for is refused.
      const own = await mkdtemp(join(dir, 'run-'));
      const cohortFile = join(own, 'cohort.csv');
      await copyFile(file, cohortFile);
      const flags = [
        '--base-url',
        api.url,
        '--phone',
        '919876543210',
        '--no-precheck',
        '--max-rate',
        '1000000/s',
      ];
      const output = ['--log-level', 'silent', '--concurrency', CONCURRENCY];
      return measure([CLI, 'run', cohortFile, ...flags, ...output, '--batch-size', batch], {
        PERISKOPE_API_KEY: api.key,
      });
    };
    const plainly = (file: string) => measure([PLAIN, file, api.url, api.key, CONCURRENCY]);
    const contenders: readonly (readonly [string, number, (file: string) => Promise<Cost>])[] = [
      ['got + p-limit, plainly', 1, plainly],
      ['ours, one person per ask', 1, ours('1')],
      [`ours, --batch-size ${BATCH}`, BATCH, ours(`${BATCH}`)],
    ];
    const samples = new Map<string, { cpu: number[]; rate: number[] }>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, batch, run] of contenders) {
        await api.reset();
        const small = await run(join(dir, `${SMALL * batch}.csv`));
        await api.reset();
        const large = await run(join(dir, `${LARGE * batch}.csv`));
        const rows = (LARGE - SMALL) * batch;
        const sample = samples.get(name) ?? { cpu: [], rate: [] };
        sample.cpu.push((large.cpuMs - small.cpuMs) / rows);
        sample.rate.push((rows / (large.wallMs - small.wallMs)) * 1_000);
        samples.set(name, sample);
      }
    }
    const [first] = [...samples.values()];
    const base = { cpu: median(first?.cpu ?? []), rate: median(first?.rate ?? []) };
    const rows = [...samples].map(([name, { cpu, rate }]) => {
      const [c, r] = [median(cpu), median(rate)];
      return `| ${name} | ${r.toFixed(0)} | ${(r / base.rate).toFixed(2)} × | ${c.toFixed(2)} ms | ${(c / base.cpu).toFixed(2)} × |`;
    });
    return ['| | rows/s | | CPU per row | |', '|---|---:|---:|---:|---:|', ...rows].join('\n');
  } finally {
    api.kill();
    await rm(dir, { recursive: true, force: true });
  }
}
