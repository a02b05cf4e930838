/** What GitHub says against a workflow: by its own schema, and by its own reading of cron lines and expressions. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Library from '@actions/workflow-parser';
import { rolldown } from 'rolldown';

let library: Promise<typeof Library> | undefined;

/** The parser as one module: it imports its schema in a way that node 20 has no more, and a bundler still has. */
async function load(): Promise<typeof Library> {
  const input = fileURLToPath(import.meta.resolve('@actions/workflow-parser'));
  const file = join(await mkdtemp(join(tmpdir(), 'group-onboard-')), 'parser.mjs');
  await (await rolldown({ input, platform: 'node' })).write({ file, codeSplitting: false });
  return import(pathToFileURL(file).href);
}

export async function complaints(content: string): Promise<readonly string[]> {
  library ??= load();
  const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = await library;
  const { context, value } = parseWorkflow({ name: 'onboard.yml', content }, new NoOperationTraceWriter());
  const first = context.errors.getErrors().map(String);
  if (value === undefined || first.length > 0) return first;
  const { errors } = await convertWorkflowTemplate(context, value);
  return (errors ?? []).map(({ Message }) => Message);
}
