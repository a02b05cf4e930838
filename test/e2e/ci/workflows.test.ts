/** The workflows beside the README: what GitHub and GitLab say against them, and what we promise. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Io } from '../../../src/app/io.ts';
import { program } from '../../../src/cli/program.ts';
import { EXIT } from '../../../src/domain/errors.ts';
import type { Workflow } from './github.ts';
import { complaints } from './github-schema.ts';
import { type Job, read } from './gitlab.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const files = ['github', 'gitlab'] as const;
const [github, gitlab] = (await Promise.all(
  files.map((file) => readFile(join(ROOT, `fixtures/ci/${file}.yml`), 'utf8')),
)) as [string, string];
const readme = await readFile(join(ROOT, 'fixtures/ci/README.md'), 'utf8');
const workflow = parseAllDocuments(github)[0]!.toJS() as Workflow;
const steps = workflow.jobs.onboard.steps;
const job = (parseAllDocuments(gitlab).at(-1)!.toJS() as { onboard: Omit<Job, 'image'> & { image: string } })
  .onboard;

const SCRIPTS = {
  github: steps.flatMap(({ run }) => run ?? []),
  gitlab: [...job.before_script, ...job.script],
};

const root = program(
  { env: {}, stdout: process.stdout, stderr: process.stderr } as unknown as Io,
  '0.0.0',
  () => {},
);

describe.each(files)('the workflow for %s', (file) => {
  it('is linked from the README', () => expect(readme).toContain(`](${file}.yml)`));

  it('uses only commands and flags that there are, with values that are understood', () => {
    const commands = SCRIPTS[file]
      .join('\n')
      .replace(/ \\\n\s*/g, ' ')
      .split('\n')
      .flatMap((line) => /npx --no -- group-onboard (.*)$/.exec(line)?.[1] ?? []);
    expect(commands).toHaveLength(1);
    const [name, ...words] = commands[0]!.replace(/ \|\| .*$/, '').split(' ');
    const command = root.commands.find((one) => one.name() === name);
    expect(command, name).toBeDefined();
    // Throws at an unknown flag, and at a value that its parser refuses.
    const { operands, unknown } = command!.parseOptions(words);
    expect([operands, unknown]).toEqual([['data/cohort.csv'], []]);
    expect(command!.opts()).toMatchObject({ careful: true });
  });

  it.each(SCRIPTS[file].map((script, i) => [i, script] as const))(
    'a shell can read script %i',
    async (_i, script) => {
      const text = script.replace(/\$\{\{.*?\}\}/g, 'x');
      await promisify(execFile)('bash', ['-n', '-c', text]);
    },
  );
});

describe('the workflow for github', () => {
  it('is what GitHub’s schema asks for', async () => expect(await complaints(github)).toEqual([]));

  it.each([
    ['a key', 'timeout-minutes:', 'timeout-minute:'],
    ['a permission', 'actions: read', 'actions: reed'],
    ['an hour', "'30 4 * * 1-6'", "'30 44 * * 1-6'"],
    ['a context', 'steps.last.outputs.run', 'stps.last.outputs.run'],
    ['a function', 'hashFiles(', 'hashFile('],
  ])('a mistake in it is found: %s', async (_what, right, wrong) => {
    expect(github).toContain(right);
    expect(await complaints(github.replace(right, wrong))).not.toEqual([]);
  });

  it('names its actions by commit, and their versions beside', () => {
    const uses = [...github.matchAll(/uses: (.*)/g)].map(([, one = '']) => one);
    expect(uses.length).toBeGreaterThan(0);
    for (const one of uses) expect(one).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('gives each artifact a name of its run and attempt, and time to end in good order', () => {
    const names = steps.flatMap(({ uses = '', with: inputs }) =>
      uses.includes('upload-artifact') ? String(inputs?.['name']) : [],
    );
    for (const name of names) expect(name).toMatch(/-\$\{\{ env\.RUN \}\}$/);
    expect(new Set(names).size).toBe(3);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub’s
    expect(workflow.env['RUN']).toBe('${{ github.run_id }}-${{ github.run_attempt }}');
  });

  it('tells finished and to be continued from failed', () => {
    for (const code of [EXIT.incomplete, EXIT.again])
      expect(github).toMatch(new RegExp(`^ +${code}\\) echo`, 'm'));
  });
});

describe('the workflow for gitlab', () => {
  it('is what GitLab’s schema asks for', async () =>
    expect(await read(gitlab)).toMatchObject({ image: { name: job.image } }));

  it.each([
    ['a key', 'interruptible:', 'interruptable:'],
    ['a value', 'when: always', 'when: allways'],
    ['an input', "default: 'false'", "default: 'no'"],
  ])('a mistake in it is found: %s', async (_what, right, wrong) => {
    expect(gitlab).toContain(right);
    expect(await read(gitlab.replace(right, wrong))).toEqual(expect.any(String));
  });

  it('runs in the image that the Dockerfile is built from, by digest', async () => {
    const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
    expect(dockerfile).toContain(`/${job.image}\n`);
    expect(job.image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('tells finished and to be continued from failed, and keeps the ledger among its artifacts, too', () => {
    expect(job.allow_failure.exit_codes).toEqual([EXIT.incomplete, EXIT.again]);
    expect(job.artifacts.paths).toContain(job.variables['LEDGER']);
  });
});
