/** The manifests: as values, as Kubernetes' schema sees them, and as its types do. */
import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import type { IJobSpec } from 'kubernetes-models/batch/v1/JobSpec';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parseAllDocuments } from 'yaml';
import { scratch } from '../helpers.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const FOLDER = join(ROOT, 'fixtures/kubernetes');

const MODELS = { Job, CronJob, PersistentVolumeClaim, Pod };
type Kind = keyof typeof MODELS;
type Model = Job | CronJob | PersistentVolumeClaim | Pod;
interface Plain {
  readonly apiVersion: string;
  readonly kind: Kind;
}

/** Every document of a file, as plain values. */
export function documents(text: string): readonly Plain[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Plain;
  });
}

/** @throws what Kubernetes' schema says against it */
export function validated(plain: Plain): Model {
  const made = MODELS[plain.kind];
  if (made === undefined || plain.apiVersion !== made.apiVersion)
    throw new Error(`${plain.apiVersion} ${plain.kind}: none of the kinds that are used here`);
  const model = new (made as new (data: unknown) => Model)(plain);
  model.validate();
  return model;
}

/**
 * What the compiler says to these values as literals of their types. The schema lets unknown fields pass, as the API server
 * does unless it is told to be strict; the types do not.
 */
export async function misfits(...plain: readonly Plain[]): Promise<string> {
  const dir = await scratch();
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const lines = plain.map(({ apiVersion, kind }, i) => {
    const from = `kubernetes-models/${apiVersion}/${kind}`;
    return `import type { I${kind} as I${i} } from '${from}';\nexport const v${i}: I${i} = ${JSON.stringify(plain[i])};`;
  });
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await writeFile(join(dir, 'manifests.ts'), lines.join('\n'));
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  return new Promise((resolve) => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    execFile(tsc, [...flags, 'manifests.ts'], { cwd: dir }, (error, stdout, stderr) =>
      resolve(error && !stdout ? `${error.message}${stderr}` : stdout),
    );
  });
}

export const files = (await readdir(FOLDER))
  .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
  .sort();
export const texts = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(FOLDER, file), 'utf8')] as const)),
);
export const all = [...texts.values()].flatMap(documents);
export const first = <T>(file: string) => documents(texts.get(file) ?? '')[0] as unknown as T;

export const JOBS: readonly (readonly [string, IJobSpec])[] = [
  ['job.yaml', first<{ spec: IJobSpec }>('job.yaml').spec],
  ['indexed-job.yaml', first<{ spec: IJobSpec }>('indexed-job.yaml').spec],
  [
    'cronjob.yaml',
    first<{ spec: { jobTemplate: { spec: IJobSpec } } }>('cronjob.yaml').spec.jobTemplate.spec,
  ],
];
export const podOf = (job: IJobSpec) => job.template.spec as IPodSpec;
export const PODS = [
  ...JOBS.map(([file, job]) => [file, podOf(job)] as const),
  ['results.yaml', first<{ spec: IPodSpec }>('results.yaml').spec] as const,
];
