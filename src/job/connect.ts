import { Agent as HttpAgent } from 'node:http';
import { HttpsProxyAgent } from 'hpagent';
import { Breaker } from '../asking/breaker.ts';
import { type Client, createClient } from '../asking/client.ts';
import type { Agents } from '../asking/connections.ts';
import { Dispatcher } from '../asking/dispatcher.ts';
import { Gateway } from '../asking/gateway.ts';
import { Groups, type SharedKnowledge } from '../asking/groups.ts';
import { HeaderWatch } from '../asking/header-watch.ts';
import { createLimiter, type Limiter } from '../asking/limiter.ts';
import { HistorySupport, Notifications } from '../asking/notifications.ts';
import { PhoneWatch } from '../asking/phone-watch.ts';
import type { AskingEvents, AskLedger, Log } from '../asking/ports.ts';
import type { RunControl } from '../asking/run-control.ts';
import type { CommonTrouble } from '../asking/senders/common-trouble.ts';
import type { LimiterParts } from '../asking/senders/router.ts';
import type { RunConfig } from '../config.ts';
import type { Clock, Pair, Sender } from '../domain/words.ts';
import type { Releases } from './releases.ts';
import type { CapLedger, Sharing } from './share.ts';
import type { WaitMeter } from './wait-meter.ts';

/** Waits below this are not worth a line of log. */
const LONG_WAIT_MS = 5_000;

/** Where the asks of this run go: the API, or the sandbox that this job has started. */
export interface Endpoint {
  readonly baseUrl: URL;
  readonly apiKey: string;
  readonly sender: string;
  readonly proxy: URL | undefined;
}

/** The stand-in's sending phone, when the user gave none. */
export const SANDBOX_SENDER = '919876543210' as Sender;

/** Starts the sandbox when the run is for it; otherwise just says where the API is. */
export async function endpoint(
  config: Pick<RunConfig, 'target' | 'sender'>,
  releases: Releases,
): Promise<Endpoint | undefined> {
  if (config.target === undefined) return undefined;
  if (config.target.kind === 'api') {
    const { baseUrl, apiKey, proxy } = config.target;
    return { baseUrl, apiKey, proxy, sender: config.sender ?? '' };
  }
  const { startSandbox } = await import('../sandbox/sandbox.ts');
  const sandbox = await startSandbox();
  releases.add(() => sandbox.close());
  return {
    baseUrl: new URL(sandbox.url),
    apiKey: sandbox.key,
    proxy: undefined,
    sender: config.sender ?? SANDBOX_SENDER,
  };
}

/** What only reads: enough to look into groups. */
export interface Reader {
  readonly client: Client;
  readonly limiter: Limiter;
  readonly gateway: Gateway;
  readonly groups: Groups;
  readonly notifications: Notifications;
}

export interface Connection {
  readonly limiter: Limiter;
  readonly gateway: Gateway;
  readonly groups: Groups;
  readonly notifications: Notifications;
  readonly phone: PhoneWatch;
  readonly dispatcher: Dispatcher;
}

export interface ReaderParts {
  readonly config: Pick<RunConfig, 'requestTimeoutMs' | 'concurrency' | 'maxRate' | 'gap'>;
  readonly to: Endpoint;
  readonly control: RunControl;
  /** Ends what may follow an early stop. */
  readonly closing: RunControl;
  readonly clock: Clock;
  readonly events: AskingEvents;
  readonly waits: WaitMeter;
  readonly log: Log;
  readonly releases: Releases;
  /** What is kept together with other processes; undefined: nothing. */
  readonly sharing?: Sharing | undefined;
  /** One phone of several: what it has in common with the others. */
  readonly among?: SharedReading | undefined;
}

/** What the phones of one run have in common. */
export interface SharedReading {
  readonly limiter: Limiter;
  /** undefined: the limiter's own pause does it. */
  readonly pauseAll: ((untilMonotonic: number) => void) | undefined;
  readonly groups: SharedKnowledge;
  readonly headerWatch: HeaderWatch;
}

export interface Among extends SharedReading {
  readonly tally: Breaker;
  readonly common: CommonTrouble;
}

export interface ConnectParts extends ReaderParts {
  readonly config: RunConfig;
  readonly ledger: AskLedger &
    Omit<CapLedger, 'path'> & {
      samePhone(names: readonly [string, ...string[]]): void;
      /** Names of phones that have asked. */
      senders(): readonly string[];
    };
  /** Hears of each pair that WhatsApp throttled to the end. */
  readonly throttled?: ((pair: Pair) => void) | undefined;
  readonly abandon: AbortSignal;
  readonly among?: Among | undefined;
}

/** The proxy sees the API's name and nothing else: the key travels inside the tunnel. */
function tunnelAgents(proxy: URL): Agents {
  return {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsProxyAgent({ keepAlive: true, proxy: proxy.href }),
  };
}

/** The rate limit of this run; `over` takes the place of what the configuration says. */
export function makeLimiter(parts: ReaderParts, over: Partial<LimiterParts> = {}): Limiter {
  const { config, clock } = parts;
  return createLimiter({
    clock,
    maxConcurrent: config.concurrency,
    ...(config.maxRate && { maxRate: config.maxRate }),
    ...(config.gap && (over.onWait === undefined || parts.sharing) && { gap: config.gap }),
    pacer: parts.sharing?.pacer(''),
    onWaitEnd: () => parts.waits.ends(),
    onWait: (wait) => noteWait(parts, wait),
    ...over,
  });
}

export function noteWait(
  { waits, clock, log }: Pick<ReaderParts, 'waits' | 'clock' | 'log'>,
  { untilMonotonic, why }: { readonly untilMonotonic: number; readonly why: string },
): void {
  waits.begins(why);
  const waitMs = Math.round(untilMonotonic - clock.monotonic());
  // A window of a second ends every second: only a wait that a person would wonder about is news.
  log[waitMs < LONG_WAIT_MS ? 'debug' : 'info']({ wait_ms: waitMs, why }, 'waiting for the rate limit');
}

/** The one limiter of a run, which ends with it. */
export function onlyLimiter(parts: ReaderParts): Limiter {
  const limiter = makeLimiter(parts);
  parts.releases.add(() => limiter.stop());
  // What waits for its turn when the run is stopped goes home at once, however long the window still is. Memberships
  // of those in doubt may be read after that, until the closing time is over too.
  parts.control.signal.addEventListener('abort', () => limiter.stopAsks());
  parts.closing.signal.addEventListener('abort', () => void limiter.stop());
  return limiter;
}

/** Everything between the job and the network that a membership takes, put together. */
export function connectReader(parts: ReaderParts): Reader {
  const { config, to, control, clock, events, log, releases } = parts;
  const client = createClient({
    baseUrl: to.baseUrl,
    apiKey: to.apiKey,
    sender: to.sender,
    requestTimeoutMs: config.requestTimeoutMs,
    clock,
    ...(to.proxy && { agents: tunnelAgents(to.proxy) }),
  });
  releases.add(() => client.close());
  const { among } = parts;
  const limiter = among?.limiter ?? onlyLimiter(parts);
  const { pauseAll, headerWatch = new HeaderWatch(log) } = among ?? {};
  const random = Math.random;
  const gateway = new Gateway({ limiter, control, clock, log, random, pauseAll, headerWatch });
  const groups = new Groups(gateway, client, events, control, log, among?.groups);
  groups.senderNumber = /^\d+$/.test(to.sender) ? to.sender : undefined;
  const support = among?.groups.history ?? new HistorySupport();
  const notifications = new Notifications(gateway, client, to.sender, log, support);
  return { client, limiter, gateway, groups, notifications };
}

/** Everything between the planner and the network, put together. */
export function connect(parts: ConnectParts): Connection {
  const { config, to, ledger, control, clock, events, log } = parts;
  const { client, limiter, gateway, groups, notifications } = connectReader(parts);
  const phone = new PhoneWatch(gateway, client, to.sender, control, log);
  const dispatcher = new Dispatcher({
    client,
    gateway,
    ledger,
    groups,
    phone,
    breaker: new Breaker(config.breaker, config.maxErrors),
    tally: parts.among?.tally,
    common: parts.among?.common,
    control,
    clock,
    events,
    log,
    sender: to.sender,
    concurrency: config.concurrency,
    forceAdd: config.forceAdd,
    coolDownMs: config.coolDownMs,
    dailyCap: config.dailyCap,
    sharedCap:
      config.dailyCap === undefined
        ? undefined
        : // By the number, where the API tells it: another process may name the phone by its id.
          parts.sharing?.cap(() => phone.identity?.number ?? to.sender, {
            path: config.ledger,
            header: ledger.header,
            asksInLast: (ms, sender) => ledger.asksInLast(ms, sender),
          }),
    throttled: parts.throttled,
    abandon: parts.abandon,
  });
  return { limiter, gateway, groups, notifications, phone, dispatcher };
}
