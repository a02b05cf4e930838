import { describe, expect, it } from 'vitest';
import { exchange, open, request } from './helpers.ts';

/** The headers of the sample answer on the API's page, as they are spelled there. */
const SAMPLE_HEADERS = [
  'Access-Control-Allow-Origin',
  'Connection',
  'Content-Length',
  'Date',
  'ETag',
  'Keep-Alive',
  'X-Powered-By',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'x-periskope-org-id',
  'x-periskope-phone-id',
  'x-periskope-trace-id',
];

describe('the page’s own request', () => {
  it('gets the page’s own answer: header names, values, ETag and body', async () => {
    const sandbox = await open({ limit: 10 });
    const before = Date.now();
    const answer = await exchange(sandbox, request(sandbox.key, '919537851844'));
    const after = Date.now();
    const [head = '', body] = answer.split('\r\n\r\n');
    const [statusLine, ...lines] = head.split('\r\n');
    const headers = new Map(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));

    expect(statusLine).toBe('HTTP/1.1 200 OK');
    // The page lists the content type beside the headers, not among them.
    expect([...headers.keys()].sort()).toEqual([...SAMPLE_HEADERS, 'Content-Type'].sort());
    expect(headers.size).toBe(lines.length);
    expect(body).toBe('{"919537851844@c.us":{"is_success":true,"message":"Invite sent to participant"}}');
    expect(Object.fromEntries(headers)).toMatchObject({
      'Access-Control-Allow-Origin': '*',
      Connection: 'keep-alive',
      'Content-Length': '80',
      'Content-Type': 'application/json; charset=utf-8',
      ETag: 'W/"50-oXCBoRtHjEOQ4jWu33g9MlIs8mM"',
      'Keep-Alive': 'timeout=5',
      'X-Powered-By': 'Express',
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '9',
      'x-periskope-org-id': '2997dd64-89bf-48d3-9a22-b314fca017e5',
      'x-periskope-phone-id': 'phone-bqzvyibhmwkaergr',
    });
    expect(headers.get('x-periskope-trace-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(headers.get('Date')).toBe(new Date(headers.get('Date') ?? '').toUTCString());
    // The window is 1 s from the request, and its end is rounded up to a whole second.
    const reset = Number(headers.get('X-RateLimit-Reset'));
    expect(reset).toBeGreaterThanOrEqual(Math.ceil((before + 1000) / 1000));
    expect(reset).toBeLessThanOrEqual(Math.ceil((after + 1000) / 1000));
  });

  it('has a fresh trace id every time', async () => {
    const sandbox = await open();
    const ids = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const answer = await exchange(sandbox, request(sandbox.key, '919537851844'));
      ids.add(/x-periskope-trace-id: (\S+)/.exec(answer)?.[1] ?? '');
    }
    expect(ids.size).toBe(5);
    expect(ids.has('')).toBe(false);
  });
});
