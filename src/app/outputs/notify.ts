import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Logger } from 'pino';
import type { NotifyTarget } from '../../config/notify.ts';
import { chatBody } from '../../report/summary/summary.ts';
import type { Ending } from '../../report/summary/tally.ts';
import { tunnelAgents } from '../../send/api/connections.ts';

/** Time limit for all of it (name lookup, connection, answer), ms. */
const LONGEST_MS = 10_000;

/** Posts the summary, where that is wanted. A failure is only a warning, because it does not affect the run. */
export async function notify(
  ending: Ending,
  target: NotifyTarget | undefined,
  log: Pick<Logger, 'warn'>,
  longestMs = LONGEST_MS,
): Promise<void> {
  if (target === undefined) return;
  const trouble = await post(target, chatBody(ending), longestMs).catch(
    () => 'the request could not be made',
  );
  if (trouble) log.warn({}, `the summary was not posted (--notify): ${trouble}`);
}

/** Posts once and follows no redirect. Returns the failure, without any text of the address. */
function post({ url, proxy }: NotifyTarget, body: string, longestMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const agents = proxy && tunnelAgents(proxy, { phaseMs: longestMs });
    const tls = url.protocol === 'https:';
    const made = (tls ? tlsRequest : plainRequest)(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
      },
      ...(tls && { rejectUnauthorized: true }),
      ...(agents && { agent: agents.https }),
    });
    const end = (trouble?: string) => {
      clearTimeout(timer);
      made.destroy();
      agents?.https.destroy();
      resolve(trouble);
    };
    const timer = setTimeout(() => end(`no answer in ${longestMs / 1_000} s`), longestMs);
    made.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'the connection failed'));
    made.on('upgrade', () => end('an answer that is none'));
    made.on('response', ({ statusCode = 0 }) =>
      end(statusCode >= 200 && statusCode < 300 ? undefined : `answer ${statusCode}`),
    );
    made.end(body);
  });
}
