import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const PROCESSES = 4;
/** So many windows' asks, but for those that learning the window costs: else the last would stand alone in another. */
const WINDOWS = 15;
const LEARNING = 2;

interface Counts {
  readonly throttled: number;
  readonly timeline: readonly { readonly at: number; readonly endpoint: string; readonly status: number }[];
}

/** Starts a server, and resolves with what it said once that matches. */
async function serve(command: string, args: readonly string[], ready: RegExp) {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const heard = (async () => {
    let text = '';
    for await (const chunk of child.stdout) {
      text += chunk;
      if (ready.test(text)) return text;
    }
    throw new Error(`${command} ended: ${text}`);
  })();
  return { text: await Promise.race([heard, failed]), kill: () => child.kill('SIGKILL') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function cohort(first: number, people: number): string {
  const lines = Array.from({ length: people }, (_, i) => {
    const number = first + i;
    return `120363371308381${101 + (number % 4)}@g.us,9198${1_000 + Math.floor(number / 4_000)}${1_000 + (number % 4_000)}`;
  });
  return `chat_id,phone\n${lines.join('\n')}\n`;
}

/** What so many processes make of the allowance together, as the sandbox counted it. */
async function together(limit: number, processes: number, redis: string | undefined): Promise<Counts> {
  const dir = await mkdtemp(join(tmpdir(), 'shared-'));
  const flags = ['--port', '0', '--limit', String(limit), '--window', '1s', '--latency', '40ms'];
  const api = await serve(process.execPath, [CLI, 'sandbox', ...flags], /PERISKOPE_API_KEY=\S+ /);
  try {
    const url = /http:\/\/127\.0\.0\.1:\d+\/v1/.exec(api.text)?.[0] ?? '';
    const key = /PERISKOPE_API_KEY=(\S+)/.exec(api.text)?.[1] ?? '';
    const each = Math.floor((limit * WINDOWS - LEARNING) / processes);
    const env = {
      ...process.env,
      PERISKOPE_API_KEY: key,
      ...(redis ? { GROUP_ONBOARD_REDIS_URL: redis } : {}),
    };
    const runs = Array.from({ length: processes }, async (_, i) => {
      const path = join(dir, `cohort-${i}.csv`);
      await writeFile(path, cohort(i * each, each));
      const args = ['run', path, '--base-url', url, '--phone', '919876543210', '--no-precheck', '-q'];
      const child = spawn(process.execPath, [CLI, ...args], { env, stdio: 'ignore' });
      await new Promise((resolve) => child.once('exit', resolve));
    });
    await Promise.all(runs);
    return (await (await fetch(new URL('/_sandbox', url))).json()) as Counts;
  } finally {
    api.kill();
    await rm(dir, { recursive: true, force: true });
  }
}

/** One process, four that know nothing of each other, and four that share: one after the other. Needs redis-server. */
export async function bench(): Promise<string> {
  const port = String(await freePort());
  const quiet = ['--save', '', '--appendonly', 'no'];
  const redis = await serve(
    'redis-server',
    ['--port', port, '--bind', '127.0.0.1', ...quiet],
    /Ready to accept connections/,
  ).catch(() => undefined);
  if (redis === undefined) return 'skipped: there is no redis-server here (Debian’s package redis-server)';
  try {
    const rows: string[] = [];
    for (const limit of [10, 100]) {
      for (const [name, processes, url] of [
        ['one process', 1, undefined],
        [`${PROCESSES} processes`, PROCESSES, undefined],
        [`${PROCESSES} processes, --redis-url`, PROCESSES, `redis://127.0.0.1:${port}`],
      ] as const) {
        const { throttled, timeline } = await together(limit, processes, url);
        const at = timeline
          .filter((one) => one.endpoint === 'add' && one.status === 200)
          .map((one) => one.at);
        const tookMs = (at.at(-1) ?? 0) - (at[0] ?? 0);
        const used = ((at.length / limit - 1) * 1_000) / tookMs;
        rows.push(`| ${limit} per second | ${name} | ${(used * 100).toFixed(1)} % | ${throttled} |`);
      }
    }
    return ['| limit | | of the allowance | throttled |', '|---|---|---:|---:|', ...rows].join('\n');
  } finally {
    redis.kill();
  }
}
