import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { otherNumber } from '../../src/domain/ids.ts';
import { OUTCOME_ENDINGS } from '../../src/sandbox/endings.ts';
import { ask, GROUP, memberIds, open } from './helpers.ts';

const P = '91953785';
const done = (code: number, message: string) => ({ is_success: false, code, message });

/** [ending, value of the answer, is a member afterwards, status in the counts] */
const TABLE: readonly [string, object, boolean, string][] = [
  ['0001', { is_success: true, code: 200 }, true, 'added'],
  ['0002', { is_success: true, message: 'Participant added successfully' }, true, 'added'],
  ['0003', { is_success: true, message: 'Invite sent to participant' }, false, 'invited'],
  ['0004', done(409, 'The participant is already a group member'), true, 'already_member'],
  ['0005', done(404, 'The phone number is not registered on WhatsApp'), false, 'failed'],
  ['0006', done(403, 'The participant can be added by sending private invitation only'), false, 'failed'],
  [
    '0007',
    {
      ...done(403, 'The participant can be added by sending private invitation only'),
      isInviteV4Sent: true,
    },
    false,
    'invited',
  ],
  ['0008', { is_success: false, code: 408 }, false, 'failed'],
  ['0009', { is_success: false, code: 417 }, false, 'failed'],
  ['0010', done(419, "The participant can't be added because the group is full"), false, 'failed'],
  ['0011', { is_success: true, code: 421 }, false, 'invited'],
  ['0012', done(401, 'You have no admin rights to add participants to a group'), false, 'failed'],
  ['0013', done(429, 'rate-overlimit'), false, 'throttled'],
  ['0014', { is_success: true }, true, 'added'],
  ['0015', { is_success: false }, false, 'failed'],
  ['0025', { is_success: false, code: 401 }, false, 'failed'],
  ['0026', done(402, 'The participant was removed by an admin'), false, 'failed'],
  ['0027', done(406, 'not-acceptable'), false, 'failed'],
  ['0028', done(416, 'This action is not available'), false, 'failed'],
  ['0029', done(500, 'This group is full'), false, 'failed'],
  ['0030', { is_success: false, code: 500 }, false, 'failed'],
  ['0031', { is_success: true, code: 421, message: 'Already requested' }, false, 'invited'],
  ['0032', done(403, 'forbidden'), false, 'failed'],
  ['0033', done(404, 'item-not-found'), false, 'failed'],
  ['0034', { is_success: false, code: '429' }, false, 'throttled'],
  ['0035', { is_success: true, message: 'Invite queued' }, false, 'invited'],
  ['0036', done(400, 'An unknown error occurred'), true, 'added'],
  ['0037', done(408, 'Timed Out'), true, 'added'],
  ['0038', done(428, 'Connection Closed'), false, 'failed'],
  ['0039', { is_success: false, code: '503', message: 'service-unavailable' }, false, 'failed'],
  ['0040', done(440, 'Connection was lost'), false, 'failed'],
  ['0041', done(515, 'Session closed'), false, 'failed'],
  ['0042', done(530, ''), false, 'failed'],
  ['0043', { is_success: true }, false, 'invited'],
  ['0044', { is_success: true, code: '200' }, true, 'added'],
];

describe('the outcome of a participant, by its last four digits', () => {
  it.each(TABLE)('%s', async (ending, value, member, status) => {
    const sandbox = await open();
    const participant = P + ending;
    const { status: http, body } = await ask(sandbox, [participant]);
    expect(http).toBe(200);
    expect(Object.keys(body)).toEqual([`${participant}@c.us`]);
    expect(body[`${participant}@c.us`]).toMatchObject(value);
    if (ending === '0001' || ending === '0014' || ending === '0015') {
      expect(body[`${participant}@c.us`]).toEqual(value);
    }
    expect((await memberIds(sandbox)).includes(`${participant}@c.us`)).toBe(member);
    const pair = sandbox.counts().pairs[`${GROUP} ${participant}`];
    const touched = status === 'added' || status === 'invited' ? 1 : 0;
    expect(pair).toEqual({ received: 1, asked: status === 'throttled' ? 0 : 1, done: touched, status });
  });

  it.each([
    ['0020', `${P}0020`, `${P}0020@s.whatsapp.net`],
    ['0021', `${P}0021`, `${P}0021:12@s.whatsapp.net`],
    ['0023', `${P}0023`, `${P}0023`],
    ['0024 Mexico', '525512340024', '5215512340024@c.us'],
    ['0024 Mexico with its 1', '5215512340024', '525512340024@c.us'],
    ['0024 Argentina', '541112340024', '5491112340024@c.us'],
    ['0024 Argentina with its 9', '5491112340024', '541112340024@c.us'],
    ['0024 Brazil', '551187650024', '5511987650024@c.us'],
    ['0024 Brazil with its 9', '5511987650024', '551187650024@c.us'],
    ['0024 elsewhere', `${P}0024`, `${P}0024@c.us`],
  ])('a key that differs: %s', async (_name, participant, key) => {
    const sandbox = await open();
    const { body } = await ask(sandbox, [participant]);
    expect(Object.keys(body)).toEqual([key]);
    expect(body[key].code).toBe(200);
    // Membership shows the number that WhatsApp knows, which is the variant's only for the variant.
    expect(await memberIds(sandbox)).toContain(key.endsWith('@c.us') ? key : `${participant}@c.us`);
  });

  it('an answer about another phone', async () => {
    const sandbox = await open();
    const { body } = await ask(sandbox, [`${P}0045`]);
    expect(Object.keys(body)).toEqual([`${P}9999@c.us`]);
    expect(await memberIds(sandbox)).not.toContain(`${P}0045@c.us`);
  });

  it('a LID is no form of the number, and membership ties the two together', async () => {
    const sandbox = await open();
    const { body } = await ask(sandbox, [`${P}0022`]);
    const [key = ''] = Object.keys(body);
    expect(key).toMatch(/^1\d{14}@lid$/);
    expect(key).not.toContain(P);
    const response = await fetch(`${sandbox.url}/chats/${GROUP}`, {
      headers: { authorization: `Bearer ${sandbox.key}`, 'x-phone': sandbox.phone },
    });
    const { members } = (await response.json()) as { members: Record<string, object> };
    expect(members[`${P}0022@c.us`]).toMatchObject({ contact_id: `${P}0022@c.us`, contact_lid: key });
  });

  it('the list for people has every row that is tested here', () => {
    const tested = new Set([
      ...TABLE.map(([ending]) => ending),
      '0020',
      '0021',
      '0022',
      '0023',
      '0024',
      '0045',
    ]);
    expect(new Set(OUTCOME_ENDINGS.map(({ ending }) => ending))).toEqual(tested);
    for (const { does } of OUTCOME_ENDINGS) expect(does).not.toBe('');
  });

  it('any other number: about 60 % added, the rest invited, and the same in every sandbox', async () => {
    const people = Array.from({ length: 200 }, (_, i) => String(919000001100 + i * 37));
    const [one, other] = [await open(), await open()];
    const { body } = await ask(one, people);
    expect((await ask(other, people)).body).toEqual(body);
    const values = Object.values(body) as { code?: number }[];
    const added = values.filter(({ code }) => code === 200).length;
    const invited = Object.values(body).filter(
      (value) => JSON.stringify(value) === '{"is_success":true,"message":"Invite sent to participant"}',
    ).length;
    expect(added + invited).toBe(200);
    expect(added).toBeGreaterThan(95);
    expect(added).toBeLessThan(145);
  });

  it('force adds everybody of the mix, and leaves the endings what they are', async () => {
    const sandbox = await open();
    const people = ['919537851844', '919000009999', `${P}0003`, `${P}0006`];
    const { body } = await ask(sandbox, people, GROUP, { force_add_participants: true });
    expect(people.map((each) => body[`${each}@c.us`].code)).toEqual([200, 200, undefined, 403]);
  });

  it('a second ask of somebody added says so, one of somebody invited sends another invite', async () => {
    const sandbox = await open();
    await ask(sandbox, [`${P}0001`, `${P}0003`]);
    const { body } = await ask(sandbox, [`${P}0001`, `${P}0003`]);
    expect(body[`${P}0001@c.us`].code).toBe(409);
    expect(sandbox.counts().pairs).toEqual({
      [`${GROUP} ${P}0001`]: { received: 2, asked: 2, done: 1, status: 'already_member' },
      [`${GROUP} ${P}0003`]: { received: 2, asked: 2, done: 2, status: 'invited' },
    });
    expect(sandbox.counts().asks).toBe(2);
  });

  it('knows one person under both numbers', async () => {
    const sandbox = await open();
    await ask(sandbox, ['5215512340001']);
    expect((await ask(sandbox, ['525512340001'])).body['525512340001@c.us'].code).toBe(409);
  });

  it('a variant’s variant is the number again, wherever there is one', () => {
    fc.assert(
      fc.property(
        fc.tuple(
          fc.constantFrom('52', '521', '54', '549', '5511', '55119', '91'),
          fc.stringMatching(/^[1-9]\d{7,9}$/),
        ),
        ([prefix, rest]) => {
          const digits = prefix + rest;
          const variant = otherNumber(digits);
          if (variant !== undefined) expect(otherNumber(variant)).toBe(digits);
        },
      ),
    );
  });
});
