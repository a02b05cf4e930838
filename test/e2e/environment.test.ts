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
