import { describe, expect, it } from 'vitest';
import { GROUP_ENDINGS } from '../../src/sandbox/endings.ts';
import { defaultMembers, groupName } from '../../src/sandbox/groups.ts';
import { ask, GROUP, memberIds, open, readChat } from './helpers.ts';

const P = '919537850001';
const group = (ending: string) => `12036337130838${ending}@g.us`;

describe('an ordinary group', () => {
  it('is read as documented', async () => {
    const sandbox = await open();
    const { status, body } = await readChat(sandbox);
    expect(status).toBe(200);
    const ids = [`${sandbox.phone}@c.us`, ...defaultMembers(GROUP).map((digits) => `${digits}@c.us`)];
    expect(body).toMatchObject({
      chat_id: GROUP,
      chat_name: groupName(GROUP),
      chat_type: 'group',
      member_count: 5,
      is_exited: false,
      add_members_admins_only: false,
      invite_link: expect.stringMatching(/^https:\/\/chat\.whatsapp\.com\//),
    });
    expect(Object.keys(body.members)).toEqual(ids);
    expect(body.members[`${sandbox.phone}@c.us`]).toMatchObject({
      contact_id: `${sandbox.phone}@c.us`,
      is_admin: true,
    });
    expect(body.members[ids[1] ?? '']).toMatchObject({ contact_id: ids[1], is_admin: false });
  });

  it('has a name and members of its own, the same everywhere', async () => {
    const [one, other] = [await open(), await open()];
    expect((await readChat(one)).body).toEqual((await readChat(other)).body);
    const ids = Array.from({ length: 50 }, (_, i) => group(String(5000 + i)));
    expect(new Set(ids.map(groupName)).size).toBeGreaterThan(40);
    expect(new Set(ids.flatMap(defaultMembers)).size).toBeGreaterThan(190);
  });

  it('answers “already a member” for whoever is in it from the start', async () => {
    const [member = ''] = defaultMembers(GROUP);
    const sandbox = await open({ seedMembers: [[GROUP, P]] });
    expect(await memberIds(sandbox)).toContain(`${P}@c.us`);
    expect(await memberIds(sandbox, group('7777'))).not.toContain(`${P}@c.us`);
    const { body } = await ask(sandbox, [member, P]);
    expect(body[`${member}@c.us`].code).toBe(409);
    expect(body[`${P}@c.us`].code).toBe(409);
  });

  it('shows a LID for some of its members', async () => {
    const sandbox = await open();
    await ask(
      sandbox,
      Array.from({ length: 60 }, (_, i) => `91900${String(i).padStart(3, '0')}0001`),
    );
    const members = Object.values((await readChat(sandbox)).body.members) as { contact_lid?: string }[];
    const withLid = members.filter(({ contact_lid }) => contact_lid?.endsWith('@lid')).length;
    expect(withLid).toBeGreaterThan(5);
    expect(withLid).toBeLessThan(members.length - 5);
  });

  it('is full at 1024', async () => {
    const sandbox = await open();
    const people = Array.from({ length: 1021 }, (_, i) => `919${String(i).padStart(5, '0')}0001`);
    const codes: number[] = [];
    for (let from = 0; from < people.length; from += 256) {
      const { body } = await ask(sandbox, people.slice(from, from + 256));
      codes.push(...(Object.values(body) as { code: number }[]).map(({ code }) => code));
    }
    expect(codes.filter((code) => code === 200)).toHaveLength(1019);
    expect(codes.slice(1019)).toEqual([419, 419]);
    expect((await readChat(sandbox)).body.member_count).toBe(1024);
  });
});

/** [ending, HTTP status of the read, of the ask, code of the answer, the person shows afterwards] */
const TABLE: readonly [string, number, number, number | undefined, boolean | undefined][] = [
  ['0204', 200, 200, 200, undefined],
  ['0205', 200, 200, 200, false],
  ['0304', 200, 200, 200, false],
  ['0400', 200, 200, 200, true],
  ['0401', 200, 200, 401, false],
  ['0402', 200, 200, 401, false],
  ['0403', 200, 403, undefined, false],
  ['0404', 404, 404, undefined, undefined],
  ['0405', 200, 200, undefined, false],
  ['0406', 200, 200, undefined, false],
  ['0410', 200, 403, undefined, false],
  ['0419', 200, 200, 419, false],
  ['0420', 200, 200, 200, true],
  ['0450', 200, 200, 500, false],
  ['0500', 500, 200, 200, undefined],
  ['0503', 200, 200, 200, undefined],
];

describe('groups with manners, by the last four digits of the id', () => {
  it.each(TABLE)('%s', async (ending, read, asked, code, shows) => {
    const sandbox = await open();
    expect((await readChat(sandbox, group(ending))).status).toBe(read);
    const answer = await ask(sandbox, [P], group(ending));
    expect(answer.status).toBe(asked);
    expect(answer.body[`${P}@c.us`]?.code).toBe(code);
    if (shows !== undefined)
      expect((await memberIds(sandbox, group(ending))).includes(`${P}@c.us`)).toBe(shows);
    const effect = code === 200 ? 'added' : asked !== 200 ? 'untouched' : 'failed';
    expect(sandbox.counts().pairs[`${group(ending)} ${P}`]).toMatchObject({
      asked: asked === 200 ? 1 : 0,
      status: effect,
    });
  });

  it('the list for people has every one of them', () => {
    expect(GROUP_ENDINGS.map(({ ending }) => ending)).toEqual(TABLE.map(([ending]) => ending));
  });

  it('say in the membership read what they are', async () => {
    const sandbox = await open();
    expect((await readChat(sandbox, group('0204'))).body).toMatchObject({ members: null, member_count: 5 });
    expect((await readChat(sandbox, group('0403'))).body.add_members_admins_only).toBe(true);
    expect((await readChat(sandbox, group('0410'))).body.is_exited).toBe(true);
    const full = (await readChat(sandbox, group('0419'))).body;
    expect(full.member_count).toBe(1024);
    expect(Object.keys(full.members)).toHaveLength(1024);
    expect((await readChat(sandbox, group('0420'))).body.member_count).toBe(1021);
    const { members } = (await readChat(sandbox, group('0400'))).body;
    expect(members[`${sandbox.phone}@c.us`]).toMatchObject({ is_admin: false });
    expect(typeof (await readChat(sandbox, group('0503'))).body).toBe('string');
    expect((await readChat(sandbox, group('0404'))).body).toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });

  it('a stale group knows whom it has, though it does not show them', async () => {
    const sandbox = await open();
    await ask(sandbox, [P], group('0304'));
    expect((await ask(sandbox, [P], group('0304'))).body[`${P}@c.us`].code).toBe(409);
  });
});
