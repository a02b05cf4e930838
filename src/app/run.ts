import type { RunConfig } from '../config/run.ts';
import { type ExitCode, OnboardError } from '../domain/errors.ts';
import { errorCode, isSystemRefusal } from '../lib/files.ts';
import { keyCutter, oneLine } from '../send/api/redact.ts';
import { assertNotAskedElsewhere } from './going-on/other-ledgers.ts';
import { withOwnFiles } from './going-on/own-files.ts';
import { openInputs } from './inputs/inputs.ts';
import type { Io } from './io.ts';
import { makePlan } from './plan.ts';
import { reportRun } from './report-run.ts';
import { send } from './send.ts';
import { openSession, type Releases, releasing, StoppedBefore } from './session.ts';

/** One run: session, inputs, plan, asks, report. */
export async function run(config: RunConfig, io: Io): Promise<ExitCode> {
  try {
    return await releasing((releases) => steps(config, io, releases));
  } catch (error) {
    const apiKey = config.target?.kind === 'api' ? config.target.apiKey : undefined;
    throw withoutSecrets(error, apiKey, config.redis?.password);
  }
}

async function steps(given: RunConfig, io: Io, releases: Releases): Promise<ExitCode> {
  const session = openSession(given, io, releases, (log, signal) =>
    log.warn({}, `${signal}: no new asks; those in flight may end (once more: leave at once)`),
  );
  try {
    const config = await withOwnFiles(given);
    const inputs = await openInputs(config, session);
    const plan = await makePlan(config, session, inputs);
    await assertNotAskedElsewhere(config, session, inputs, plan);
    const sent = await send(config, session, inputs, plan);
    return await reportRun(config, session, inputs, plan, sent);
  } catch (error) {
    const { reason } = session.control;
    if (!(error instanceof StoppedBefore) || reason === undefined) throw error;
    io.stderr.write(`group-onboard: ${reason.message} before ${error.message}: nothing was sent\n`);
    return reason.exit;
  }
}

/**
 * Redacts a defect: its message and stack may quote any input, and are meant to be passed on. Secrets are cut out and
 * numbers masked. Errors that the user can act on hold only our own words, and stay.
 */
export function withoutSecrets(error: unknown, ...secrets: readonly (string | undefined)[]): unknown {
  if (error instanceof OnboardError) return error;
  const cutters = secrets.map((secret) => keyCutter(secret ?? ''));
  const cut = (text: string) => cutters.reduce((rest, cutter) => cutter(rest), text);
  const clean = (text: string) => oneLine(cut(text));
  const { message = String(error), stack = '' } = error instanceof Error ? error : {};
  const told = new Error(clean(message));
  // The system's own refusal stays one.
  if (isSystemRefusal(error)) Object.assign(told, { code: errorCode(error) });
  told.stack = stack.split('\n').map(clean).join('\n    ');
  return told;
}
