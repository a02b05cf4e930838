import { createInterface } from 'node:readline/promises';
import type { RunConfig } from '../../config/run.ts';
import { CAREFUL } from '../../config/run.ts';
import { EXIT } from '../../domain/errors.ts';
import type { ChatId, Sender } from '../../domain/words.ts';
import { dayHoursText } from '../../lib/day-hours.ts';
import { formatDuration } from '../../lib/units.ts';
import { estimateMs, type Pace } from '../../plan/estimate.ts';
import { asksNeeded, busiestOf, type Survey, type Workload, workloads } from '../../plan/survey.ts';
import { countriesText, rareText } from '../../report/summary/countries.ts';
import { type NameMapping, namesText } from '../../report/terminal/groups.ts';
import { banRisk, sendingPlanText } from '../../report/terminal/plan.ts';
import type { Log } from '../../send/ports.ts';
import type { RunControl } from '../../send/run-control.ts';
import { type Io, isTerminal, systemClock, wantsColour } from '../io.ts';
import type { Live } from './live.ts';

export interface AgreedParts {
  readonly config: RunConfig;
  readonly io: Io;
  readonly plan: Survey;
  readonly sender: string;
  readonly live: Live;
  readonly control: RunControl;
  /** Canonical name of a sending phone, because one phone may have two names. */
  readonly calls: (sender: Sender | undefined) => Sender | undefined;
  /** Expected trouble per group. */
  readonly troubles: ReadonlyMap<ChatId, string>;
  /** Groups taken for the names in the cohort's column; undefined: it holds ids. */
  readonly names: NameMapping | undefined;
  readonly log: Log;
}

/** Whether this run shows its plan to a person, and asks, before it sends. */
export function asksFirst({ target, dryRun, yes }: RunConfig, io: Io): boolean {
  return target?.kind !== 'sandbox' && !dryRun && !yes && canAsk(io);
}

/** Logs the people per country, for a run that shows no plan. */
export function logCountries({
  config,
  io,
  plan,
  log,
}: Pick<AgreedParts, 'config' | 'io' | 'plan' | 'log'>): void {
  if (plan.toAsk === 0 || asksFirst(config, io)) return;
  log.info({}, `people to ask: ${countriesText(plan.countries)}`);
  const rare = rareText(plan.countries);
  if (rare) log.warn({}, `rare among the people to ask: ${rare}: was each of these numbers read right?`);
}

/**
 * Confirmation before anything irreversible is sent. Names the pace, and, where nothing slows the run down, the causes
 * of past bans. At a terminal without `--yes`, shows the plan and asks. False: nobody is asked.
 */
export async function agreed(parts: AgreedParts): Promise<boolean> {
  const { config, io, plan, live, control } = parts;
  if (config.target?.kind === 'sandbox') return true; // nobody is contacted
  const groups = [...plan.groups]
    .filter(([, people]) => people > 0)
    .map(([chatId, people]) => ({
      chatId,
      people,
      name: live.groupName(chatId),
      trouble: parts.troubles.get(chatId),
    }));

  const people = Math.min(plan.toAsk, config.limit ?? plan.toAsk);
  const asks = Math.min(asksNeeded(plan, config.batchSize), people);
  const workOf = new Map<Sender | undefined, Workload>();
  for (const [named, { people, asks }] of workloads(plan, config.batchSize)) {
    const sender = parts.calls(named);
    const before = workOf.get(sender) ?? { people: 0, asks: 0 };
    workOf.set(sender, { people: before.people + people, asks: before.asks + asks });
  }
  const senders = [...workOf].filter(([, work]) => work.people > 0);
  const works = senders.map(([, work]) => work);
  const when = { people: plan.countries, now: systemClock.now() };
  const took = (pace: Pace) => estimateMs(asks, people, pace, busiestOf(works, asks, people), when);
  const pace = paceOf(config);
  const risk = !isSlowed(config) ? banRisk(people, took({ ...config, ...CAREFUL })) : undefined;
  if (!asksFirst(config, io)) {
    const words = [pace || 'as fast as the server allows', formatDuration(took(config))];
    parts.log.info({ people, asks, careful: config.careful }, `pace: ${words.join(', about ')}`);
    if (risk) parts.log.warn({}, risk);
    return true;
  }
  if (parts.names) io.stderr.write(`\n${namesText(parts.names, true)}`);
  io.stderr.write(
    sendingPlanText(
      {
        people,
        asks,
        groups,
        countries: plan.countries,
        senders: senders.map(([sender, work]) => ({ sender: sender ?? parts.sender, people: work.people })),
        pace,
        risk,
        estimateMs: took(config),
      },
      wantsColour(io),
    ),
  );
  if (await confirm(io, 'Send? [y/N] ', control.signal)) return true;
  control.stop({ exit: EXIT.again, code: 'interrupted', message: 'you did not say yes: nobody was asked' });
  return false;
}

/** Whether a flag keeps the asks apart. Hours do not: within them the run goes at full speed. */
function isSlowed({ gap, maxRate, dailyCap }: RunConfig): boolean {
  return gap !== undefined || maxRate !== undefined || dailyCap !== undefined;
}

/** Flags that slow the run down, in words for people. */
function paceOf({ careful, gap, maxRate, dailyCap, breaker, hours }: RunConfig): string {
  const flags = [
    gap && `${formatDuration(gap.minMs)} to ${formatDuration(gap.maxMs)} between asks`,
    maxRate && `at most ${maxRate.count} in ${formatDuration(maxRate.perMs)}`,
    dailyCap && `at most ${dailyCap} people a day`,
    hours && `only ${dayHoursText(hours.hours)} where they are`,
    careful && `a stop after ${breaker} in a row without a clear answer`,
  ].filter(Boolean);
  return `${careful ? 'careful: ' : ''}${flags.join(', ')}`;
}

/** Whether a person can answer: both ends are a terminal, and this is not CI. */
function canAsk(io: Io): boolean {
  return isTerminal(io.stderr) && isTerminal(io.stdin) && !io.env['CI'];
}

/** Asks on stderr; only a clear yes counts. A signal, or the end of input, means no. */
async function confirm(io: Io, question: string, signal: AbortSignal): Promise<boolean> {
  // Not a line editor: Ctrl-C stays a signal, and ends the run as usual.
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(question, { signal }), ended]);
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    return false; // the signal came first
  } finally {
    lines.close();
  }
}
