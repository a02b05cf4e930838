import { describe, expect, it } from 'vitest';
import { FAULT_ENDINGS } from '../../src/sandbox/endings.ts';
import { ask, GROUP, get, headersOf, memberIds, networkError, open, post } from './helpers.ts';

const P = '91953785';
const count = (asked: number, done: number, received = 1) => ({ received, asked, done });

/** [ending, HTTP status or network error, processed, counts as an ask, the second ask] */
const TABLE: readonly [string, number | string, boolean, boolean, number | string][] = [
  ['0050', 429, false, false, 200],
  ['0051', 503, false, false, 200],
  ['0052', 500, false, true, 200],
  ['0053', 500, true, true, 500],
  ['0054', 'ECONNRESET', false, true, 200],
  ['0055', 'ECONNRESET', true, true, 'ECONNRESET'],
  ['0056', 200, true, true, 200],
  ['0057', 'UND_ERR_SOCKET', true, true, 'UND_ERR_SOCKET'],
  ['0058', 200, true, true, 200],
  ['0059', 200, true, true, 200],
  ['0060', 200, true, true, 200],
  ['0061', 502, false, true, 502],
  ['0062', 504, true, true, 504],
  ['0063', 400, false, false, 400],
  ['0064', 422, false, false, 422],
  ['0065', 307, false, false, 307],
  ['0066', 'ECONNRESET', false, true, 'ECONNRESET'],
  ['0067', 401, false, false, 401],
  ['0068', 500, false, true, 500],
  ['0069', 429, false, false, 429],
  ['0070', 'ECONNRESET', true, true, 'ECONNRESET'],
  ['0071', 503, false, false, 503],
  ['0072', 200, true, true, 200],
  ['0073', 403, false, false, 403],
  ['0074', 404, false, false, 404],
  ['0075', 402, false, false, 402],
  ['0076', 403, false, false, 403],
  ['0077', 422, false, false, 422],
  ['0078', 403, false, false, 200],
  ['0079', 500, false, true, 500],
];

describe('faults, by the last four digits of any participant', () => {
  it.each(TABLE)('%s', async (ending, first, processed, asked, second) => {
    const sandbox = await open({ slowMs: 5 });
    const participant = P + ending;
    const once = async () => {
      try {
        return (await ask(sandbox, [participant])).status;
      } catch (error) {
        return networkError(Promise.reject(error));
      }
    };
    expect(await once()).toBe(first);
    expect(sandbox.counts().pairs[`${GROUP} ${participant}`]).toMatchObject(
      count(asked ? 1 : 0, processed ? 1 : 0),
    );
    expect(sandbox.counts().asks).toBe(asked ? 1 : 0);
    if (ending !== '0067') {
      expect((await memberIds(sandbox)).includes(`${participant}@c.us`)).toBe(processed && ending !== '0070');
    }
    expect(await once()).toBe(second);
    expect(sandbox.counts().pairs[`${GROUP} ${participant}`]?.received).toBe(2);
    const row = FAULT_ENDINGS.find((each) => each.ending === ending);
    expect(row?.once ?? false).toBe(second === 200 && first !== 200);
  });

  it('the list for people has every fault that is tested here', () => {
    expect(FAULT_ENDINGS.map(({ ending }) => ending)).toEqual(TABLE.map(([ending]) => ending));
  });

  it('what the bodies and headers are', async () => {
    const sandbox = await open({ slowMs: 0 });
    const got = Object.fromEntries(
      await Promise.all(
        ['0050', '0059', '0060', '0061', '0062', '0063', '0064', '0065', '0069', '0072'].map(
          async (ending) => [ending, await ask(sandbox, [P + ending])] as const,
        ),
      ),
    );
    expect(got['0050']?.headers.get('retry-after')).toBe('1');
    expect(got['0069']?.headers.get('retry-after')).toBeNull();
    expect(got['0069']?.text).toMatch(/^Too many requests/);
    expect(got['0059']).toMatchObject({ text: 'Request accepted', body: undefined });
    expect(got['0060']).toMatchObject({ text: '' });
    expect(got['0060']?.headers.get('content-length')).toBe('0');
    for (const ending of ['0061', '0062']) {
      expect(got[ending]?.headers.get('content-type')).toMatch(/^text\/html/);
      expect(got[ending]?.text).toContain('<h1>');
    }
    expect(got['0063']?.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(got['0064']?.body).toEqual({
      code: 'VALIDATION_ERROR',
      fields: { 'participants.0': { message: 'Participant is not a valid phone number' } },
      message: 'Validation failed',
      name: 'ValidateError',
      status: 422,
    });
    expect(got['0072']?.text).toMatch(new RegExp(`^\\{"${P}0072@c.us":\\{"is_success":true`));
    expect(got['0072']?.body).toBeUndefined();
    const location = got['0065']?.headers.get('location') ?? '';
    expect(new URL(location).port).not.toBe(new URL(sandbox.url).port);
    expect(sandbox.counts().decoy).toEqual({ requests: 0, keySeen: false });
    await fetch(location);
    expect(sandbox.counts().decoy).toEqual({ requests: 1, keySeen: false });
    await fetch(location, { headers: headersOf(sandbox) });
    expect(sandbox.counts().decoy).toEqual({ requests: 2, keySeen: true });
  });

  it('a batch is processed whole, or not at all', async () => {
    const sandbox = await open();
    const others = [`${P}0001`, `${P}0003`];
    expect(await networkError(ask(sandbox, [...others, `${P}0055`]))).toBe('ECONNRESET');
    expect(await memberIds(sandbox)).toEqual(expect.arrayContaining([`${P}0001@c.us`, `${P}0055@c.us`]));
    const refused = await ask(sandbox, [`${P}0002`, `${P}0064`]);
    expect(Object.keys(refused.body.fields)).toEqual(['participants.1']);
    expect(await memberIds(sandbox)).not.toContain(`${P}0002@c.us`);
    const nameless = await ask(sandbox, [`${P}0014`, `${P}0058`]);
    expect(Object.keys(nameless.body)).toEqual([`${P}0014@c.us`]);
    const { pairs } = sandbox.counts();
    expect(pairs[`${GROUP} ${P}0003`]).toEqual({ received: 1, asked: 1, done: 1, status: 'invited' });
    expect(pairs[`${GROUP} ${P}0002`]).toEqual({ received: 1, asked: 0, done: 0, status: 'untouched' });
  });

  it('two faults in one batch: the first decides, and a once-only one makes way for the other', async () => {
    const sandbox = await open();
    const batch = [`${P}0051`, `${P}0063`];
    expect((await ask(sandbox, batch)).status).toBe(503);
    expect((await ask(sandbox, batch)).status).toBe(400);
  });

  it('once is per pair, not per person', async () => {
    const sandbox = await open();
    const other = '120363371308389686@g.us';
    expect((await ask(sandbox, [`${P}0051`])).status).toBe(503);
    expect((await ask(sandbox, [`${P}0051`], other)).status).toBe(503);
    expect((await ask(sandbox, [`${P}0051`], other)).status).toBe(200);
  });

  it('a slow answer is late, and the deed is done before it', async () => {
    const sandbox = await open({ slowMs: 400 });
    const from = performance.now();
    let answered = false;
    const slow = ask(sandbox, [`${P}0056`]).then(() => {
      answered = true;
    });
    while (!(await memberIds(sandbox)).includes(`${P}0056@c.us`));
    expect(answered).toBe(false);
    await slow;
    expect(performance.now() - from).toBeGreaterThanOrEqual(398);
  });

  it('a cut answer promises more than it brings', async () => {
    const sandbox = await open();
    const response = await fetch(`${sandbox.url}/chats/${GROUP}/add`, {
      method: 'POST',
      headers: headersOf(sandbox),
      body: JSON.stringify({ participants: [`${P}0057`] }),
    });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(50);
    await expect(response.text()).rejects.toThrow();
  });

  it('a revoked key is refused everywhere', async () => {
    const sandbox = await open();
    await ask(sandbox, [`${P}0067`]);
    const later = await ask(sandbox, [`${P}0001`]);
    expect(later.body).toEqual({
      code: 'UNAUTHORIZED',
      message: 'API key has been revoked',
      name: 'UnauthorizedError',
      status: 401,
    });
    expect((await get(sandbox, '/phones')).status).toBe(401);
    expect(sandbox.counts().asks).toBe(0);
  });

  it.each([
    ['0068', 'DISCONNECTED'],
    ['0079', 'TOS_BLOCK'],
  ])('a phone that is not connected shows, and nothing goes through it: …%s, %s', async (ending, state) => {
    const sandbox = await open({ disconnectedStatus: 400 });
    const well = { is_ready: true, wa_state: 'CONNECTED' };
    expect((await get(sandbox, '/phones')).body).toMatchObject(well);
    await ask(sandbox, [`${P}${ending}`]);
    expect((await get(sandbox, '/phones')).body).toMatchObject({ is_ready: false, wa_state: state });
    const later = await ask(sandbox, [`${P}0001`]);
    expect(later).toMatchObject({ status: 400, body: { message: 'Phone is not connected' } });
    expect(await memberIds(sandbox)).not.toContain(`${P}0001@c.us`);
    sandbox.control({ phoneConnected: true, phoneBlocked: false });
    expect((await get(sandbox, '/phones')).body).toMatchObject(well);
  });

  it('a fault costs allowance, and its 429 is not the limiter’s', async () => {
    const sandbox = await open({ limit: 100, windowMs: 60_000 });
    const { headers } = await ask(sandbox, [`${P}0050`]);
    expect(headers.get('x-ratelimit-remaining')).toBe('99');
    expect(sandbox.counts()).toMatchObject({ throttled: 0, requests: { add: { 429: 1 } } });
    await post(sandbox, '/chats/x/add', {});
    expect((await get(sandbox, '/phones')).headers.get('x-ratelimit-remaining')).toBe('97');
  });
});
