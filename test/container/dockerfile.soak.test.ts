/** What the image's build takes away and checks, done here without an engine: its own commands, in a folder of the test. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { scratch } from '../helpers.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

/** The commands of the RUN instructions, continued lines joined. */
async function commands(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  return [...text.replace(/\\\n/g, ' ').matchAll(/^RUN (.*)$/gm)].map(([, command]) => command as string);
}

it('what the image leaves out is needed by nothing that it keeps', { timeout: 600_000 }, async () => {
  const app = join(await scratch(), 'app');
  const { stdout } = await run('npm', ['ls', '--all', '--omit=dev', '--parseable'], { cwd: ROOT });
  const packages = stdout.split('\n').filter((path) => path.includes('node_modules'));
  expect(packages.length).toBeGreaterThan(20);
  await mkdir(join(app, 'node_modules/.bin'), { recursive: true });
  for (const path of packages) await cp(path, join(app, relative(ROOT, path)), { recursive: true });
  for (const name of ['dist', 'package.json'])
    await cp(join(ROOT, name), join(app, name), { recursive: true });

  const all = await commands();
  const strip = all.find((command) => command.startsWith('cd node_modules'));
  const check = all.find((command) => command.includes('dist/cli.js --help'));
  const shell = (command = 'exit 99') =>
    run('sh', ['-c', command.replaceAll('/layout/app', app)], { cwd: app });
  await shell(strip);
  await shell(check);

  await shell('rm -r node_modules/got');
  await expect(shell(check), 'the check sees what is missing').rejects.toThrow('got');
});
