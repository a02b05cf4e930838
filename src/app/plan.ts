import { createInterface } from 'node:readline/promises';
import { CAREFUL, type RunConfig } from '../config/run.ts';
import { EXIT, usage } from '../domain/errors.ts';
import { maskSender } from '../domain/ids.ts';
import type { ChatId, Sender } from '../domain/words.ts';
import { publicName } from '../lib/text.ts';
import { dayHoursText, formatDuration } from '../lib/units.ts';
import { asksNeeded, busiestOf, estimateMs, type Pace, type Workload, workloads } from '../plan/estimate.ts';
import { OpenHours } from '../plan/open-hours.ts';
import {
  decide,
  type Knowledge,
  roundedIdsNote,
  type Selection,
  type Survey,
  survey,
} from '../plan/survey.ts';
import { countriesText, rareText } from '../report/summary/countries.ts';
import { namesText } from '../report/terminal/groups.ts';
import { banRisk, sendingPlanText } from '../report/terminal/plan.ts';
import { foreseen, type Standings } from '../send/groups/groups.ts';
import type { Log } from '../send/ports.ts';
import { formerStatus } from './going-on/former-results.ts';
import type { Inputs } from './inputs/inputs.ts';
import { asksFirst, type Io, systemClock, wantsColour } from './io.ts';
import type { Phones } from './phones/senders.ts';
import type { Session } from './session.ts';

const MOST_SENDERS = 20;

export type Plan = Awaited<ReturnType<typeof makePlan>>;

/** Reads the whole cohort once, together with its ledger and former results. */
export async function makePlan(config: RunConfig, session: Session, inputs: Inputs) {
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
  const hours = config.hours && new OpenHours(config.hours);
  const [never] = hours?.neverOpen(plan.countries.keys(), session.clock.now()) ?? [];
  if (hours && never !== undefined) throw usage(hours.refusal(never));
  if (plan.toAsk > 0 && !asksFirst(config, io)) {
    log.info({}, `people to ask: ${countriesText(plan.countries)}`);
    const rare = rareText(plan.countries);
    if (rare) log.warn({}, `rare among the people to ask: ${rare}: was each of these numbers read right?`);
  }
  return { plan, selection, knowledge };
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

interface AgreedParts extends Pick<Session, 'io' | 'live' | 'control' | 'log'>, Pick<Inputs, 'names'> {
  readonly config: RunConfig;
  readonly plan: Survey;
  readonly sender: string;
  /** Canonical name of a sending phone, because one phone may have two names. */
  readonly calls: Phones['calls'];
  readonly troubles: ReadonlyMap<ChatId, string>;
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
  const workOf = new Map<Sender | undefined, Workload>();
  for (const [named, { people, asks }] of workloads(plan, config.batchSize)) {
    const sender = parts.calls(named);
    const before = workOf.get(sender) ?? { people: 0, asks: 0 };
    workOf.set(sender, { people: before.people + people, asks: before.asks + asks });
  }
  const senders = [...workOf].filter(([, work]) => work.people > 0);
  const of = { plan, people, batchSize: config.batchSize, works: senders.map(([, work]) => work) };
  const took = (pace: Pace) => estimate(of, pace).ms;
  const { asks } = estimate(of, config);
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

interface Estimated {
  readonly plan: Survey;
  readonly people: number;
  readonly batchSize: number;
  /** By sending phone, if one has several names in the plan. */
  readonly works?: readonly Workload[];
}

/** Number of asks for people of a plan, and their duration at a pace. */
export function estimate({ plan, people, batchSize, works }: Estimated, pace: Pace) {
  const asks = Math.min(asksNeeded(plan, batchSize), people);
  const busiest = busiestOf(works ?? [...workloads(plan, batchSize).values()], asks, people);
  const when = { people: plan.countries, now: systemClock.now() };
  return { asks, ms: estimateMs(asks, people, pace, busiest, when) };
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

export interface ForeseeParts {
  readonly phones: Pick<Phones, 'standings' | 'groups' | 'takes'>;
  readonly plan: Survey;
  readonly knowledge: Knowledge;
  readonly selection: Selection;
  readonly limit: number | undefined;
  readonly log: Log;
}

/** Expected trouble per group, from the API's last data on it. Logs one warning for each, too. */
export async function foresee(parts: ForeseeParts): Promise<ReadonlyMap<ChatId, string>> {
  const { phones, plan } = parts;
  // Few groups are in trouble: people of the others need not be counted one by one.
  const suspects = new Map<ChatId, Standings>();
  for (const [chatId, people] of plan.groups) {
    const known = phones.standings(chatId);
    if (known.phones.some(({ standing }) => foreseen(standing, people).length > 0))
      suspects.set(chatId, known);
  }
  const found = new Map<ChatId, string>();
  if (suspects.size === 0) return found;
  const newcomers = await newcomersOf(parts, suspects);
  for (const [chatId, { name, phones: through }] of suspects) {
    const texts = new Set<string>();
    for (const { sender, standing } of through) {
      const [first, ...more] = foreseen(standing, newcomers.get(chatId) ?? 0);
      if (first === undefined) continue;
      const isOne = through.length > 1 && standing.senderIsAdmin === false;
      texts.add(isOne ? `${maskSender(sender)}: ${first}` : first);
      for (const text of more) texts.add(text);
    }
    if (texts.size === 0) continue;
    const text = [...texts].join('; ');
    found.set(chatId, text);
    const named = name === '' ? 'this group' : `“${publicName(name, 60)}”`;
    parts.log.warn({ chat_id: chatId }, `${named}: ${text} (by what the API last read of it)`);
  }
  return found;
}

/** People per group whom this run asks, without existing members. */
async function newcomersOf(
  { phones, plan, knowledge, selection, limit }: ForeseeParts,
  groups: { has(chatId: ChatId): boolean },
): Promise<ReadonlyMap<ChatId, number>> {
  const newcomers = new Map<ChatId, number>();
  let asked = 0;
  for await (const piece of plan.list.pieces()) {
    for (const { pair, sender, previous } of piece) {
      if (asked === limit) return newcomers;
      if (decide({ ledger: knowledge.ledger(pair), previous }, selection) !== 'ask' || !phones.takes(sender))
        continue;
      asked++;
      const { chatId, participant } = pair;
      if (groups.has(chatId) && !phones.groups.lists(chatId, participant))
        newcomers.set(chatId, (newcomers.get(chatId) ?? 0) + 1);
    }
  }
  return newcomers;
}
