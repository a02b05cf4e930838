/**
 * Embedded stand-in for the Periskope API: validates requests strictly, answers realistically, and counts the asks of
 * each pair. Binds to loopback only, and opens no connection itself.
 *
 * The last four digits of phones and chat ids choose the answers: see endings.ts. `GET /_sandbox` (beside `/v1`) shows
 * the counts; `POST /_sandbox/control` changes behaviour during a run; `POST /_sandbox/reset` clears counts, members,
 * faults and used allowance, and keeps the settings.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { OnboardError } from '../domain/errors.ts';
import { Counts, readRecord } from './counts.ts';
import { FAULTS } from './endings.ts';
import { SANDBOX_PHONE } from './groups.ts';
import { Limiting, type LimitSettings } from './limiting.ts';
import { type Latency, Network } from './network.ts';
import { buildApp, type Parts, type Settings, throttle } from './server.ts';
import { World } from './world.ts';

/** Default API key of the sandbox. Not a secret. */
const SANDBOX_KEY = 'sandbox-key-not-a-secret';

/** Options of the sandbox. All times are milliseconds. */
export interface SandboxOptions extends Partial<LimitSettings & Omit<Settings, 'notifications'>> {
  /** Port; 0, the default: any free one. */
  readonly port?: number;
  readonly apiKey?: string;
  /** Shorthand for `latency: { ms }`. */
  readonly latencyMs?: number;
  readonly latency?: Latency;
  /** [chat_id, participant] of initial members besides `defaultMembers(chatId)`. */
  readonly seedMembers?: readonly (readonly [chatId: string, participant: string])[];
  /** [chat_id, name] of groups that are listed besides those of the demo; also renames one of these. */
  readonly named?: readonly (readonly [chatId: string, name: string])[];
  /**
   * File to which every valid add request is appended (JSON lines, see RecordLine), synchronously and before its
   * answer. At the start, members and counts are restored from it, so that a killed sandbox can continue.
   */
  readonly recordFile?: string;
  /** Source of the latency's jitter, 0 to 1; Math.random by default. */
  readonly random?: () => number;
}

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

const LIMIT_DEFAULTS: LimitSettings = {
  kind: 'express-rate-limit',
  limit: 10,
  windowMs: 1000,
  scope: 'key',
  clockOffsetMs: 0,
  resetForm: 'seconds',
  retryAfterForm: 'seconds',
  hideHeaders: [],
};

const DEFAULTS: Settings = {
  /** Delay of the answer of ending 0056. */
  slowMs: 3000,
  /** Time per person of an ask. */
  personMs: 0,
  reads: 'ok',
  notifications: true,
  force429: 0,
  /** HTTP status of asks through a disconnected phone (the API's own is unknown). */
  disconnectedStatus: 500,
};

/** Starts a sandbox. Rejects with an OnboardError (USAGE) if the port is not available. */
export async function startSandbox(options: SandboxOptions = {}) {
  const key = options.apiKey ?? SANDBOX_KEY;
  const world = new World(options.seedMembers);
  world.named = new Map(options.named);
  const network = new Network(
    options.latency ?? { ms: options.latencyMs ?? 0 },
    options.random ?? Math.random,
  );
  const decoyServer = createServer();
  await listen(decoyServer, 0);
  const decoyUrl = `http://127.0.0.1:${portOf(decoyServer)}/v1/redirected`;

  const counts = new Counts(options.recordFile);
  if (options.recordFile !== undefined) takeUp(options.recordFile, world, counts);
  decoyServer.on('request', (request, response) => {
    counts.decoy.requests++;
    counts.decoy.keySeen ||= JSON.stringify(request.rawHeaders).includes(key);
    response.end('{}');
  });

  const settings = { ...DEFAULTS, ...membersOf(DEFAULTS, options) };
  const limits = { ...LIMIT_DEFAULTS, ...membersOf(LIMIT_DEFAULTS, options) };
  const limiting: Limiting = new Limiting(limits, counts, (request, response) =>
    throttle(parts, request, response),
  );

  const control = (changes: unknown): void => {
    const { limit, ...rest } = controlSchema.parse(changes);
    limiting.change(
      membersOf(LIMIT_DEFAULTS, { ...rest, limit: limit === null ? Number.POSITIVE_INFINITY : limit }),
    );
    Object.assign(settings, membersOf(DEFAULTS, rest));
    if (rest.latency) network.latency = rest.latency;
    if (rest.holdMs !== undefined) network.hold(rest.holdMs);
    world.keyRevoked = rest.keyRevoked ?? world.keyRevoked;
    world.phoneConnected = rest.phoneConnected ?? world.phoneConnected;
    world.phoneBlocked = rest.phoneBlocked ?? world.phoneBlocked;
    if (rest.disconnected) world.disconnected = new Set(rest.disconnected);
    if (rest.named) world.named = new Map(rest.named);
    for (const [chatId, participant] of rest.join ?? []) world.join(chatId, participant);
    for (const [chatId, participant] of rest.leave ?? []) world.leave(chatId, participant);
    for (const [chatId, participant] of rest.remove ?? []) world.remove(chatId, participant);
  };
  const reset = (): void => {
    counts.reset();
    world.reset();
    limiting.reset();
    settings.force429 = 0;
  };
  const parts: Parts = {
    apiKey: key,
    world,
    counts,
    limiting,
    network,
    settings,
    decoyUrl,
    control,
    reset,
  };

  const server = createServer(buildApp(parts));
  // The sample shows `Keep-Alive: timeout=5`.
  server.keepAliveTimeout = 5000;
  const release = async (): Promise<void> => {
    network.close();
    limiting.dispose();
    await Promise.all([shut(server), shut(decoyServer)]);
    counts.close();
  };
  try {
    await listen(server, options.port ?? 0);
  } catch (cause) {
    await release();
    const { code } = cause as NodeJS.ErrnoException;
    const message = `port ${options.port} of 127.0.0.1 cannot be had (${code}): choose another one, or 0 for any`;
    throw new OnboardError('USAGE', message, { cause });
  }
  const origin = `http://127.0.0.1:${portOf(server)}`;
  let closed: Promise<void> | undefined;
  return {
    /** `http://127.0.0.1:PORT/v1` */
    url: `${origin}/v1`,
    /** `http://127.0.0.1:PORT/_sandbox` */
    statusUrl: `${origin}/_sandbox`,
    key,
    phone: SANDBOX_PHONE,
    counts: () => counts.snapshot(),
    control: (changes: SandboxControl) => control(changes),
    reset,
    /** Closes every connection at once, answered or not. */
    close: () => {
      closed ??= release();
      return closed;
    },
  };
}

function takeUp(recordFile: string, world: World, counts: Counts): void {
  for (const line of readRecord(recordFile)) {
    counts.replay(line);
    const struck = line.participants.filter((each) => each.endsWith(line.fault) && FAULTS[line.fault]?.once);
    world.replay(line.chat_id, line.effects, struck);
  }
}

/** The defined members of `from` that `like` has too. */
const membersOf = <T extends object>(like: T, from: object): Partial<T> =>
  Object.fromEntries(
    Object.entries(from).filter(([name, value]) => name in like && value !== undefined),
  ) as Partial<T>;

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const shut = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Settings that may change while the sandbox runs, by `sandbox.control(…)` or `POST /_sandbox/control`. */
const pairs = z.array(z.tuple([z.string(), z.string()]));

/** Schema of the settings. Times are milliseconds. Unknown names are refused, so that a misspelt one fails. */
const controlSchema = z
  .strictObject({
    kind: z.enum(['express-rate-limit', 'fixed-aligned', 'sliding-log', 'token-bucket']),
    /** Requests per window; null: no limit. Takes effect at once, within the running window. */
    limit: z.number().int().positive().nullable(),
    /** Length of a window; a change starts a new one. */
    windowMs: z.number().int().positive(),
    clockOffsetMs: z.number(),
    resetForm: z.enum(['seconds', 'ms', 'delta', 'http-date']),
    retryAfterForm: z.enum(['seconds', 'http-date', 'none']),
    /** Names of headers that are not sent. */
    hideHeaders: z.array(z.string()),
    /** Replaces the whole latency: see Latency. */
    latency: z
      .strictObject({
        ms: z.number().min(0),
        way: z.number().min(0),
        work: z.number().min(0),
        jitter: z.number().min(0).max(1),
      })
      .partial(),
    /** Time per person of an ask before the answer is sent, as with the engine behind the API. */
    personMs: z.number().min(0),
    slowMs: z.number().min(0),
    /** Every request is answered with 401 while true. */
    keyRevoked: z.boolean(),
    phoneConnected: z.boolean(),
    /** WhatsApp has blocked the phone's number while true. */
    phoneBlocked: z.boolean(),
    /** `x-phone` values of single phones that are not connected; replaces the former list. */
    disconnected: z.array(z.string()),
    /** Answers of GET /phones and GET /chats: correct, HTTP 500, or JSON of an unknown form. */
    reads: z.enum(['ok', 'error', 'nonsense']),
    /** Number of next requests that get a 429 that is not the limiter's, with Retry-After: 1. */
    force429: z.number().int().min(0),
    /** Length of a network pause, which delays incoming requests and outgoing answers; 0 ends it. */
    holdMs: z.number().min(0),
    /** [chat_id, participant] of people who join a group by themselves, e.g. by an invite. */
    join: pairs,
    leave: pairs,
    /** [chat_id, participant] of people whom an admin removes. */
    remove: pairs,
    /** [chat_id, name] of further groups in GET /chats; also renames a group. Replaces the former list. */
    named: pairs,
    /** Whether GET /chats/{chat_id}/notifications exists (false: HTTP 404). */
    notifications: z.boolean(),
  })
  .partial();

type SandboxControl = z.input<typeof controlSchema>;
