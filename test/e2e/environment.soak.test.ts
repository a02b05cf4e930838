/** What the environment says, from the process that has it to the API that is asked. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../helpers.ts';
import { cli, csv, phone, SENDER, sandbox } from './harness.ts';

const OTHER = '919811122233';
/** Whatever goes wrong here, nothing leaves the machine. */
const NOWHERE = { HTTPS_PROXY: 'http://127.0.0.1:9' };

async function cohort(): Promise<string> {
  const path = join(await scratch(), 'cohort.csv');
  await writeFile(path, csv([phone(1)]));
  return path;
}

describe('the address and the phone', () => {
  it.each(['GROUP_ONBOARD', 'PERISKOPE'])('come from %s_BASE_URL and its _PHONE', async (prefix) => {
    const api = await sandbox();
    const env = { ...api.env, ...NOWHERE, [`${prefix}_BASE_URL`]: api.url, [`${prefix}_PHONE`]: OTHER };
    const ended = await cli(['run', await cohort()], env);
    expect(ended.stderr).toContain('added');
    expect(ended.code).toBe(0);
    expect((await api.counts()).senders).toEqual({ [OTHER]: 1 });
  });

  it('two that differ: exit 2, one line that names both, nothing sent; a flag decides', async () => {
    const api = await sandbox();
    const path = await cohort();
    const phones = { ...NOWHERE, GROUP_ONBOARD_PHONE: OTHER, PERISKOPE_PHONE: SENDER };
    const ended = await cli(['run', path, '--base-url', api.url], { ...api.env, ...phones });
    expect([ended.code, ended.stderr]).toEqual([
      2,
      'group-onboard: GROUP_ONBOARD_PHONE and PERISKOPE_PHONE are both set, and differ: unset one\n',
    ]);
    expect((await api.counts()).asks).toBe(0);
    expect((await cli(['run', path, ...api.args], { ...api.env, ...phones })).code).toBe(0);
    expect((await api.counts()).senders).toEqual({ [SENDER]: 1 });
  });
});

describe('the sandbox and an address', () => {
  const NOBODY = 'http://127.0.0.1:9/v1';
  const said =
    'exclude each other: the sandbox is a stand-in on this machine, and has no other address; leave one of them out\n';
  it.each(['run', 'follow-up'])(
    'exclude each other where the flag names the address: %s',
    async (command) => {
      const path = await cohort();
      const byFlag = await cli([command, path, '--sandbox', '--base-url', NOBODY]);
      expect([byFlag.code, byFlag.stderr]).toEqual([2, `group-onboard: --sandbox and --base-url ${said}`]);
      const byVariable = await cli([command, path, '--base-url', NOBODY], { GROUP_ONBOARD_SANDBOX: 'true' });
      expect([byVariable.code, byVariable.stderr]).toEqual([
        2,
        `group-onboard: GROUP_ONBOARD_SANDBOX and --base-url ${said}`,
      ]);
      const off = await cli(['run', path, '--base-url', NOBODY], { GROUP_ONBOARD_SANDBOX: 'false' });
      expect(off.stderr).toMatch(/no API key/);
    },
  );

  it.each(['PERISKOPE_BASE_URL', 'GROUP_ONBOARD_BASE_URL'])(
    'go together where it comes from %s: the sandbox wins',
    async (variable) => {
      const api = await sandbox();
      const env = { ...api.env, [variable]: api.url };
      const ended = await cli(['run', await cohort(), '--sandbox', '--phone', OTHER], env);
      expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('nobody was contacted')]);
      expect((await api.counts()).asks).toBe(0);
    },
  );
});

describe('a variable that nothing reads', () => {
  it('ends with 2 and one line, before anybody is asked', async () => {
    const api = await sandbox();
    const path = await cohort();
    const env = { ...api.env, GROUP_ONBOARD_DAILYCAP: '50' };
    for (const args of [
      ['run', path, ...api.args],
      ['check', path],
      ['follow-up', path, ...api.args],
      ['report', path],
      ['merge', path, '-o', '-'],
    ]) {
      const ended = await cli(args, env);
      expect([args[0], ended.code, ended.stdout, ended.stderr]).toEqual([
        args[0],
        2,
        '',
        'group-onboard: GROUP_ONBOARD_DAILYCAP is not a variable of group-onboard: did you mean GROUP_ONBOARD_DAILY_CAP?\n',
      ]);
    }
    expect((await api.counts()).asks).toBe(0);
  });

  it('is none that another command reads, or that stands in the documents', async () => {
    const env = {
      GROUP_ONBOARD_OLDER_THAN: '3d',
      GROUP_ONBOARD_COHORT: 'cohort.csv',
      GROUP_ONBOARD_DEADLINE: '2h',
      GROUP_ONBOARD_REDIS_URL_FILE: '/run/secrets/redis-url',
      GROUP_ONBOARD_SHARDS: '1',
      GROUP_ONBOARD_DEBUG: '1',
      JOB_COMPLETION_INDEX: '0',
    };
    expect((await cli(['check', await cohort()], env)).code).toBe(0);
  });

  it('does not keep sandbox and completion, which read none, from their work', async () => {
    const env = { GROUP_ONBOARD_XYZZY: '1' };
    expect((await cli(['completion', 'bash'], env)).code).toBe(0);
    expect((await cli(['run', '--help'], env)).code).toBe(0);
  });
});
