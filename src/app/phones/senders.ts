/** Sending phones of a run, one or many: the parts between planner and network for each, and the shared ones. */
import { EXIT } from '../../domain/errors.ts';
import { maskSender } from '../../domain/ids.ts';
import type { ChatId, Participant, Sender } from '../../domain/words.ts';
import type { Ask } from '../../plan/batches.ts';
import type { Survey } from '../../plan/survey.ts';
import { CommonTrouble, ErrorBudget } from '../../send/circuit-breaker.ts';
import { SharedKnowledge, type Standings, standingsOf } from '../../send/groups/groups.ts';
import type { Doubt } from '../../send/groups/reconciler.ts';
import type { Log } from '../../send/ports.ts';
import { HeaderWatch } from '../../send/rate-limit/headers.ts';
import { ownEnds, type RunControl, SenderControl, type StopReason } from '../../send/run-control.ts';
import {
  type Among,
  type Connection,
  type ConnectParts,
  connect,
  connectLanes,
  historyThrough,
  readThrough,
} from './connect.ts';
import { namedBothWays, recognize, undecided, unite } from './unite-phones.ts';

/**
 * Most people whose asks may wait for their phones, so that a slow or paused phone does not hold up the others: beyond
 * that the reading of the cohort waits. Some 30 MB. Not needed for a single phone.
 */
const LOOK_AHEAD = 100_000;
const NAMED = 3;

export type Phones = ReturnType<typeof connectPhones>;

interface PhonesParts extends Omit<ConnectParts, 'among'> {
  readonly plan: Survey;
}

interface Line extends Connection {
  readonly sender: Sender;
  readonly control: SenderControl;
  people: number;
  readonly queue: Ask[];
  pumping: Promise<void> | undefined;
}

export function connectPhones(parts: PhonesParts) {
  const { config, control, plan, log } = parts;
  const work = new Map<Sender, number>();
  for (const route of plan.routes.values()) {
    for (const [named, people] of route) {
      const sender = named ?? (parts.to.sender as Sender);
      work.set(sender, (work.get(sender) ?? 0) + people);
    }
  }
  if (work.size === 0) work.set(parts.to.sender as Sender, 0);
  const alone = work.size === 1;
  const lookAhead = alone ? 1 : LOOK_AHEAD;
  const busy = Math.max(1, [...work.values()].filter((people) => people > 0).length);
  const lanes = connectLanes(parts, busy);
  const among: Among = {
    lanes,
    groups: new SharedKnowledge(),
    headerWatch: new HeaderWatch(log),
    budget: new ErrorBudget(config.maxErrors),
    common: new CommonTrouble(config.breaker, control),
  };
  const own = ownEnds(alone ? 'alone' : config.limitPer);
  const lines = new Map<Sender, Line>();
  /** Names of phones that have another line. */
  const aliases = new Map<Sender, Line>();
  for (const [sender, people] of work) lines.set(sender, line(sender, people));

  let submitted = false;
  let queued = 0;
  let roomMade: () => void = () => undefined;

  function line(sender: Sender, people: number): Line {
    const its = alone ? log : withSender(log, maskSender(sender));
    const ownControl = new SenderControl(control, own, (reason) => {
      lanes.lane(sender).stopAsks();
      its.warn({ reason: reason.code }, `this phone stops, the others go on: ${reason.message}`);
      const asking = [...lines.values()].filter((one) => one.people > 0);
      const reasonForAll = stopped();
      if (reasonForAll && asking.every((one) => one.control.own)) control.stop(reasonForAll);
    });
    const connection = connect({
      ...parts,
      to: { ...parts.to, sender },
      control: ownControl,
      log: its,
      among,
    });
    return { ...connection, sender, control: ownControl, people, queue: [], pumping: undefined };
  }

  function lineOf(sender: Sender | undefined): Line | undefined {
    const name = sender ?? (parts.to.sender as Sender);
    return aliases.get(name) ?? lines.get(name);
  }

  async function pump(one: Line): Promise<void> {
    for (let ask = one.queue.shift(); ask !== undefined; ask = one.queue.shift()) {
      await one.dispatcher.submit(ask);
      queued -= ask.participants.length;
      if (one.control.stopped) {
        // Nothing more is asked: the reason covers the rest of the queue.
        for (const left of one.queue.splice(0)) queued -= left.participants.length;
      }
      roomMade();
    }
    one.pumping = undefined;
  }

  async function idle(): Promise<void> {
    const all = [...lines.values()];
    await Promise.all(all.map((one) => one.pumping));
    await Promise.all(all.map((one) => one.dispatcher.idle()));
  }

  function stopped(): StopReason | undefined {
    const ended = [...lines.values()].flatMap(({ sender, control: { own } }) =>
      own ? [{ sender, reason: own }] : [],
    );
    const worst = ended.find(({ reason }) => reason.exit === EXIT.safety) ?? ended[0];
    if (worst === undefined) return undefined;
    const named = ended
      .slice(0, NAMED)
      .map(({ sender, reason }) => `${maskSender(sender)}: ${reason.message}`)
      .join('; ');
    const more = ended.length > NAMED ? `; and ${ended.length - NAMED} more` : '';
    return {
      exit: worst.reason.exit,
      code: worst.reason.code,
      message: `${ended.length} of ${busy} sending phones stopped: ${named}${more}`,
    };
  }

  /** Phones that ask into a group; all, where none does. */
  function linesOf(chatId: ChatId): readonly Line[] {
    return [...(plan.routes.get(chatId)?.keys() ?? lines.keys())].flatMap((sender) => lineOf(sender) ?? []);
  }

  return {
    limiter: lanes,
    /** Takes one ask; resolves when there is room for the next. */
    async submit(ask: Ask): Promise<void> {
      submitted = true;
      const one = lineOf(ask.sender);
      if (one === undefined) throw new Error('an ask of a phone that was not in the plan');
      one.queue.push(ask);
      queued += ask.participants.length;
      one.pumping ??= pump(one);
      while (queued >= lookAhead) {
        await new Promise<void>((resolve) => {
          roomMade = resolve;
        });
      }
    },
    /** Resolves when nothing is queued and nothing runs; more may be submitted after it. */
    idle,
    /**
     * Time when this phone may ask this person, epoch ms; in the past: at once. Tells whether the daily cap is the
     * reason.
     */
    opensAt(sender: Sender | undefined, participant: Participant) {
      const times = lineOf(sender)?.times;
      return { at: times?.opensAt(participant) ?? 0, capped: times?.isCapped === true };
    },
    /** Resolves when every ask has ended; returns the pairs left in doubt. Throws the error of an ask. */
    async drain(): Promise<readonly Doubt[]> {
      const all = [...lines.values()];
      await Promise.all(all.map((one) => one.pumping));
      const ended = await Promise.allSettled(all.map((one) => one.dispatcher.drain()));
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
      for (const one of all) {
        // The circuit breaker has opened; the phone may be the cause.
        if (one.control.own?.code === 'breaker' && !control.stopped) await one.phone.check(control);
      }
      return ended.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    },
    takes: (sender: Sender | undefined) => lineOf(sender)?.control.stopped === false,
    /** Whether a phone may be listed under both of its names: then they must be read before anybody is asked. */
    namedBothWays: namedBothWays(work, parts),
    /** Reads the state of every phone that has somebody to ask. `trying` ends the attempts. */
    async check(trying?: RunControl): Promise<void> {
      for (const one of lines.values()) {
        if ((trying ?? control).stopped) return;
        if (one.people === 0 && !alone) continue;
        await one.phone.check(trying);
      }
      if (!submitted) unite(lines, aliases, log);
      for (const one of lines.values()) recognize(one.sender, one, parts.ledger);
      const asking = [...lines.values()].filter((one) => (one.people > 0 || alone) && !one.control.stopped);
      const doubt = submitted ? undefined : undecided(asking, parts);
      if (doubt) control.stop(doubt);
    },
    /**
     * Reads each group through each phone that has somebody to ask into it.
     * @param all also those into which nobody is to be asked any more
     */
    async readGroups(all: boolean): Promise<void> {
      for (const [chatId, route] of plan.routes) {
        const busy = [...route].filter(([, people]) => people > 0);
        const senders = busy.length === 0 && all ? [...route].slice(0, 1) : busy;
        const through = new Set(senders.flatMap(([sender]) => lineOf(sender) ?? []));
        for (const one of through) {
          if (control.stopped) return;
          if (one?.control.stopped === false) await one.groups.read(chatId);
        }
      }
    },
    /** Canonical name of this phone in the run: the first, if it has two. */
    calls: (sender: Sender | undefined) => lineOf(sender)?.sender ?? sender,
    /** Groups for pairs in doubt: the members are the same through any phone. */
    groups: {
      read: (chatId: ChatId, trying?: RunControl) => readThrough(linesOf(chatId), chatId, trying),
      lists: (chatId: ChatId, participant: Participant) =>
        [...lines.values()].some(({ groups }) => groups.lists(chatId, participant)),
      lacks: (chatId: ChatId, participant: Participant) =>
        [...lines.values()].every(({ groups }) => groups.lacks(chatId, participant)),
    },
    /** Name of the group, and its page as each phone that asks into it sees it. */
    standings: (chatId: ChatId): Standings =>
      standingsOf(
        chatId,
        new Set(
          [...(plan.routes.get(chatId) ?? [])].flatMap(([sender, people]) =>
            people > 0 ? (lineOf(sender) ?? []) : [],
          ),
        ),
      ),
    history: (chatId: ChatId, trying: RunControl) => historyThrough(linesOf(chatId), chatId, trying),
    stopOf: (sender: Sender | undefined) => lineOf(sender)?.control.own,
    /** `stopOf` for all stopped phones, in one line. */
    stopped,
  };
}

function withSender(log: Log, sender: string): Log {
  return {
    debug: (facts, message) => log.debug({ sender, ...facts }, message),
    info: (facts, message) => log.info({ sender, ...facts }, message),
    warn: (facts, message) => log.warn({ sender, ...facts }, message),
    error: (facts, message) => log.error({ sender, ...facts }, message),
  };
}
