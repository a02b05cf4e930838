import type { RunConfig } from '../config/run.ts';
import { OnboardError } from '../domain/errors.ts';
import { maskSender } from '../domain/ids.ts';
import type { Selection } from '../plan/decide.ts';
import { OpenHours } from '../plan/open-hours.ts';
import { type Knowledge, roundedIdsNote, type Survey, survey, workloads } from '../plan/survey.ts';
import { logCountries } from './asking/agreed.ts';
import { formerStatus } from './going-on/former-results.ts';
import type { Inputs } from './inputs/inputs.ts';
import type { Session } from './session.ts';

/** Sending phones that the log counts one by one. */
const MOST_SENDERS = 20;

/** People to ask, and the rules of that decision. */
export interface Plan {
  readonly plan: Survey;
  readonly selection: Selection;
  readonly knowledge: Knowledge;
}

/** Reads the whole cohort once, together with its ledger and former results. */
export async function makePlan(config: RunConfig, session: Session, inputs: Inputs): Promise<Plan> {
  const { control, io, log } = session;
  const { cohort, ledger, former } = inputs;
  const selection: Selection = { retry: config.retry, onlyStatus: config.onlyStatus };
  const knowledge: Knowledge = {
    ledger: (pair) => ledger.state(pair)?.status,
    previous: (reading) => formerStatus(reading, cohort, selection),
    ...(former && { rowOf: (pair) => former.rowOf(pair) }),
  };
  log.info({}, cohort.mapping);
  const readings = untilStopped(cohort.readings(control.signal), control.signal);
  const plan = await survey(readings, knowledge, selection);
  for (const note of cohort.seen()) log.info({}, note);
  const rounded = config.cohort.chatId === undefined ? roundedIdsNote(plan.groups.keys()) : undefined;
  if (rounded !== undefined) log.warn({}, rounded);
  log.info(
    {
      rows: plan.rows,
      to_ask: plan.toAsk,
      known: plan.known,
      duplicates: plan.duplicates,
      invalid: plan.invalid,
      ...(cohort.senderColumn !== undefined && { senders: sendersOf(plan) }),
    },
    'cohort read',
  );
  if (config.hours) assertOpening(new OpenHours(config.hours), plan.countries.keys(), session.clock.now());
  logCountries({ config, io, plan, log });
  return { plan, selection, knowledge };
}

/** @throws OnboardError CONFIG where some of the people could never be asked */
function assertOpening(hours: OpenHours, regions: Iterable<string>, now: number): void {
  const [never] = hours.neverOpen(regions, now);
  if (never !== undefined) throw new OnboardError('CONFIG', hours.refusal(never));
}

/**
 * Number of people to ask per sending phone, masked. `default` stands for the run's own where it has none yet (a dry
 * run).
 */
function sendersOf(plan: Survey): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [sender, { people }] of [...workloads(plan, 1)].slice(0, MOST_SENDERS)) {
    const name = sender === undefined ? 'default' : maskSender(sender);
    found[name] = (found[name] ?? 0) + people;
  }
  return found;
}

/** The same batches, ended in good order when the run is stopped, where the reader would throw. */
export async function* untilStopped<T>(
  batches: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
