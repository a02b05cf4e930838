/** The manifests: against Kubernetes' own schema, against its types (which know every field), and against what we promise. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IJobSpec } from 'kubernetes-models/batch/v1/JobSpec';
import type { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import type { Io } from '../../src/app/io.ts';
import { program } from '../../src/cli/program.ts';
import { EXIT } from '../../src/domain/errors.ts';
import { parseDuration } from '../../src/lib/units.ts';
import {
  all,
  documents,
  FOLDER,
  files,
  first,
  JOBS,
  misfits,
  PODS,
  podOf,
  ROOT,
  texts,
  validated,
} from './manifests.ts';

const readme = await readFile(join(ROOT, 'fixtures/kubernetes/README.md'), 'utf8');
const sources = await Promise.all(
  (await readdir(join(ROOT, 'src'), { recursive: true }))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFile(join(ROOT, 'src', file), 'utf8')),
);

/** What Kubernetes does about an exit code: the first rule that matches. */
function actionOn(job: IJobSpec, code: number): string {
  const rule = job.podFailurePolicy?.rules.find(
    ({ onExitCodes: on }) => on?.operator === 'In' && on.values.includes(code),
  );
  return rule?.action ?? 'Count';
}

function runCommand() {
  const io = { env: {}, stdout: process.stdout, stderr: process.stderr } as unknown as Io;
  const command = program(io, '0.0.0', () => {}).commands.find((one) => one.name() === 'run');
  if (command === undefined) throw new Error('there is no command run');
  return command;
}

function optionsOf(args: readonly string[]) {
  const command = runCommand();
  // Throws at a value that its parser refuses.
  const { operands, unknown } = command.parseOptions([...args.slice(1)]);
  return { operands, unknown, options: command.opts() as Record<string, unknown> };
}

const CLAIMS = all.filter(
  ({ kind }) => kind === 'PersistentVolumeClaim',
) as unknown as readonly PersistentVolumeClaim[];

describe('the manifests', () => {
  it('are those that the README names', () => {
    expect(files).toEqual(['cronjob.yaml', 'indexed-job.yaml', 'job.yaml', 'results.yaml', 'storage.yaml']);
    for (const file of files) expect(readme).toContain(`fixtures/kubernetes/${file}`);
  });

  it('are what Kubernetes’ schema asks for, and hold no field that its types do not know', async () => {
    for (const plain of all) expect(() => validated(plain)).not.toThrow();
    expect(await misfits(...all)).toBe('');
  });

  describe('a mistake in one of them is found', () => {
    const text = texts.get('job.yaml') ?? '';

    it.each([
      ['a missing field', 'operator: In', 'operater: In'],
      ['a value of the wrong type', 'backoffLimit: 6', 'backoffLimit: six'],
      ['a value that is not in the list', 'action: Ignore', 'action: Ignored'],
    ])('by the schema: %s', (_what, right, wrong) => {
      expect(text).toContain(right);
      const broken = documents(text.replace(right, wrong))[0]!;
      expect(() => validated(broken)).toThrow();
    });

    it.each([
      'backoffLimit',
      'podFailurePolicy',
      'readOnlyRootFilesystem',
      'claimName',
      'terminationGracePeriodSeconds',
    ])('by the types: %s with a letter less', async (field) => {
      const typo = field.slice(0, -1);
      expect(text).toContain(`${field}:`);
      const broken = documents(text.replace(`${field}:`, `${typo}:`))[0]!;
      expect(await misfits(broken)).toContain(`"${typo}"`);
    });
  });
});

describe.each(JOBS)('%s', (file, job) => {
  const pod = podOf(job);
  const container = pod.containers[0]!;
  const args = container.args ?? [];
  const indexed = job.completionMode === 'Indexed';

  it('ends where running it again would change nothing or do harm, and else tries again', () => {
    const expected: Record<keyof typeof EXIT, string> = {
      ok: 'Count',
      defect: 'FailJob',
      usage: 'FailJob',
      cohort: 'FailJob',
      incomplete: indexed ? 'FailIndex' : 'FailJob',
      safety: 'FailJob',
      locked: 'Count',
      // The next hour goes on.
      again: file === 'cronjob.yaml' ? 'FailJob' : 'Count',
      sigint: 'Count',
      sigterm: 'Count',
    };
    const actions = Object.fromEntries(
      Object.entries(EXIT).map(([name, code]) => [name, actionOn(job, code)]),
    );
    expect(actions).toEqual(expected);
    if (indexed) expect(job.backoffLimitPerIndex).toBeGreaterThan(0);
    else expect(job.backoffLimit).toBeGreaterThan(0);
  });

  it('has a policy that the API server takes', () => {
    expect(pod.restartPolicy).toBe('Never');
    expect(job.podReplacementPolicy).toBe('Failed');
    const rules = job.podFailurePolicy?.rules ?? [];
    for (const { onExitCodes: on } of rules) {
      if (on === undefined) continue;
      expect(on.containerName).toBe(container.name);
      expect(on.values).toEqual([...new Set(on.values)].sort((a, b) => a - b));
      expect(on.values).not.toContain(0);
    }
    // A drained node: not counted, whatever the pod's own code was, unless that code ends the job.
    expect(rules.at(-1)).toEqual({
      action: 'Ignore',
      onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
    });
  });

  it('uses a command and flags that there are', () => {
    const { operands, unknown, options } = optionsOf(args);
    expect([args[0], operands, unknown]).toEqual(['run', ['/cohort/cohort.csv'], []]);
    expect(options['output']).toBe('/data/cohort.results.csv');
    expect(options['ledger']).toBeUndefined();
  });

  it('sets variables that are read', () => {
    const names = (container.env ?? []).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['PERISKOPE_API_KEY_FILE', 'PERISKOPE_PHONE']));
    expect(names).not.toContain('PERISKOPE_API_KEY');
    // A flag's own variable, that of a file which holds it, or one that the sources name.
    const flags = runCommand().options.map(({ envVar }) => envVar);
    for (const name of names) {
      const known = flags.includes(name.replace(/_FILE$/, '')) || sources.some((text) => text.includes(name));
      expect(known, name).toBe(true);
    }
  });

  it('has files behind the variables that name one', () => {
    const named = (container.env ?? []).filter(({ name }) => name.endsWith('_FILE'));
    expect(named).toHaveLength(indexed ? 2 : 1);
    for (const { value = '' } of named) {
      const mount = container.volumeMounts?.find(({ mountPath }) => value.startsWith(`${mountPath}/`));
      const secret = pod.volumes?.find(({ name }) => name === mount?.name)?.secret;
      expect(secret?.items?.map(({ path }) => `${mount?.mountPath}/${path}`)).toContain(value);
    }
  });

  it('leaves time to end in good order', async () => {
    const drain = Number(
      /^const DRAIN_MS = ([\d_]+);/m
        .exec(await readFile(join(ROOT, 'src/app/session.ts'), 'utf8'))?.[1]
        ?.replaceAll('_', ''),
    );
    const grace = (pod.terminationGracePeriodSeconds ?? 0) * 1_000;
    expect(grace).toBeGreaterThanOrEqual(drain + 30_000);
    const deadline = optionsOf(args).options['deadline'] as number | undefined;
    if (deadline !== undefined)
      expect((job.activeDeadlineSeconds ?? 0) * 1_000).toBeGreaterThan(deadline + grace);
  });
});

describe.each(PODS)('the pod of %s', (_file, pod) => {
  const container = pod.containers[0]!;

  it('may do nothing that it need not', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        fsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(pod.containers).toHaveLength(1);
    expect(container.securityContext).toEqual({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources).toMatchObject({
      requests: { memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
  });

  it('is the image of this version', () => {
    expect(container.image).toMatch(new RegExp(`/group-onboard:${manifest.version}$`));
  });

  it('mounts only what there is: claims that the files make, secrets that the README makes', () => {
    const volumes = new Set((pod.volumes ?? []).map(({ name }) => name));
    const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
    expect(mounted).toEqual(volumes);
    const claims = CLAIMS.map(({ metadata }) => metadata?.name);
    for (const { name, persistentVolumeClaim: claim, secret } of pod.volumes ?? []) {
      if (claim) expect(claims).toContain(claim.claimName);
      else expectSecret(secret?.secretName, secret?.items?.map(({ key }) => key) ?? ['cohort.csv'], name);
      // Read by the group that fsGroup gives it, and by nobody else.
      if (secret) expect(secret.defaultMode).toBe(0o440);
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom) expectSecret(valueFrom.secretKeyRef?.name, [valueFrom.secretKeyRef?.key ?? ''], 'env');
    }
    const writable = (container.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true);
    expect(writable.map(({ mountPath }) => mountPath).filter((path) => path !== '/data')).toEqual([]);
  });
});

/** `kubectl create secret generic NAME --from-file=KEY=… --from-literal=KEY=…` stands in the README, with all of these keys. */
function expectSecret(name: string | undefined, keys: readonly string[], where: string): void {
  const lines = readme.replaceAll(/ \\\n\s*/g, ' ').split('\n');
  const made = lines.find((line) => line.startsWith(`kubectl create secret generic ${name} `));
  expect(made, `${where}: secret ${name}`).toBeDefined();
  for (const key of keys)
    expect(made, `${where}: ${name}/${key}`).toMatch(new RegExp(`--from-(?:file|literal)=${key}(?:=| |$)`));
}

it('indexed-job.yaml: as many pods as shards, each on a volume that several nodes may mount', () => {
  const job = JOBS[1]![1];
  const shards = podOf(job).containers[0]?.env?.find(({ name }) => name === 'GROUP_ONBOARD_SHARDS')?.value;
  expect([job.completionMode, String(job.completions)]).toEqual(['Indexed', shards]);
  const claim = podOf(job).volumes?.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName;
  expect(CLAIMS.find(({ metadata }) => metadata?.name === claim)?.spec?.accessModes).toEqual([
    'ReadWriteMany',
  ]);
});

it('cronjob.yaml: one run at a time, which ends before the next hour', () => {
  const { spec } = first<{ spec: { concurrencyPolicy: string; schedule: string } }>('cronjob.yaml');
  expect(spec.concurrencyPolicy).toBe('Forbid');
  expect(spec.schedule).toMatch(/^0 \S+ \* \* \S+$/);
  const job = JOBS.at(-1)![1];
  expect(optionsOf(podOf(job).containers[0]?.args ?? []).options['deadline']).toBe(parseDuration('50m'));
  expect(
    (job.activeDeadlineSeconds ?? Infinity) + (podOf(job).terminationGracePeriodSeconds ?? 0),
  ).toBeLessThan(3_600);
});

describe('kustomization.yaml', async () => {
  const text = await readFile(join(FOLDER, 'kustomization.yaml'), 'utf8');
  const { resources, images, patches } = parse(text) as {
    readonly resources: readonly string[];
    readonly images: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
    readonly patches: readonly { readonly patch: string }[];
  };

  it('has one kind of run, the image of all, and the schedule of cronjob.yaml', () => {
    expect(resources).toEqual(['storage.yaml', 'cronjob.yaml']);
    const [{ name, newName, newTag } = { name: '', newName: '', newTag: '' }] = images;
    for (const [, pod] of PODS) expect(pod.containers[0]?.image).toBe(`${name}:${newTag}`);
    expect(newName).toBe(name);
    const { spec } = first<{ spec: Readonly<Record<string, string>> }>('cronjob.yaml');
    const made = parse(patches[0]?.patch ?? '') as readonly Readonly<Record<string, string>>[];
    expect(made).toEqual(
      ['schedule', 'timeZone'].map((key) => ({ op: 'replace', path: `/spec/${key}`, value: spec[key] })),
    );
  });

  it.runIf(spawnSync('kubectl', ['kustomize', '--help']).status === 0)('makes what its files say', () => {
    const made = execFileSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' });
    expect(documents(made)).toEqual(resources.flatMap((file) => documents(texts.get(file) ?? '')));
  });
});
