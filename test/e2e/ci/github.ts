/**
 * GitHub Actions as far as our workflow needs them: steps in their order, conditions and expressions by GitHub’s own
 * evaluator, scripts in bash, and artifacts that outlive a run, each name once in a run. `npx` is the built CLI against
 * the sandbox, and `gh` knows the artifacts.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { parse } from 'yaml';
import { built } from '../../built.ts';
import { scratch } from '../../helpers.ts';
import type { SandboxProcess } from '../harness.ts';

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
}

export interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: { readonly onboard: { readonly steps: readonly Step[] } };
}

interface Artifact {
  readonly name: string;
  readonly run: number;
  readonly branch: string;
  readonly at: string;
  readonly folder: string;
}

export interface Start {
  readonly branch?: string;
  readonly workflow?: string;
  /** The run whose jobs are run again. */
  readonly again?: number;
  readonly inputs?: { readonly first_run?: boolean; readonly after_loss?: boolean };
  readonly cohort?: string;
  /** Artifacts whose upload fails. */
  readonly refused?: RegExp;
  /** The machine is gone after this step. */
  readonly lostAfter?: string;
  /** GitHub’s API does not answer. */
  readonly down?: boolean;
}

export interface Ran {
  readonly id: number;
  readonly outcome: string;
  readonly log: string;
  /** What became of each step that has a name. */
  readonly steps: Readonly<Record<string, string>>;
}

const SHIMS = {
  npm: '#!/bin/sh\n',
  // npx --no -- group-onboard …
  npx: `#!/bin/sh\nshift 3\nexec "${process.execPath}" "${built('cli.js')}" "$@"\n`,
  // gh api [--paginate] PATH --jq FILTER: a document for each page, and the filter on each.
  gh: `#!/bin/bash
[ -z "$DOWN" ] || { echo 'HTTP 503' >&2; exit 1; }
[ "$2" = --paginate ] && shift
case $2 in
  repos/o/r/actions/artifacts*) jq -r "$4" "$HUB/artifacts.json" ;;
  repos/o/r/actions/runs/*) jq -r "$4" "$HUB/run-\${2##*/}.json" ;;
  *) exit 1 ;;
esac
`,
};

/** A repository with its runs and artifacts. */
export async function gitHub(text: string, api: SandboxProcess) {
  const hub = await scratch();
  const workflow = parse(text) as Workflow;
  for (const [name, script] of Object.entries(SHIMS)) {
    await mkdir(join(hub, 'bin'), { recursive: true });
    await writeFile(join(hub, 'bin', name), script, { mode: 0o755 });
  }
  const artifacts: Artifact[] = [];
  const attempts = new Map<number, number>();

  /** As the API lists them: in no order that helps, a few to a page. */
  async function list(): Promise<void> {
    const listed = artifacts.map(({ name, run, branch, at }) => ({
      name,
      expired: false,
      created_at: at,
      workflow_run: { id: run, head_branch: branch, head_repository_id: 1, repository_id: 1 },
    }));
    const pages = Array.from({ length: Math.ceil(listed.length / 3) }, (_, i) =>
      JSON.stringify({ artifacts: listed.slice(3 * i, 3 * i + 3) }),
    );
    await writeFile(join(hub, 'artifacts.json'), pages.join('\n'));
  }

  async function run(start: Start = {}): Promise<Ran> {
    const id = start.again ?? 100 + attempts.size;
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    const branch = start.branch ?? 'main';
    const file = `.github/workflows/${start.workflow ?? 'onboard.yml'}`;
    await writeFile(join(hub, `run-${id}.json`), JSON.stringify({ path: `${file}@${branch}` }));
    await list();
    const dir = await mkdtemp(join(hub, 'work-'));
    await mkdir(join(dir, 'data'));
    await writeFile(join(dir, 'data/cohort.csv'), start.cohort ?? '');

    const steps: Record<string, { outcome: string; outputs: Record<string, string> }> = {};
    const named: Record<string, string> = {};
    let log = '';
    let failed = false;

    async function evaluated(expression: string): Promise<string> {
      const contexts = {
        github: { run_id: id, run_attempt: attempt, token: 't' },
        inputs: start.inputs ?? {},
        env: workflowEnv,
        secrets: { PERISKOPE_API_KEY: api.env['PERISKOPE_API_KEY'], PERISKOPE_PHONE: '919876543210' },
        steps,
      };
      const exists = async (path: string) =>
        (await stat(join(dir, path)).catch(() => undefined))?.isFile() === true;
      const hash = (await exists(workflowEnv['LEDGER'] ?? '')) ? 'hash' : '';
      const functions = [
        { name: 'always', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(true) },
        { name: 'success', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(!failed) },
        // Of one file, the ledger.
        {
          name: 'hashFiles',
          minArgs: 1,
          maxArgs: 1,
          call: (path: data.ExpressionData) => {
            if (path.coerceString() !== workflowEnv['LEDGER']) throw new Error(path.coerceString());
            return new data.StringData(hash);
          },
        },
      ];
      const { tokens } = new Lexer(expression).lex();
      const tree = new Parser(tokens, Object.keys(contexts), functions).parse();
      const known = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
      const byName = new Map(functions.map((one) => [one.name.toLowerCase(), one]));
      return new Evaluator(tree, known, byName).evaluate().coerceString();
    }

    /** Text with its `${{ … }}` filled in. */
    async function filled(value: string | number | boolean): Promise<string> {
      let whole = String(value);
      for (const [mark, expression = ''] of whole.matchAll(/\$\{\{(.*?)\}\}/g))
        whole = whole.replace(mark, await evaluated(expression.trim()));
      return whole;
    }

    const workflowEnv: Record<string, string> = {};
    for (const [name, value] of Object.entries(workflow.env)) workflowEnv[name] = await filled(value);

    async function script(step: Step, output: string): Promise<boolean> {
      const env: Record<string, string> = {
        ...workflowEnv,
        PATH: `${hub}/bin:${process.env['PATH'] ?? ''}`,
        HUB: hub,
        DOWN: start.down ? '1' : '',
        RUNNER_TEMP: await mkdtemp(join(hub, 'temp-')),
        GITHUB_OUTPUT: output,
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_REF_NAME: branch,
        GITHUB_WORKFLOW_REF: `o/r/${file}@refs/heads/${branch}`,
        PERISKOPE_BASE_URL: api.url,
        // The careful pace, without its pauses.
        GROUP_ONBOARD_GAP: '1ms..2ms',
      };
      for (const [name, value] of Object.entries(step.env ?? {})) env[name] = await filled(value);
      const text = await filled(step.run ?? '');
      return new Promise((resolve) => {
        execFile('bash', ['-e', '-c', text], { cwd: dir, env }, (error, stdout, stderr) => {
          log += stdout + stderr;
          resolve(error === null);
        });
      });
    }

    async function upload(wanted: Readonly<Record<string, string>>): Promise<boolean> {
      const { name = '', path = '' } = wanted;
      if (start.refused?.test(name) || artifacts.some((one) => one.run === id && one.name === name)) {
        log += `upload of ${name} failed\n`;
        return false;
      }
      const paths: string[] = [];
      for (const one of path.split('\n').filter(Boolean))
        if (await stat(join(dir, one)).catch(() => undefined)) paths.push(one);
      if (paths.length === 0) return wanted['if-no-files-found'] !== 'error';
      const folder = await mkdtemp(join(hub, 'artifact-'));
      // One file lies at the top of its artifact; several keep their folders.
      const top = paths.length === 1 ? dirname(paths[0] ?? '') : '.';
      for (const one of paths)
        await cp(join(dir, one), join(folder, one.slice(top === '.' ? 0 : top.length)), { recursive: true });
      const at = new Date(Date.UTC(2026, 0, 1, 0, artifacts.length)).toISOString();
      artifacts.push({ name, run: id, branch, at, folder });
      return true;
    }

    async function download(wanted: Readonly<Record<string, string>>): Promise<boolean> {
      const found = artifacts.find(
        ({ name, run }) => name === wanted['name'] && String(run) === wanted['run-id'],
      );
      if (found) await cp(found.folder, join(dir, wanted['path'] ?? '.'), { recursive: true });
      return found !== undefined;
    }

    async function action(step: Step): Promise<boolean> {
      const wanted: Record<string, string> = {};
      for (const [name, value] of Object.entries(step.with ?? {})) wanted[name] = await filled(value);
      const uses = step.uses ?? '';
      if (/^actions\/(checkout|setup-node)@/.test(uses)) return true;
      if (uses.startsWith('actions/upload-artifact@')) return upload(wanted);
      if (uses.startsWith('actions/download-artifact@')) return download(wanted);
      throw new Error(`an action that is not known here: ${uses}`);
    }

    for (const step of workflow.jobs.onboard.steps) {
      const condition = step.if ?? 'success()';
      const whole = /\b(?:always|success)\(/.test(condition) ? condition : `success() && (${condition})`;
      let outcome = 'skipped';
      const output = join(hub, `output-${id}-${attempt}`);
      await writeFile(output, '');
      if (!['', 'false'].includes(await evaluated(whole))) {
        const good = step.uses ? await action(step) : await script(step, output);
        outcome = good ? 'success' : 'failure';
        failed ||= !good;
      }
      const lines = (await readFile(output, 'utf8')).split('\n').filter(Boolean);
      const outputs = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
      if (step.id) steps[step.id] = { outcome, outputs };
      if (step.name) named[step.name] = outcome;
      if (step.name !== undefined && step.name === start.lostAfter)
        return { id, outcome: 'lost', log, steps: named };
    }
    return { id, outcome: failed ? 'failure' : 'success', log, steps: named };
  }

  return { run, names: () => artifacts.map(({ name }) => name) };
}
