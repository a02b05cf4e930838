import type { RunConfig } from '../../config/run.ts';
import { usage } from '../../domain/errors.ts';
import type { ChatId, Pair, Sender } from '../../domain/words.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { count } from '../../lib/text.ts';
import { DAY_MS } from '../../lib/units.ts';
import { WAITS } from '../../report/summary/tally.ts';
import { createClient } from '../../send/api/client.ts';
import { CircuitBreaker, type CommonTrouble, type ErrorBudget } from '../../send/circuit-breaker.ts';
import { Dispatcher } from '../../send/dispatcher.ts';
import { Gateway } from '../../send/gateway.ts';
import { createGroups, type Read, type SharedKnowledge } from '../../send/groups/groups.ts';
import { type History, historyReader } from '../../send/groups/notifications.ts';
import type { Wait } from '../../send/phones/gate.ts';
import { createLanes, type Lanes } from '../../send/phones/lanes.ts';
import { watchPhone } from '../../send/phones/phone-state.ts';
import { PhoneTimes, type Times } from '../../send/phones/phone-times.ts';
import type { Log } from '../../send/ports.ts';
import type { HeaderWatch } from '../../send/rate-limit/headers.ts';
import { createLimiter } from '../../send/rate-limit/limiter.ts';
import { waitWords } from '../../send/rate-limit/not-before.ts';
import type { RunControl } from '../../send/run-control.ts';
import type { Live } from '../asking/live.ts';
import type { Sharing } from '../asking/share.ts';
import type { Releases, Session } from '../session.ts';

const LONG_WAIT_MS = 5_000;

/** Destination of this run's asks: the API, or the sandbox that this job has started. */
export interface Endpoint {
  readonly baseUrl: URL;
  readonly apiKey: string;
  readonly sender: string;
  readonly proxy: URL | undefined;
}

/** Sending phone of the stand-in, when the user gave none. */
export const SANDBOX_SENDER = '919876543210' as Sender;

/** Starts the sandbox when the run is for it; otherwise returns the API's address. */
export async function endpoint(
  config: Pick<RunConfig, 'target' | 'sender'>,
  releases: Releases,
): Promise<Endpoint | undefined> {
  if (config.target === undefined) return undefined;
  if (config.target.kind === 'api') {
    const { baseUrl, apiKey, proxy } = config.target;
    return { baseUrl, apiKey, proxy, sender: config.sender ?? '' };
  }
  const { startSandbox } = await import('../../sandbox/sandbox.ts');
  const sandbox = await startSandbox();
  releases.add(() => sandbox.close());
  return {
    baseUrl: new URL(sandbox.url),
    apiKey: sandbox.key,
    proxy: undefined,
    sender: config.sender ?? SANDBOX_SENDER,
  };
}

/** Read-only parts: enough to look into groups. */
export type Reader = ReturnType<typeof connectReader>;
export type Connection = ReturnType<typeof connect>;

export interface ReaderParts extends Pick<Session, 'clock' | 'control' | 'closing' | 'live' | 'releases'> {
  readonly config: Pick<RunConfig, 'requestTimeoutMs' | 'concurrency' | 'limitPer' | 'maxRate' | 'gap'> &
    Partial<Pick<RunConfig, 'batchSize'>>;
  readonly to: Endpoint;
  readonly log: Log;
  /** State shared with other processes; undefined: none. */
  readonly sharing?: Sharing | undefined;
}

interface SharedReading {
  readonly lanes: Lanes;
  readonly groups: SharedKnowledge;
  readonly headerWatch: HeaderWatch;
}

export interface Among extends SharedReading {
  readonly budget: ErrorBudget;
  readonly common: CommonTrouble;
}

export interface ConnectParts extends ReaderParts {
  readonly config: RunConfig;
  readonly ledger: Ledger;
  /** Called with each pair that WhatsApp throttled to the end. */
  readonly throttled?: ((pair: Pair) => void) | undefined;
  readonly hours: Times | undefined;
  /** Takes the pairs that are not asked now. */
  readonly later: (pair: Pair) => void;
  readonly abandon: AbortSignal;
  readonly among: Among;
}

export function connectLanes(parts: ReaderParts, phones: number): Lanes {
  const { config, clock, control, closing, sharing, log, live, releases } = parts;
  const { maxRate, gap, concurrency } = config;
  // A ceiling for the whole run needs one limiter for the whole run.
  const per = maxRate === undefined ? config.limitPer : 'key';
  if (per === 'phone' && concurrency < phones) {
    const message = `--concurrency ${concurrency} is less than the ${phones} sending phones, each of which asks by itself with --limit-per phone: give ${phones} or more, or --limit-per key`;
    throw usage(message);
  }
  const lanes = createLanes({
    clock,
    per,
    phones,
    maxConcurrent: concurrency,
    gap,
    gapIsShared: sharing !== undefined,
    makeLimiter: ({ sender, gap, ...own }) =>
      createLimiter({
        ...own,
        clock,
        ...(maxRate && { maxRate }),
        ...(config.batchSize !== undefined && { batchSize: config.batchSize }),
        ...(gap && { gap }),
        pacer: sharing?.pacer(sender),
        onCeiling: (atOnce) =>
          log.info(
            { at_once: atOnce },
            `the API refuses more than ${count(atOnce, 'ask')} at a time, whatever its headers say`,
          ),
      }),
    onWait: (wait) => noteWait({ waits: live.waits, clock, log }, wait),
    onWaitEnd: () => live.waits.ends(),
  });
  releases.add(() => lanes.stop());
  // A stop rejects every queued ask at once, however long the window still is. Memberships of people in doubt may be
  // read after that, until the closing time is over too.
  control.signal.addEventListener('abort', () => lanes.stopAsks());
  closing.signal.addEventListener('abort', () => void lanes.stop());
  return lanes;
}

/**
 * Logs a wait that a person would wonder about. A window of a second ends every second, so its waits are not logged.
 */
export function noteWait(
  { waits, clock, log }: Pick<ReaderParts, 'clock' | 'log'> & Pick<Live, 'waits'>,
  { untilMonotonic, why }: Wait,
): void {
  waits.begins(why);
  const ms = Math.round(untilMonotonic - clock.monotonic());
  // A pause is logged by its cause, not here.
  const isNews = ms >= LONG_WAIT_MS && why !== 'paused' && why !== 'cool_down';
  const [facts, message] = waitWords(ms, ` for ${WAITS[why]?.now}`, clock.now());
  log[isNews ? 'info' : 'debug']({ ...facts, why }, message);
}

/** Connects all parts between the job and the network for reading memberships. */
export function connectReader(parts: ReaderParts, among: SharedReading) {
  const { config, to, control, clock, live, log, releases } = parts;
  const client = createClient({
    baseUrl: to.baseUrl,
    apiKey: to.apiKey,
    sender: to.sender,
    requestTimeoutMs: config.requestTimeoutMs,
    clock,
    proxy: to.proxy,
  });
  releases.add(() => client.close());
  const { lanes, headerWatch } = among;
  const limiter = lanes.lane(to.sender);
  const random = Math.random;
  const gateway = new Gateway({ limiter, all: lanes, control, clock, log, random, headerWatch });
  const groups = createGroups(gateway, client, live, control, log, among.groups);
  groups.senderNumber = /^\d+$/.test(to.sender) ? to.sender : undefined;
  const history = historyReader(gateway, client, log, among.groups.history);
  return { client, limiter, gateway, groups, history };
}

/** Connects all parts between the planner and the network. */
export function connect(parts: ConnectParts) {
  const { config, to, ledger, control, live, log, among } = parts;
  const { client, limiter, gateway, groups, history } = connectReader(parts, among);
  const phone = watchPhone(gateway, client, to.sender, control, log);
  const { dailyCap } = config;
  const waitsForCap = config.untilDone && dailyCap !== undefined;
  const times = new PhoneTimes({
    clock: parts.clock,
    hours: parts.hours,
    roomAt: waitsForCap ? () => ledger.roomAt(DAY_MS, to.sender, dailyCap) : undefined,
    later: parts.later,
  });
  const dispatcher = new Dispatcher({
    client,
    gateway,
    ledger,
    groups,
    phone,
    breaker: new CircuitBreaker(config.breaker),
    budget: among.budget,
    common: among.common,
    control,
    events: live,
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
    times,
    throttled: parts.throttled,
    abandon: parts.abandon,
  });
  return { limiter, gateway, groups, history, phone, dispatcher, times };
}

export async function readThrough(
  phones: Iterable<Pick<Reader, 'groups'>>,
  chatId: ChatId,
  trying?: RunControl,
): Promise<Read> {
  let read: Read = 'unreadable';
  for (const { groups } of phones) {
    read = await groups.read(chatId, trying);
    if (read !== 'unreadable') break;
  }
  return read;
}

/** Joins and exits of a group, where the API reports them: through the first phone that can, or through all. */
export async function historyThrough(
  phones: Iterable<Pick<Reader, 'history'>>,
  chatId: ChatId,
  trying: RunControl,
  through: 'first' | 'all' = 'first',
): Promise<History | undefined> {
  let known: History | undefined;
  for (const phone of phones) {
    const history = await phone.history(chatId, trying);
    known = known && history ? known.and(history) : (history ?? known);
    if (known !== undefined && through === 'first') break;
  }
  return known;
}
