import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Io } from '../src/app/io.ts';
import { program } from '../src/cli/program.ts';
import { EXIT } from '../src/domain/errors.ts';
import { scratch } from './helpers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(`${ROOT}fixtures/ci/README.md`, 'utf8');
const files = ['github', 'gitlab'] as const;
const textOf = (file: string) => readFile(`${ROOT}fixtures/ci/${file}.yml`, 'utf8');

const root = program(
  { env: {}, stdout: process.stdout, stderr: process.stderr } as unknown as Io,
  '0.0.0',
  () => {},
);

/** Every `npx --no -- group-onboard …` command, its continued lines joined. */
function commandsIn(text: string): readonly string[] {
  return text
    .replace(/ \\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => /npx --no -- group-onboard (.*)$/.exec(line)?.[1] ?? []);
}

/** The lines inside a `key: |` block, without their indentation. */
function blocksIn(text: string): readonly string[] {
  return [...text.matchAll(/^( *)(?:- )?(?:\w+: )?\|\n((?:\1 {2,}.*\n|\n)+)/gm)].map(([, , body = '']) => {
    const indent = /^ */.exec(body)![0];
    return body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
  });
}

describe.each(files)('the workflow for %s', (file) => {
  it('is in the README as it is here', async () => {
    expect(readme).toContain(`\`\`\`yaml\n${await textOf(file)}\`\`\``);
  });

  it('uses only commands and flags that there are, with values that are understood', async () => {
    const commands = commandsIn(await textOf(file));
    expect(commands.length).toBeGreaterThan(0);
    for (const line of commands) {
      const [name, ...words] = line.replace(/ \|\| .*$/, '').split(' ');
      const command = root.commands.find((one) => one.name() === name);
      expect(command, name).toBeDefined();
      // Throws at an unknown flag, and at a value that its parser refuses.
      const { operands, unknown } = command!.parseOptions(words);
      expect([operands, unknown]).toEqual([['data/cohort.csv'], []]);
      expect(command!.opts()).toMatchObject({ careful: true });
    }
  });

  it('tells finished and to be continued from failed', async () => {
    const text = await textOf(file);
    for (const code of [EXIT.incomplete, EXIT.again]) {
      expect(text).toMatch(new RegExp(file === 'github' ? `^ +${code}\\) echo` : `^ +- ${code} #`, 'm'));
    }
  });

  it('has scripts that a shell can read', async () => {
    const blocks = blocksIn(await textOf(file)).filter((block) => !/^data\//.test(block));
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const script = block.replace(/\$\{\{.*?\}\}/g, 'x');
      expect(() => execFileSync('bash', ['-n', '-c', script], { stdio: 'pipe' })).not.toThrow();
    }
  });

  /** No YAML parser is among the packages: this finds what breaks a file most often. */
  it('is laid out as YAML', async () => {
    const text = await textOf(file);
    expect(text.endsWith('\n')).toBe(true);
    const outside = blocksIn(text).reduce((rest, block) => {
      const lines = block.split('\n').filter((line) => line !== '');
      return rest.filter(
        (line) => !lines.includes(line.trimStart()) && !lines.some((one) => line.endsWith(one)),
      );
    }, text.split('\n'));
    for (const line of text.split('\n')) expect(line).not.toMatch(/\t|\s$/);
    for (const line of outside.filter((one) => one.trim() !== '' && !one.trim().startsWith('#'))) {
      expect(/^ */.exec(line)![0].length % 2, line).toBe(0);
      expect(line).toMatch(/^ *(?:- )?(?:[\w-]+:(?: .+)?|- .+|'.*'|[^:]+)$/);
      // An unquoted value with `: ` or ` #` in it would be cut, or be a mapping.
      const value = /^ *(?:- )?[\w-]+: (.*)$/.exec(line)?.[1] ?? '';
      if (!/^['"|$[]/.test(value)) expect(value.replace(/ # .*$/, ''), line).not.toMatch(/: |^[&*!%@`{}]/);
    }
  });
});

const hasJq = spawnSync('jq', ['--version']).status === 0;

/** A `gh` that knows these artifacts, and the workflow of each run. */
const GH = `#!/bin/bash
shift
[ "$1" = --paginate ] && shift
case $1 in
  */artifacts*) echo '{"artifacts":[
    {"created_at":"2026-01-05","expired":false,"workflow_run":{"id":5,"head_branch":"other"}},
    {"created_at":"2026-01-04","expired":false,"workflow_run":{"id":4,"head_branch":"main"}},
    {"created_at":"2026-01-02","expired":false,"workflow_run":{"id":2,"head_branch":"main"}},
    {"created_at":"2026-01-03","expired":false,"workflow_run":{"id":3,"head_branch":"main"}},
    {"created_at":"2026-01-06","expired":true,"workflow_run":{"id":6,"head_branch":"main"}}]}' ;;
  */runs/4) echo '{"path":".github/workflows/else.yml"}' ;;
  *) echo '{"path":".github/workflows/onboard.yml@main"}' ;;
esac | jq -r "$3"
`;

describe('the ledger that a workflow goes on with', () => {
  it.runIf(hasJq).each([
    ['main', '3'],
    ['other', '5'],
    ['none', ''],
  ])('in GitHub is the newest of the same branch (%s) and workflow: of run “%s”', async (branch, run) => {
    const dir = await scratch();
    await writeFile(join(dir, 'gh'), GH, { mode: 0o755 });
    const script = blocksIn(await textOf('github')).find((block) => block.includes('gh api'));
    execFileSync('bash', ['-e', '-c', script!], {
      stdio: 'ignore',
      env: {
        PATH: `${dir}:${process.env['PATH']}`,
        GITHUB_OUTPUT: join(dir, 'out'),
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_REF_NAME: branch,
        GITHUB_WORKFLOW_REF: `o/r/.github/workflows/onboard.yml@refs/heads/${branch}`,
      },
    });
    expect(await readFile(join(dir, 'out'), 'utf8')).toBe(`run=${run}\n`);
  });

  it('in GitLab has the branch in its name', async () => {
    expect(await textOf('gitlab')).toMatch(/LEDGER_URL: \S+\/ledger-\$CI_COMMIT_REF_SLUG\.jsonl /);
  });
});
