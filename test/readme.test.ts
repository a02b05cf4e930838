import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../src/domain/errors.ts';
import { STATUS_WORDS } from '../src/report/terminal/explain.ts';
import { built } from './built.ts';
import { SOAK, scratch } from './helpers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

/** Pages with examples: beside what they are about. */
const PAGES = [
  'README.md',
  ...['fixtures/ci', 'fixtures/kubernetes', 'src/cohort', 'src/send', 'src/report', 'src/sandbox'].map(
    (folder) => `${folder}/README.md`,
  ),
];
const pages = await Promise.all(PAGES.map((page) => readFile(join(ROOT, page), 'utf8')));

/** Every ```console block: `$ command` lines, each followed by what it prints. */
const examples = [...pages.join('\n').matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n');
      return { command, output: output.join('\n') };
    }),
);

describe.each(PAGES)('%s', (page) => {
  const text = pages[PAGES.indexOf(page)] ?? '';
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);

  it('links to what exists', async () => {
    for (const path of links) await access(join(ROOT, dirname(page), path));
  });
});

describe('the README', () => {
  it('has 150 lines at most', () => expect(readme.split('\n').length).toBeLessThanOrEqual(151));

  it('has examples', () => expect(examples.length).toBeGreaterThanOrEqual(2));

  // Outside the soak, the first: what `npm run demo` prints.
  it.each(SOAK ? examples : examples.slice(0, 1))(
    'tells the truth about: $command',
    async ({ command, output }) => {
      const dir = await scratch();
      // Without what an earlier demo left beside the cohort: with its ledger, nobody would be asked.
      const filter = (path: string) => !path.includes('.results.csv');
      await cp(join(ROOT, 'fixtures'), join(dir, 'fixtures'), { recursive: true, filter });
      // As npm installs it: a link of that name to the script.
      const bin = join(dir, 'bin');
      await mkdir(bin);
      await symlink(built('cli.js'), join(bin, 'group-onboard'));
      const shim = join(dir, 'group-onboard');
      await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(bin, 'group-onboard')}" "$@"\n`);
      await chmod(shim, 0o755);
      const printed = await new Promise<string>((resolve) => {
        const env = { PATH: `${dir}:${bin}:${process.env['PATH'] ?? ''}`, GROUP_ONBOARD_LOG_LEVEL: 'silent' };
        execFile('sh', ['-c', command], { cwd: dir, env }, (_error, stdout, stderr) =>
          resolve(stdout + stderr),
        );
      });
      expect(printed.trim()).toBe(output.trim());
    },
  );

  it('explains every status and every exit code', () => {
    for (const [status, { meaning, advice }] of Object.entries(STATUS_WORDS)) {
      expect(readme).toContain(`| \`${status}\` | ${meaning} | ${advice} |`);
    }
    for (const exit of Object.values(EXIT))
      expect(readme).toMatch(new RegExp(`^\\| (?:130 / )?${exit}(?: / 143)? \\|`, 'm'));
  });
});

describe('src/README.md', async () => {
  const text = await readFile(join(ROOT, 'src', 'README.md'), 'utf8');
  const paths = [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:ts|md)))`/g)].map(
    ([, path = '']) => path,
  );

  it('names files', () => expect(paths.length).toBeGreaterThan(50));

  it.each([...new Set(paths)])('names what exists: %s', async (path) => {
    await access(path.startsWith('test/') ? join(ROOT, path) : join(ROOT, 'src', path));
  });
});
