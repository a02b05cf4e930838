/**
 * Metrics of the run in Prometheus' text format, for node-exporter's textfile collector: gauges, because each run
 * replaces the file of the last one. No timestamps, because the collector refuses them.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

import { EXIT } from '../../domain/errors.ts';
import { STATUSES } from '../../domain/words.ts';
import { type Ending, WAITS } from './tally.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const LAST_SUCCESS = 'group_onboard_last_success_timestamp_seconds';
export const METRICS_BEGIN = '# HELP group_onboard_';

/**
 * Text of the metrics file.
 * @param cohort label of this cohort, because files of several cohorts may be in one directory
 * @param before text of the former run's file, or '': a failed run keeps the time of the last successful one
 */
export function metricsText(ending: Ending, cohort: string, before: string): string {
  // Files of several shards may be in one directory, and a series must not be in two of them.
  const run = { cohort, ...(ending.shard !== undefined && { shard: ending.shard }) };
  const success =
    ending.exit === EXIT.ok && !ending.dryRun ? ending.endedAt / 1_000 : lastSuccessIn(before, run);
  // All of them are always written, so that every series is continuous.
  const reasons = [...new Set([...Object.keys(WAITS), ...ending.waitedMs.keys()])];
  const families: [name: string, help: string, samples: readonly Sample[]][] = [
    [
      'group_onboard_rows',
      'Rows of the cohort by status, after the last run.',
      STATUSES.map((status) => ({ labels: { status }, value: ending.tally.counts[status] })),
    ],
    ['group_onboard_groups', 'Groups in the cohort.', [{ value: groupsIn(ending) }]],
    ['group_onboard_asks', 'Requests to add people in the last run.', [{ value: ending.asks }]],
    [
      'group_onboard_throttled_answers',
      'Answers 429 (too many requests) in the last run.',
      [{ value: ending.throttled }],
    ],
    [
      'group_onboard_wait_seconds',
      'Time in the last run in which an ask waited and none might start, by reason.',
      reasons.map((reason) => ({
        labels: { reason },
        value: Math.round(ending.waitedMs.get(reason) ?? 0) / 1_000,
      })),
    ],
    [
      'group_onboard_duration_seconds',
      'Duration of the last run.',
      [{ value: Math.round(ending.elapsedMs) / 1_000 }],
    ],
    [
      'group_onboard_last_run_timestamp_seconds',
      'When the last run ended.',
      [{ value: ending.endedAt / 1_000 }],
    ],
    [LAST_SUCCESS, 'When a run last ended with exit code 0; 0: never yet.', [{ value: success }]],
    ['group_onboard_exit_code', 'Exit code of the last run.', [{ value: ending.exit }]],
    [
      'group_onboard_sandbox',
      'Whether the last run went to the built-in stand-in of the API (1) or to the API (0).',
      [{ value: ending.sandbox ? 1 : 0 }],
    ],
  ];
  return families
    .map(([name, help, samples]) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} gauge`,
        ...samples.map(({ labels, value }) => `${name}${labelled({ ...run, ...labels })} ${value}`),
        '',
      ].join('\n'),
    )
    .join('');
}

function groupsIn(ending: Ending): number {
  return [...ending.tally.groups.keys()].filter((id) => id !== '').length;
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${parts.join(',')}}`;
}

/** Label value with the format's three escapes, without CRs, which end the line for some readers. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', ' ');
}

function lastSuccessIn(before: string, run: Readonly<Record<string, string>>): number {
  const start = `${LAST_SUCCESS}${labelled(run)} `;
  const line = before.split('\n').find((one) => one.startsWith(start));
  const value = Number(line?.slice(start.length));
  return Number.isFinite(value) && value > 0 ? value : 0;
}
