import { basename } from 'node:path';
import type { RunConfig } from '../../config/run.ts';
import { EXIT } from '../../domain/errors.ts';
import { shardText } from '../../domain/shard.ts';
import type { Clock } from '../../domain/words.ts';
import type { HtmlReport } from '../../report/html/report.ts';
import type { LimiterSnapshot } from '../../send/rate-limit/limiter.ts';
import type { StopReason } from '../../send/run-control.ts';
import type { WaitMeter } from '../asking/wait-meter.ts';
import { writePage } from './report-file.ts';

export interface WriteReportParts {
  readonly config: RunConfig;
  readonly report: HtmlReport | undefined;
  readonly clock: Clock;
  readonly stop: StopReason | undefined;
  /** undefined: nothing was asked. */
  readonly limiter: LimiterSnapshot | undefined;
  readonly waits: WaitMeter;
}

/**
 * The HTML report of a run. Gives back what failed, so that the summary is still shown; undefined when the report is in
 * its place, or none is wanted.
 */
export async function writeReport(parts: WriteReportParts): Promise<unknown> {
  const { config, report, limiter, stop, waits } = parts;
  const path = config.reports.report;
  if (path === undefined || !report) return undefined;
  const { limit, windowMs } = limiter ?? {};
  const allowance = limit === undefined || windowMs === undefined ? undefined : { limit, windowMs };
  const waited = waits.total();
  const facts = {
    source: `${config.cohort.path === '-' ? 'standard input' : basename(config.cohort.path)}${config.shard ? `, shard ${shardText(config.shard)}` : ''}`,
    writtenAt: parts.clock.now(),
    sandbox: config.target?.kind === 'sandbox',
    dryRun: config.dryRun,
    stopped: stop?.message,
    next: stop && stop.exit !== EXIT.safety ? 'run the same command again' : undefined,
    unreadable: 0,
    pace: limiter && { allowance, throttled: limiter.throttled, waited, waits: waits.notable },
  };
  return writePage(path, report.page(facts)).catch((error: unknown) => error);
}
