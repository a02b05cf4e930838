/** Small stand-ins for the ports of the asking stage: no network, no disk, and a clock that moves when told to wait. */

import type { ChatId, Outcome, Pair, Participant, Settlement } from '../../src/domain/words.ts';
import type { Answer } from '../../src/send/api/answer.ts';
import type { CallOptions, Client } from '../../src/send/api/client.ts';
import { CircuitBreaker, ErrorBudget } from '../../src/send/circuit-breaker.ts';
import { Dispatcher } from '../../src/send/dispatcher.ts';
import type { DispatcherParts } from '../../src/send/dispatcher-parts.ts';
import { Gateway } from '../../src/send/gateway.ts';
import { createGroups } from '../../src/send/groups/groups.ts';
import { watchPhone } from '../../src/send/phones/phone-state.ts';
import { PhoneTimes, type Times } from '../../src/send/phones/phone-times.ts';
import type { AskLedger } from '../../src/send/ports.ts';
import { HeaderWatch } from '../../src/send/rate-limit/headers.ts';
import {
  type Limiter,
  type LimiterSnapshot,
  LimiterStopped,
  type Task,
} from '../../src/send/rate-limit/limiter.ts';
import { RunControl } from '../../src/send/run-control.ts';
import { answered } from './answers.ts';

export const GROUP = '120363371308389685@g.us' as ChatId;
export const OTHER = '120363402715563921@g.us' as ChatId;
export const ASKED_AT = Date.parse('2026-03-01T10:00:00.500Z');
export const SENDER = '919876543210';

export const READY = answered(200, { is_ready: true, wa_state: 'CONNECTED', org_phone: `${SENDER}@c.us` });
export const GONE = answered(200, { is_ready: false, wa_state: 'DISCONNECTED', org_phone: `${SENDER}@c.us` });

export const person = (i: number) => `9198${String(70_000_000 + i)}` as Participant;
export const people = (n: number, from = 0) => Array.from({ length: n }, (_, i) => person(from + i));

export function group(members: readonly Participant[]): Answer {
  const ids = [SENDER, ...members].map((digits) => [`${digits}@c.us`, {}]);
  return answered(200, { chat_id: GROUP, chat_name: 'A group', members: Object.fromEntries(ids) });
}

/** Every participant of an ask answered alike. */
export function each(who: readonly Participant[], verdict: object): Answer {
  return answered(200, Object.fromEntries(who.map((digits) => [`${digits}@c.us`, verdict])));
}
export const added = (who: readonly Participant[]) => each(who, { is_success: true, code: 200 });

export const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What the real ledger refuses, this one refuses too: it is what makes a test of the dispatcher worth having. */
export class MemoryLedger implements AskLedger {
  readonly outcomes = new Map<string, Outcome>();
  readonly open = new Map<number, Set<string>>();
  /** People of every ask, in the order in which they were recorded. */
  readonly asks: (readonly Participant[])[] = [];
  readonly #sizes = new Map<number, number>();
  fails: Error | undefined;
  /** Asks wait here before they are durable. */
  gate: Promise<void> = Promise.resolve();
  /** What asks came to waits here before it is durable. */
  disk: Promise<void> = Promise.resolve();

  async asked(pairs: readonly Pair[]): Promise<number> {
    if (this.fails) throw this.fails;
    const names = pairs.map(nameOf);
    for (const set of this.open.values()) {
      if (names.some((name) => set.has(name))) throw new Error('a pair in doubt was about to be asked again');
    }
    const id = this.asks.push(pairs.map(({ participant }) => participant));
    this.open.set(id, new Set(names));
    await this.gate;
    await tick();
    this.#sizes.set(id, pairs.length);
    return id;
  }

  async notDone(ask: number): Promise<void> {
    if (!this.open.delete(ask)) throw new Error(`ask ${ask} is not open`);
    this.#sizes.delete(ask);
    await this.disk;
    await tick();
  }

  async settle(ask: number | undefined, settlements: readonly Settlement[]): Promise<void> {
    for (const { pair, outcome } of settlements) {
      const name = nameOf(pair);
      if (ask !== undefined && !this.open.get(ask)?.has(name)) throw new Error(`ask ${ask} does not wait`);
      for (const [id, set] of this.open) if (set.delete(name) && set.size === 0) this.open.delete(id);
      this.outcomes.set(name, outcome);
    }
    await this.disk;
    await tick();
  }

  /** Every ask is of this instant. */
  askedAt(): number {
    return ASKED_AT;
  }

  askedInLast(): number {
    return [...this.#sizes.values()].reduce((sum, n) => sum + n, 0);
  }

  inDoubt(): string[] {
    return [...this.open.values()].flatMap((set) => [...set]);
  }

  /** `added`, `failed bad_request`, …; undefined when nothing is settled. */
  of(participant: Participant, chatId: ChatId = GROUP): string | undefined {
    const outcome = this.outcomes.get(nameOf({ chatId, participant }));
    return outcome && [outcome.status, outcome.reasonCode].filter(Boolean).join(' ');
  }
}

const nameOf = ({ chatId, participant }: Pair) => `${chatId} ${participant}`;

/** Grants everything at once; a pause is over as soon as it begins, by the clock's own hands. */
export class OpenLimiter implements Limiter {
  snapshot: LimiterSnapshot = { inFlight: 0, queued: 0, throttled: 0 };
  readonly pauses: number[] = [];
  /** Reads wait here: a window that is used up. */
  window: Promise<void> = Promise.resolve();
  /** Whether what was granted may still go, each time that it is asked. */
  isDue: () => boolean = () => true;
  #asks = true;
  #reads = true;
  readonly clock: { ms: number };

  constructor(clock: { ms: number }) {
    this.clock = clock;
  }

  async schedule<T>(kind: 'ask' | 'read', task: Task<T>): Promise<T> {
    for (;;) {
      await tick();
      if (kind === 'read') await this.window;
      if (!(kind === 'ask' ? this.#asks : this.#reads)) throw new LimiterStopped();
      const result = await task({ due: async () => this.isDue(), sent: () => {} });
      if (result !== undefined) return result.value;
    }
  }

  pause(until: number): void {
    this.pauses.push(until - this.clock.ms);
    this.clock.ms = Math.max(this.clock.ms, until);
  }

  stopAsks(): void {
    this.#asks = false;
  }

  async stop(): Promise<void> {
    this.#asks = false;
    this.#reads = false;
  }
}

export interface Script {
  readonly add?: (who: readonly Participant[], chatId: ChatId, call: CallOptions) => Answer | Promise<Answer>;
  readonly chat?: (chatId: ChatId, call: CallOptions) => Answer | Promise<Answer>;
  readonly notifications?: (chatId: ChatId, offset: number, call: CallOptions) => Answer | Promise<Answer>;
  readonly phones?: (call: CallOptions) => Answer | Promise<Answer>;
}

export type Settings = Partial<
  Pick<DispatcherParts, 'concurrency' | 'dailyCap' | 'coolDownMs'> & {
    breaker: number;
    hours: Times;
    roomAt: () => number | undefined;
    maxErrors: { count: number } | { share: number };
  }
>;

/** The asking stage wired around fakes, and everything that a test looks at. */
export function stage(script: Script = {}, settings: Settings = {}) {
  const time = { ms: 1_000 };
  const clock = { now: () => time.ms, monotonic: () => time.ms };
  const control = new RunControl();
  const limiter = new OpenLimiter(time);
  control.signal.addEventListener('abort', () => limiter.stopAsks());
  const lines: string[] = [];
  const logged = (level: string) => (facts: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(facts)}`);
  };
  const log = {
    debug: logged('debug'),
    info: logged('info'),
    warn: logged('warn'),
    error: logged('error'),
  };
  const settled: string[] = [];
  const events = {
    asked: () => {},
    settled: (_: ChatId, status: string, n: number) => settled.push(`${n} ${status}`),
    groupRead: (_: ChatId, name: string) => settled.push(`group ${name}`),
  };
  /** Requests as they came, in words. */
  const calls: string[] = [];
  const exchange = async (answer: () => Answer | Promise<Answer>): Promise<Answer> => {
    const sentAt = time.ms;
    return { ...(await answer()), sentAt, answeredAt: time.ms };
  };
  const client: Client = {
    async add(chatId, who, call) {
      calls.push(`add ${who.length}`);
      return exchange(() => (script.add ?? added)(who, chatId, call));
    },
    async chat(chatId, call = {}) {
      calls.push('chat');
      return exchange(async () => (await script.chat?.(chatId, call)) ?? group([]));
    },
    async notifications(chatId, page, call = {}) {
      calls.push('notifications');
      return exchange(async () => (await script.notifications?.(chatId, page.offset, call)) ?? answered(404));
    },
    async groups() {
      calls.push('groups');
      return exchange(() => answered(404));
    },
    async phones(call = {}) {
      calls.push('phones');
      return exchange(async () => (await script.phones?.(call)) ?? READY);
    },
    close: () => {},
  };
  const gateway = new Gateway({
    limiter,
    all: limiter,
    control,
    clock,
    log,
    random: () => 1,
    headerWatch: new HeaderWatch(log),
  });
  const groups = createGroups(gateway, client, events, control, log);
  const phone = watchPhone(gateway, client, SENDER, control, log);
  const ledger = new MemoryLedger();
  /** Those who were not asked because of the hour or the cap. */
  const later: Participant[] = [];
  const dispatcher = new Dispatcher({
    client,
    gateway,
    ledger,
    groups,
    phone,
    breaker: new CircuitBreaker(settings.breaker ?? 5),
    budget: new ErrorBudget(settings.maxErrors),
    control,
    events,
    log,
    sender: SENDER,
    concurrency: settings.concurrency ?? 1,
    forceAdd: false,
    coolDownMs: settings.coolDownMs ?? 100,
    dailyCap: settings.dailyCap,
    times: new PhoneTimes({
      clock,
      hours: settings.hours,
      roomAt: settings.roomAt,
      later: ({ participant }) => later.push(participant),
    }),
    abandon: new AbortController().signal,
  });
  /** Submits asks of one group, so many people each, and waits for their end. */
  const askFor = async (who: readonly Participant[], batch = 1, chatId = GROUP) => {
    for (let i = 0; i < who.length; i += batch) {
      await dispatcher.submit({ chatId, participants: who.slice(i, i + batch) });
    }
    return dispatcher.drain();
  };
  return {
    ...{ time, clock, control, limiter, lines, log, events, settled, calls, client, gateway, groups },
    ...{ phone, ledger, dispatcher, askFor, later },
  };
}
