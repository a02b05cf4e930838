/**
 * The image, built and run for real. Needs a Docker engine (the client's DOCKER_HOST) that has, or can pull, the base image;
 * where there is none the tests are skipped, in CI too, and it is said.
 */
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { EXIT } from '../../src/domain/errors.ts';
import { type Counts, cli, csv, FIXTURES, phone, SENDER } from '../e2e/harness.ts';
import { scratch } from '../helpers.ts';
import { first, JOBS, podOf } from '../kubernetes/manifests.ts';
import { ask, BASE, BUILD_FLAGS, type Container, container, docker, ROOT, whyNot } from './docker.ts';

const missing = await whyNot();
if (missing !== undefined) console.warn(`SKIPPED: the container image is not tested here: ${missing}`);

const MB = 1_000_000;
const image = `group-onboard-test:${randomUUID()}`;
const again = `${image}-again`;

async function build(tag: string, ...flags: readonly string[]): Promise<void> {
  await ask('build', ...BUILD_FLAGS, ...flags, '--build-arg', 'REVISION=4f2c9e1', '--tag', tag, ROOT);
}

async function inspect<T>(what: string, format: string): Promise<T> {
  return JSON.parse(await ask('image', 'inspect', '--format', `{{json ${format}}}`, what)) as T;
}

const start = (flags: readonly string[], ...args: readonly string[]) => container(image, flags, ...args);
const run = (flags: readonly string[], ...args: readonly string[]) => start(flags, ...args).ended;
const node = (flags: readonly string[], script: string) =>
  run(['--entrypoint=node', ...flags], '--input-type=module', '--eval', script);

/** A directory that anybody may write to, as the container's user is none of this machine's. */
async function data(cohort?: string): Promise<{ dir: string; mount: string }> {
  const dir = join(await scratch(), 'data');
  await mkdir(dir);
  const file = join(dir, 'cohort.csv');
  if (cohort === undefined) await copyFile(join(FIXTURES, 'cohort.csv'), file);
  else await writeFile(file, cohort);
  await chmod(file, 0o644);
  await chmod(dir, 0o777);
  return { dir, mount: `--volume=${dir}:/data` };
}

/** What is on the volume, read by who may: status/reason_code of every row. */
async function rows(mount: string): Promise<readonly string[]> {
  const { stdout } = await node(
    [mount],
    "import { readFileSync } from 'node:fs'; process.stdout.write(readFileSync('/data/cohort.results.csv'))",
  );
  return outcomes(stdout);
}

function outcomes(text: string): readonly string[] {
  const records = parse(text, { columns: true, bom: true }) as Record<string, string>[];
  return records.map((row) => [row['status'], row['reason_code']].filter(Boolean).join('/'));
}

/** The sandbox in a container of its own. `flags` put another one beside it, into the same network of nobody else. */
async function sandbox(...flags: readonly string[]) {
  const served = start([], 'sandbox', '--port', '8080', ...flags);
  const text = await served.shows('PERISKOPE_API_KEY=');
  const url = text.match(/http:\/\/127\.0\.0\.1:\d+\/v1/)?.[0] ?? '';
  const beside = `--network=container:${served.name}`;
  return {
    beside,
    key: text.match(/PERISKOPE_API_KEY=(\S+)/)?.[1] ?? '',
    args: ['--base-url', url, '--phone', SENDER],
    counts: async () => {
      const script = `process.stdout.write(await (await fetch('${new URL('/_sandbox', url)}')).text())`;
      return JSON.parse((await node([beside], script)).stdout) as Counts;
    },
    stop: async () => {
      await docker('stop', served.name);
      return (await served.ended).code;
    },
  };
}

/** Until so much has been written: the ledger's size can be seen where its content cannot. */
async function ledgerHas(dir: string, running: Container, bytes: number): Promise<void> {
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  const size = () =>
    stat(join(dir, 'cohort.results.csv.ledger.jsonl')).then(
      (file) => file.size,
      () => 0,
    );
  while ((await size()) < bytes) {
    if (over) throw new Error(`ended before that: ${(await running.ended).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const people = (n: number) => csv(Array.from({ length: n }, (_, i) => phone(i)));

describe.skipIf(missing !== undefined)('the container image', () => {
  beforeAll(() => build(image), 600_000);
  afterAll(async () => {
    await docker('image', 'rm', '--force', image, again);
  });

  it('is the same, layer by layer, when it is built again from nothing', { timeout: 600_000 }, async () => {
    await build(again, '--no-cache');
    const layers = (what: string) => inspect<readonly string[]>(what, '.RootFS.Layers');
    expect(await layers(again)).toEqual(await layers(image));
    expect((await layers(image)).length).toBeGreaterThan((await layers(BASE)).length);
  });

  it('adds 25 MB to its base at most', async () => {
    const [ours, base] = await Promise.all([image, BASE].map((what) => inspect<number>(what, '.Size')));
    expect(ours! - base!).toBeGreaterThan(0);
    expect(ours! - base!).toBeLessThanOrEqual(25 * MB);
  });

  it('says what it is, and how it wants to be run', async () => {
    const config = await inspect<Record<string, unknown>>(image, '.Config');
    expect(config['Labels']).toMatchObject({
      'org.opencontainers.image.title': manifest.name,
      'org.opencontainers.image.description': manifest.description,
      'org.opencontainers.image.version': manifest.version,
      'org.opencontainers.image.licenses': manifest.license,
      'org.opencontainers.image.revision': '4f2c9e1',
      'org.opencontainers.image.base.name': BASE,
    });
    expect(config).toMatchObject({
      User: '1000:1000',
      WorkingDir: '/data',
      StopSignal: 'SIGTERM',
      Entrypoint: ['node', '/app/dist/cli.js'],
      Volumes: { '/data': {} },
    });
  });

  it('--help, which is also what it does by itself', async () => {
    const asked = await run([], '--help');
    expect(asked).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(asked.stdout).toContain('Usage: group-onboard');
    expect(await run([])).toEqual(asked);
  });

  it('holds no development dependency, and nothing that its user may change', async () => {
    const script = `
      import { accessSync, constants, globSync, readdirSync } from 'node:fs';
      const mine = (path) => { try { accessSync(path, constants.W_OK); return true } catch { return false } };
      const files = globSync('/app/**', { withFileTypes: true }).map((entry) => entry.parentPath + '/' + entry.name);
      console.log(JSON.stringify({
        top: readdirSync('/app').sort(),
        there: ${JSON.stringify(Object.keys(manifest.devDependencies))}.filter((name) => files.includes('/app/node_modules/' + name)),
        files: files.length,
        changeable: files.filter(mine),
      }))`;
    // Without --read-only, which would hide it.
    const { stdout } = await node(['--read-only=false'], script);
    const found = JSON.parse(stdout) as { files: number };
    expect(found).toMatchObject({ top: ['dist', 'node_modules', 'package.json'], there: [], changeable: [] });
    expect(found.files).toBeGreaterThan(500);
  });

  it('runs a cohort as it is run outside: same exit code, same outcomes, all of it on /data', async () => {
    const outside = await scratch();
    await copyFile(join(FIXTURES, 'cohort.csv'), join(outside, 'cohort.csv'));
    const there = await cli(['run', join(outside, 'cohort.csv'), '--sandbox', '-o', '-']);
    expect(there.code).toBe(EXIT.incomplete);

    const { dir, mount } = await data();
    const running = start(
      [mount],
      ...['run', 'cohort.csv', '--sandbox', '--output', 'cohort.results.csv', '--report', 'page.html'],
    );
    const here = await running.ended;
    expect(here.code, here.stderr).toBe(there.code);
    expect(await rows(mount)).toEqual(outcomes(there.stdout));
    expect((await stat(join(dir, 'page.html'))).size).toBeGreaterThan(10_000);
    expect(await ask('diff', running.name)).toBe('');
  });

  it('writes nothing beside /data even where it could', async () => {
    const { mount } = await data();
    const running = start([mount, '--read-only=false'], 'run', 'cohort.csv', '--sandbox');
    expect((await running.ended).code).toBe(EXIT.incomplete);
    expect(await ask('diff', running.name)).toBe('');
  });

  it('needs no shell', async () => {
    const { mount } = await data();
    const shells = ['bash', 'dash'].map((name) => `--volume=/dev/null:/usr/bin/${name}:ro`);
    // The engine's own codes for a command that cannot be started.
    expect([126, 127]).toContain((await run(['--entrypoint=sh', ...shells], '-c', 'true')).code);
    expect((await run([mount, ...shells], 'run', 'cohort.csv', '--sandbox')).code).toBe(EXIT.incomplete);
  });

  it('a volume that docker makes for it can be written to', async () => {
    const { stdout } = await node(
      [],
      "(await import('node:fs')).writeFileSync('/data/a', ''); console.log('written')",
    );
    expect(stdout).toBe('written\n');
  });

  it('check, report and follow-up', async () => {
    const api = await sandbox();
    const { dir, mount } = await data();
    expect((await run([mount], 'check', 'cohort.csv')).code).toBe(EXIT.incomplete);
    const flags = [mount, api.beside, `--env=PERISKOPE_API_KEY=${api.key}`];
    expect((await run(flags, 'run', 'cohort.csv', ...api.args)).code).toBe(EXIT.incomplete);
    expect((await run([mount], 'report', 'cohort.results.csv')).code).toBe(EXIT.ok);
    expect((await stat(join(dir, 'cohort.results.html'))).size).toBeGreaterThan(10_000);
    const followed = await run(flags, 'follow-up', 'cohort.results.csv', ...api.args);
    expect(followed.code, followed.stderr).toBe(EXIT.incomplete);
    expect(followed.stdout + followed.stderr).toContain('Business Analytics');
    expect(await api.stop()).toBe(EXIT.ok);
  });

  it('what is loaded only when it is asked for is there', async () => {
    expect(
      (await node([], "process.chdir('/app'); await import('/app/node_modules/ioredis/built/index.js')"))
        .stderr,
    ).toBe('');
  });

  it('a wrong key: 5, and nobody is asked', async () => {
    const api = await sandbox();
    const { mount } = await data();
    const ended = await run(
      [mount, api.beside, '--env=PERISKOPE_API_KEY=wrong-key'],
      'run',
      'cohort.csv',
      ...api.args,
    );
    expect(ended.code, ended.stderr).toBe(EXIT.safety);
    expect(ended.stderr).not.toContain('wrong-key');
    expect((await rows(mount)).filter((row) => row === 'not_attempted/key_rejected')).toHaveLength(55);
    expect((await api.counts()).pairs).toEqual({});
  });

  it('a key from a file', async () => {
    const api = await sandbox('--limit', '1000');
    const { dir, mount } = await data(people(2));
    await writeFile(join(dir, 'key'), `${api.key}\n`);
    const flags = [mount, api.beside, '--env=PERISKOPE_API_KEY_FILE=/data/key'];
    expect((await run(flags, 'run', 'cohort.csv', ...api.args)).code).toBe(EXIT.ok);
  });

  it('as the Job of fixtures/kubernetes starts it, with its mounts and variables (but no pause between asks)', async () => {
    const api = await sandbox('--limit', '1000');
    const { dir, mount } = await data();
    const secrets = {
      'cohort/cohort.csv': await readFile(join(FIXTURES, 'cohort.csv')),
      'periskope/api-key': api.key,
    };
    for (const [path, content] of Object.entries(secrets)) {
      await mkdir(join(dir, '..', path, '..'), { recursive: true });
      await writeFile(join(dir, '..', path), content);
    }
    const { args = [], env = [], volumeMounts = [] } = podOf(JOBS[0]![1]).containers[0]!;
    const volumes = volumeMounts.map(({ name, mountPath, readOnly }) =>
      name === 'data' ? mount : `--volume=${join(dir, '..', name)}:${mountPath}${readOnly ? ':ro' : ''}`,
    );
    const variables = env.map(({ name, value = SENDER }) => `--env=${name}=${value}`);
    const command = [...args.filter((arg) => arg !== '--careful'), ...api.args.slice(0, 2)];
    const ended = await run([api.beside, ...volumes, ...variables], ...command);
    expect(ended.code, ended.stderr).toBe(EXIT.incomplete);
    expect(await rows(mount)).toHaveLength(65);
    expect(Object.keys((await api.counts()).senders)).toEqual([SENDER]);

    // And the pod that results are read through.
    const [program = '', ...words] =
      first<{ spec: IPodSpec }>('results.yaml').spec.containers[0]?.command ?? [];
    const looking = start([`--entrypoint=${program}`, mount], ...words);
    await vi.waitUntil(async () => (await docker('exec', looking.name, 'true')).code === 0, {
      timeout: 30_000,
    });
    expect(outcomes(await ask('exec', looking.name, 'cat', '/data/cohort.results.csv'))).toEqual(
      await rows(mount),
    );
    await ask('stop', looking.name);
    expect((await looking.ended).code).toBe(0);
  });

  it('a read-only /data: 2, with one line that says so', async () => {
    const { mount } = await data();
    const ended = await run([`${mount}:ro`], 'run', 'cohort.csv', '--sandbox');
    expect(ended).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(ended.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^group-onboard: cohort\.sandbox\.results\.csv: .*read-only/),
    ]);
  });

  it('SIGTERM to PID 1, which is node: asks in flight end, the results are written, 143; the next one goes on', async () => {
    const api = await sandbox('--limit', '1000', '--latency', '2s');
    const { dir, mount } = await data(people(6));
    const flags = [mount, api.beside, `--env=PERISKOPE_API_KEY=${api.key}`];
    const command = ['run', 'cohort.csv', ...api.args, '--no-precheck', '--concurrency', '1'];
    const running = start(flags, ...command);
    await running.shows('cohort read');
    const header = (await stat(join(dir, 'cohort.results.csv.ledger.jsonl'))).size;
    await ledgerHas(dir, running, header + 1);
    const processes = (await ask('top', running.name, '-o', 'pid,args')).split('\n').slice(1);
    expect(processes).toEqual([expect.stringMatching(/^ *\d+ +node \/app\/dist\/cli\.js run cohort\.csv /)]);
    await ask('stop', '--time', '30', running.name);
    const ended = await running.ended;
    expect(ended.code, ended.stderr).toBe(EXIT.sigterm);
    const before = await rows(mount);
    expect(before).toHaveLength(6);
    expect(before[0]).toBe('added');
    expect(before.at(-1)).toBe('not_attempted/interrupted');

    expect((await run(flags, ...command)).code).toBe(EXIT.ok);
    expect(await rows(mount)).toEqual(Array(6).fill('added'));
    const { pairs } = await api.counts();
    expect(Object.values(pairs).map((pair) => pair.asked)).toEqual(Array(6).fill(1));
  });

  it('SIGTERM ends it also where there is nothing to drain', async () => {
    const { mount } = await data();
    const waiting = start([mount, '--interactive'], 'check', '-');
    let code: number | null | undefined;
    void waiting.ended.then((ended) => {
      code = ended.code;
    });
    // Again and again, as the first ones come before node can hear them.
    await vi.waitUntil(
      async () => {
        await docker('kill', '--signal=TERM', waiting.name);
        return code !== undefined;
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(code).toBe(EXIT.sigterm);
  });

  it('killed at once, as by a node that fails: another container goes on, and asks nobody twice', async () => {
    const api = await sandbox('--limit', '1000', '--latency', '500ms');
    const { dir, mount } = await data(people(6));
    const flags = [mount, api.beside, `--env=PERISKOPE_API_KEY=${api.key}`];
    const command = ['run', 'cohort.csv', ...api.args, '--no-precheck', '--concurrency', '1'];
    const running = start(flags, ...command);
    await ledgerHas(dir, running, 600);
    await ask('kill', running.name);
    expect((await running.ended).code).toBe(137);
    const ended = await run(flags, ...command);
    expect([EXIT.ok, EXIT.incomplete], ended.stderr).toContain(ended.code);
    const { pairs } = await api.counts();
    expect(Object.values(pairs).map((pair) => pair.asked)).toEqual(Array(6).fill(1));
    expect((await rows(mount)).filter((row) => row.startsWith('added')).length).toBeGreaterThanOrEqual(5);
  });
});
