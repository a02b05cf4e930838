/**
 * HTTP server: five endpoints behind one chain, in this order: inbound latency, auth, limiter, validation, effect,
 * work and outbound latency. Auth precedes the limiter, so a 401 costs no allowance and has no rate-limit headers.
 * Every later answer costs allowance, including validation errors and faults.
 */
import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { type Counts, type Endpoint, preciseNow } from './counts.ts';
import { unauthorized } from './endings.ts';
import { ORG_ID, phoneBody, phoneOf } from './groups.ts';
import type { Limiting } from './limiting.ts';
import type { Network } from './network.ts';
import {
  type Answer,
  apiError,
  type Body,
  json,
  namedIn,
  parseBody,
  readAsk,
  readListRequest,
  readPage,
  refuseAddress,
  statusOf,
  text,
} from './protocol.ts';
import type { World } from './world.ts';

/** Settings of the answers, which may change while the sandbox runs. Times are milliseconds. */
export interface Settings {
  slowMs: number;
  personMs: number;
  reads: 'ok' | 'error' | 'nonsense';
  notifications: boolean;
  force429: number;
  disconnectedStatus: number;
}

export interface Parts {
  readonly apiKey: string;
  readonly world: World;
  readonly counts: Counts;
  readonly limiting: Limiting;
  readonly network: Network;
  readonly settings: Settings;
  /** Target of redirects. */
  readonly decoyUrl: string;
  readonly control: (changes: unknown) => void;
  readonly reset: () => void;
}

/** State of one request in the chain. */
interface Passage {
  readonly endpoint: Endpoint;
  at: number;
  body: Body;
}

const passages = new WeakMap<Request, Passage>();
const passageOf = (request: Request): Passage => {
  const passage = passages.get(request);
  if (!passage) throw new Error('a request is outside the chain');
  return passage;
};

/** Sends the limiter's refusal by the same way as every other answer. */
export async function throttle(parts: Parts, request: Request, response: Response): Promise<void> {
  await deliver(parts, request, response, text(429, 'Too many requests, please try again later.'), true);
}

export function buildApp(parts: Parts): Express {
  const { world, settings, network } = parts;
  const app = express();
  app.use('/_sandbox', sandboxPages(parts));
  const v1 = express.Router();
  v1.post('/chats/:chat_id/add', ...chain(parts, 'add'), async (request, response) => {
    const answer = answerAdd(parts, request);
    const ms = settings.personMs * namedIn(passageOf(request).body).length;
    if (ms > 0) await network.wait(ms);
    await deliver(parts, request, response, answer);
  });
  const read = (path: string, endpoint: Endpoint, answerOf: (request: Request) => Answer) =>
    v1.get(path, ...chain(parts, endpoint), (request, response) => {
      const refused = refuseAddress(request.headers['x-phone'], request.params['chat_id']);
      return deliver(parts, request, response, refused ?? spoiled(settings) ?? answerOf(request));
    });
  read('/chats', 'chats', (request) => {
    const asked = readListRequest(request.query);
    return 'kind' in asked ? asked : world.listChats(senderOf(request).orgPhone, asked);
  });
  read('/chats/:chat_id', 'chat', (request) => world.readChat(chatOf(request), senderOf(request).orgPhone));
  read('/chats/:chat_id/notifications', 'notifications', (request) => {
    if (!settings.notifications) return noSuchPath(request);
    const page = readPage(request.query['offset'], request.query['limit']);
    if ('kind' in page) return page;
    return world.readNotifications(chatOf(request), senderOf(request).orgPhone, page);
  });
  read('/phones', 'phones', (request) => {
    const { xPhone, orgPhone, phoneId } = senderOf(request);
    return json(200, phoneBody(orgPhone, phoneId, world.phoneState(xPhone)));
  });
  app.use('/v1', v1);
  app.use(...chain(parts, 'other'), (request, response) =>
    deliver(parts, request, response, noSuchPath(request)),
  );
  app.use(onError(parts));
  return app;
}

const chatOf = (request: Request): string => String(request.params['chat_id']);

function senderOf(request: Request) {
  const xPhone = String(request.headers['x-phone']);
  return { xPhone, ...phoneOf(xPhone) };
}

const noSuchPath = (request: Request): Answer =>
  apiError(404, 'NOT_FOUND', `Cannot ${request.method} this path`);

function chain(parts: Parts, endpoint: Endpoint): express.RequestHandler[] {
  const { counts, limiting, network, settings } = parts;
  return [
    (request, response, next) => {
      counts.arrived();
      response.once('close', () => counts.inFlight--);
      passages.set(request, { endpoint, at: preciseNow(), body: undefined });
      response.setHeader('Access-Control-Allow-Origin', '*');
      response.setHeader('x-periskope-trace-id', randomUUID());
      next();
    },
    express.text({ type: 'application/json', limit: '1mb' }),
    async (request, response, next) => {
      await network.leg('way');
      const passage = passageOf(request);
      passage.at = preciseNow();
      passage.body = parseBody(request.body);
      if (endpoint === 'add') counts.received(chatOf(request), namedIn(passage.body));
      const refused = authorize(parts, request);
      if (refused) return deliver(parts, request, response, refused);
      response.setHeader('x-periskope-org-id', ORG_ID);
      response.setHeader('x-periskope-phone-id', senderOf(request).phoneId);
      next();
    },
    limiting.middleware,
    async (request, response, next) => {
      if (settings.force429 > 0) {
        settings.force429--;
        const answer = text(429, 'Too many requests, please try again later.', { 'Retry-After': '1' });
        return deliver(parts, request, response, answer);
      }
      next();
    },
  ];
}

function authorize({ apiKey, world }: Parts, request: Request): Answer | undefined {
  const [, key] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (key === undefined) return unauthorized('Missing bearer token');
  if (key !== apiKey) return unauthorized('Invalid API key');
  return world.keyRevoked ? unauthorized('API key has been revoked') : undefined;
}

/** Answer of the reads when they are set to fail, else undefined. */
function spoiled({ reads }: Settings): Answer | undefined {
  if (reads === 'error') return apiError(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong');
  return reads === 'nonsense' ? json(200, ['nonsense']) : undefined;
}

function answerAdd({ world, counts, settings, decoyUrl }: Parts, request: Request): Answer {
  const chatId = chatOf(request);
  const refused = refuseAddress(request.headers['x-phone'], chatId);
  if (refused) return refused;
  const ask = readAsk(chatId, passageOf(request).body);
  if ('kind' in ask) return ask;
  const { xPhone } = senderOf(request);
  const deed = world.ask({ ...ask, sender: xPhone }, { ...settings, decoyUrl });
  counts.acted(chatId, ask.participants, xPhone, statusOf(deed.answer), deed);
  return deed.answer;
}

async function deliver(
  { counts, network, limiting }: Parts,
  request: Request,
  response: Response,
  answer: Answer,
  throttled = false,
): Promise<void> {
  const { endpoint, at } = passageOf(request);
  counts.answered(endpoint, statusOf(answer), at, throttled);
  await network.leg('work');
  const { hideHeaders, clockOffsetMs } = limiting.settings;
  // The limiter has already set Date on the requests it saw.
  if (clockOffsetMs !== 0 && !response.hasHeader('Date')) {
    response.setHeader('Date', new Date(Date.now() + clockOffsetMs).toUTCString());
  }
  for (const name of hideHeaders) {
    if (name.toLowerCase() === 'date') response.sendDate = false;
    response.removeHeader(name);
  }
  if (answer.kind === 'reset') {
    request.socket.resetAndDestroy();
  } else if (answer.kind === 'cut') {
    const whole = Buffer.from(JSON.stringify(answer.body));
    response.status(200).type('application/json').setHeader('Content-Length', whole.length);
    response.write(whole.subarray(0, whole.length >> 1), () => request.socket.destroy());
  } else {
    response.set(answer.headers);
    if (answer.headers['Retry-After'] !== undefined) limiting.bendRetryAfter(response);
    if (answer.afterMs !== undefined) await network.wait(answer.afterMs);
    response.status(answer.status).type(answer.type).send(answer.body);
  }
}

const onError =
  (parts: Parts): ErrorRequestHandler =>
  (error: { status?: number; name?: string; message?: string }, request, response, _next) => {
    // The sandbox is closing, and its sockets are already closed.
    if (error.name === 'AbortError') return response.destroy();
    const status = error.status ?? 500;
    const answer = apiError(
      status,
      status === 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST',
      `${error.message}`,
    );
    if (!passages.has(request)) return response.status(status).json({ message: error.message });
    return deliver(parts, request, response, answer);
  };

/** Routes of `/_sandbox`: no auth, no limit, no latency, and not counted. */
function sandboxPages(parts: Parts): express.Router {
  const pages = express.Router();
  pages.get('/', (_request, response) => {
    response.json(parts.counts.snapshot());
  });
  pages.post('/reset', (_request, response) => {
    parts.reset();
    response.json({ ok: true });
  });
  pages.post('/control', express.json(), (request, response) => {
    try {
      parts.control(request.body);
      response.json({ ok: true });
    } catch (error) {
      response.status(400).json({ ok: false, message: (error as Error).message });
    }
  });
  return pages;
}
