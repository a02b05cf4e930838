import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

export const GROUP = '120363371308389685@g.us';

/** A sandbox of the test's own, without a limit unless the test is about one. */
export async function open(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ limit: Number.POSITIVE_INFINITY, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export const headersOf = (sandbox: Sandbox): Record<string, string> => ({
  Authorization: `Bearer ${sandbox.key}`,
  'x-phone': sandbox.phone,
  'Content-Type': 'application/json',
});

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a test expects of an answer
  readonly body: any;
}

async function read(response: Response): Promise<Got> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {}
  return { status: response.status, headers: response.headers, text, body };
}

export async function post(
  sandbox: Sandbox,
  path: string,
  body: unknown,
  headers: Record<string, string> = headersOf(sandbox),
): Promise<Got> {
  const raw = typeof body === 'string' ? body : JSON.stringify(body);
  return read(await fetch(sandbox.url + path, { method: 'POST', headers, body: raw, redirect: 'manual' }));
}

export async function get(sandbox: Sandbox, path: string, headers = headersOf(sandbox)): Promise<Got> {
  return read(await fetch(sandbox.url + path, { headers }));
}

export const ask = (sandbox: Sandbox, participants: unknown, chatId = GROUP, more: object = {}) =>
  post(sandbox, `/chats/${encodeURIComponent(chatId)}/add`, { participants, ...more });

export const readChat = (sandbox: Sandbox, chatId = GROUP) =>
  get(sandbox, `/chats/${encodeURIComponent(chatId)}`);

export async function memberIds(sandbox: Sandbox, chatId = GROUP): Promise<string[]> {
  return Object.keys((await readChat(sandbox, chatId)).body.members);
}

/** The code of the network error that a request ends in; '' when it was answered. */
export async function networkError(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return '';
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? String(error);
  }
}

/** Sends bytes, and gives the bytes that come back up to the end of the first answer. */
export function exchange(sandbox: Sandbox, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1', () => socket.write(bytes));
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      got += chunk;
      const length = /^content-length: (\d+)/im.exec(got)?.[1];
      const head = got.indexOf('\r\n\r\n');
      if (head >= 0 && length !== undefined && got.length >= head + 4 + Number(length)) socket.end();
    });
    socket.on('close', () => resolve(got)).on('error', reject);
  });
}

/** An ask as it goes over the wire, in one piece. */
export function request(key: string, participant: string): string {
  const body = JSON.stringify({ participants: [participant] });
  return [
    `POST /v1/chats/${encodeURIComponent(GROUP)}/add HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${key}`,
    'x-phone: 919876543210',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Waits for a condition; the test's own time limit ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
