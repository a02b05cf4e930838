import { describe, expect, it } from 'vitest';
import { groupName, LISTED_GROUPS } from '../../src/sandbox/groups.ts';
import { ask, get, headersOf, open } from './helpers.ts';

const NEW = '120363371308381234@g.us';
const idsIn = (body: { chats: { chat_id: string }[] }) => body.chats.map(({ chat_id }) => chat_id);

describe('GET /chats', () => {
  it('lists the groups, by pages', async () => {
    const sandbox = await open();
    const { status, body } = await get(sandbox, '/chats?chat_type=group&offset=1&limit=2');
    expect(status).toBe(200);
    expect(body).toMatchObject({ from: 1, to: 3, count: LISTED_GROUPS.length });
    expect(idsIn(body)).toEqual(LISTED_GROUPS.slice(1, 3));
    expect(body.chats[0]).toMatchObject({
      chat_name: groupName(LISTED_GROUPS[1] ?? ''),
      chat_type: 'group',
      member_count: 5,
      members: { [`${sandbox.phone}@c.us`]: { is_admin: true } },
    });
  });

  it('lists groups that came into being, and those that were given names', async () => {
    const sandbox = await open({ named: [[NEW, 'Batch A']] });
    await ask(sandbox, ['919537851844'], '120363371308385678@g.us');
    const { body } = await get(sandbox, '/chats?chat_type=group');
    expect(idsIn(body)).toEqual([...LISTED_GROUPS, NEW, '120363371308385678@g.us']);
    expect(body.chats.find(({ chat_id }: { chat_id: string }) => chat_id === NEW).chat_name).toBe('Batch A');
    expect((await get(sandbox, `/chats/${NEW}`)).body.chat_name).toBe('Batch A');
    sandbox.control({ named: [] });
    expect((await get(sandbox, `/chats/${NEW}`)).body.chat_name).toBe(groupName(NEW));
  });

  it('lists people beside groups, unless groups are asked for', async () => {
    const sandbox = await open();
    const all = (await get(sandbox, '/chats')).body;
    expect(idsIn(all).filter((id) => id.endsWith('@c.us'))).toHaveLength(2);
    const people = (await get(sandbox, '/chats?chat_type=user')).body;
    expect(idsIn(people).every((id) => id.endsWith('@c.us'))).toBe(true);
  });

  it.each([
    ['limit=2001', 'limit'],
    ['limit=many', 'limit'],
    ['offset=-1', 'offset'],
    ['chat_type=groups', 'chat_type'],
    ['chat_type=group&chat_type=user', 'chat_type'],
  ])('refuses %s', async (query, field) => {
    const { status, body } = await get(await open(), `/chats?${query}`);
    expect([status, body.code, Object.keys(body.fields)]).toEqual([422, 'VALIDATION_ERROR', [field]]);
  });

  it('wants the key and the phone, and costs allowance', async () => {
    const sandbox = await open({ limit: 2, windowMs: 60_000 });
    const headers = headersOf(sandbox);
    expect((await get(sandbox, '/chats', { ...headers, Authorization: 'Bearer no' })).status).toBe(401);
    expect((await get(sandbox, '/chats', { ...headers, 'x-phone': '+91' })).body.fields).toHaveProperty(
      'x-phone',
    );
    expect((await get(sandbox, '/chats')).status).toBe(200);
    expect((await get(sandbox, '/chats')).status).toBe(429);
    expect(sandbox.counts().requests.chats).toEqual({ 200: 1, 401: 1, 422: 1, 429: 1 });
  });

  it('fails as the other reads do', async () => {
    const sandbox = await open({ reads: 'error' });
    expect((await get(sandbox, '/chats?chat_type=group')).status).toBe(500);
  });
});
