/** The package as somebody gets it: packed, installed from the tarball into an empty folder, and run there. */
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const exec = promisify(execFile);

/** What is not on the machine comes from the registry; without one, only CI fails. */
function isOffline(error: unknown): boolean {
  const { stderr = '' } = error as { stderr?: string };
  return !process.env['CI'] && /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(stderr);
}

async function pack(dir: string): Promise<string> {
  // The build is there already, and other tests are running from it.
  const { stdout } = await exec('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
    cwd: ROOT,
  });
  expect(stdout).toContain('.tgz');
  const [file] = (await readdir(dir)).filter((name) => name.endsWith('.tgz'));
  return join(dir, file ?? '');
}

describe('the package', () => {
  it('is installed from its tarball, and runs in an empty folder', async ({ skip }) => {
    const dir = await scratch();
    const tarball = await pack(dir);
    const prefix = join(dir, 'prefix');
    const install = ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', tarball];
    try {
      await exec('npm', install);
    } catch (error) {
      if (isOffline(error)) skip('no registry: the package could not be installed');
      throw error;
    }
    const inside = join(prefix, 'lib/node_modules/group-onboard');
    for (const file of ['LICENSE', 'README.md', 'src/CHANGES.md', 'fixtures/kubernetes/job.yaml']) {
      expect(await readFile(join(inside, file), 'utf8')).not.toBe('');
    }
    expect(JSON.parse(await readFile(join(inside, 'fixtures/summary.schema.json'), 'utf8'))).toHaveProperty(
      'title',
    );
    expect(await readdir(inside)).not.toContain('test');

    const empty = await scratch();
    await cp(join(inside, 'fixtures/cohort.csv'), join(empty, 'cohort.csv'));
    const bin = join(prefix, 'bin/group-onboard');
    const ended = await exec(bin, ['run', 'cohort.csv', '--sandbox', '--no-such-flag'], { cwd: empty }).catch(
      (error: { code: number }) => error,
    );
    expect(ended).toMatchObject({ code: 2 });
    await writeFile(join(empty, 'one.csv'), 'chat_id,phone\n120363371308389685@g.us,919870010001\n');
    const { stderr } = await exec(bin, ['run', 'one.csv', '--sandbox'], { cwd: empty });
    expect(stderr).toContain('1 row (sandbox: nobody was contacted)');
    expect((await readdir(empty)).some((name) => name.endsWith('.results.csv'))).toBe(true);
  });

  it('is run by npx from its tarball, beside a cohort and nothing else', async ({ skip }) => {
    const dir = await scratch();
    const empty = await scratch();
    const name = basename(await pack(empty));
    await writeFile(join(empty, 'one.csv'), 'chat_id,phone\n120363371308389685@g.us,919870010001\n');
    // What npx installs goes with the test; what npm has fetched before is used.
    const { stdout } = await exec('npm', ['config', 'get', 'cache']);
    await symlink(join(stdout.trim(), '_cacache'), join(dir, '_cacache'));
    const env = { ...process.env, npm_config_cache: dir, npm_config_prefer_offline: 'true' };
    const npx = ['--yes', `./${name}`, 'run', 'one.csv', '--sandbox'];
    try {
      const { stderr } = await exec('npx', npx, { cwd: empty, env });
      expect(stderr).toContain('1 row (sandbox: nobody was contacted)');
    } catch (error) {
      if (isOffline(error)) skip('no registry: the package could not be installed');
      throw error;
    }
    const left = ['one.csv', 'one.sandbox.results.csv', 'one.sandbox.results.csv.ledger.jsonl', name];
    expect((await readdir(empty)).sort()).toEqual(left.sort());
  });

  it('cannot be published by mistake', async () => {
    expect(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({ private: true });
  });
});
