import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBaseUrl, readApiKey } from '../../src/config/api.ts';
import { filePaths } from '../../src/config/outputs.ts';
import { runConfig } from '../../src/config/run.ts';
import { OnboardError } from '../../src/domain/errors.ts';
import { scratch } from '../helpers.ts';
import { defaults } from './defaults.ts';

const flags = { ...defaults(), phone: '919876543210' };
const key = { PERISKOPE_API_KEY: 'pk_test' };

function refusal(act: () => unknown): OnboardError {
  try {
    act();
  } catch (error) {
    if (error instanceof OnboardError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the key', () => {
  it('comes from the environment or from the file it names, trimmed', async () => {
    const file = join(await scratch(), 'key');
    await writeFile(file, 'pk_from_file\n');
    expect(readApiKey({ PERISKOPE_API_KEY: 'pk_1' })).toBe('pk_1');
    expect(readApiKey({ PERISKOPE_API_KEY_FILE: file })).toBe('pk_from_file');
    expect(readApiKey({})).toBeUndefined();
  });

  it('is refused when it is named twice, unreadable, empty or broken, and its text is in no message', async () => {
    const dir = await scratch();
    const empty = join(dir, 'empty');
    await writeFile(empty, '\n');
    for (const env of [
      { PERISKOPE_API_KEY: 'pk_secret', PERISKOPE_API_KEY_FILE: 'x' },
      { PERISKOPE_API_KEY_FILE: join(dir, 'absent') },
      { PERISKOPE_API_KEY_FILE: dir },
      { PERISKOPE_API_KEY_FILE: empty },
      { PERISKOPE_API_KEY: 'pk_secret\npk_secret' },
      { PERISKOPE_API_KEY: 'pk_secret pk_secret' },
      { PERISKOPE_API_KEY: 'pk_secret\u0007' },
      { PERISKOPE_API_KEY: 'pk_secret\u00e9' },
      { PERISKOPE_API_KEY: '“pk_secret”' },
      { PERISKOPE_API_KEY: 'Bearer pk_secret' },
      { PERISKOPE_API_KEY: 'pk_secret'.repeat(667) },
    ]) {
      const error = refusal(() => readApiKey(env));
      expect(error.exitCode).toBe(2);
      expect(error.message).not.toContain('pk_secret');
      expect(error.message).not.toContain('\n');
    }
  });

  it.each([
    ['Bearer pk_secret', '“Bearer” before the key'],
    ['bearer  pk_secret', '“Bearer” before the key'],
    ['Bearer', '“Bearer” before the key'],
    ['Bearer:pk_secret', '“Bearer” before the key'],
    ['"Bearer pk_secret"', '“Bearer” before the key'],
    ['Authorization: Bearer pk_secret', '“Bearer” before the key'],
    ['"Authorization": "Bearer pk_secret"', '“Bearer” before the key'],
    ['PERISKOPE_API_KEY=pk_secret', 'its name before the key'],
    ['export PERISKOPE_API_KEY="pk_secret"', 'its name before the key'],
    ['"pk_secret"', 'quotation marks around the key'],
    ["'pk_secret'", 'quotation marks around the key'],
    ['“pk_secret”', 'quotation marks around the key'],
  ])('stands alone: %s', async (text, more) => {
    const file = join(await scratch(), 'key');
    await writeFile(file, `\ufeff${text}\r\n`);
    for (const [env, where] of [
      [{ PERISKOPE_API_KEY: text }, 'PERISKOPE_API_KEY'],
      [{ PERISKOPE_API_KEY_FILE: file }, `PERISKOPE_API_KEY_FILE: ${file}`],
    ] as const) {
      const error = refusal(() => readApiKey(env));
      expect(error.message).toMatch(new RegExp(`^${where} holds ${more}[^\n]*: put the key alone there$`));
      expect([error.exitCode, error.message.includes('pk_secret')]).toEqual([2, false]);
    }
  });
  it.each(['pk_bearer', 'bearer_x1', 'Bearer.1', 'abc==', 'a=b', 'PERISKOPE'])('may be %s', (key) => {
    expect(readApiKey({ PERISKOPE_API_KEY: key })).toBe(key);
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not read the file', async () => {
    const file = join(await scratch(), 'key');
    await writeFile(file, 'pk');
    await chmod(file, 0);
    expect(refusal(() => readApiKey({ PERISKOPE_API_KEY_FILE: file })).message).toContain('EACCES');
  });

  it('is not needed for the sandbox or a dry run', () => {
    expect(runConfig('c.csv', { ...flags, sandbox: true }, {}, false).target).toEqual({ kind: 'sandbox' });
    expect(runConfig('c.csv', { ...flags, dryRun: true }, {}, false).target).toBeUndefined();
    expect(refusal(() => runConfig('c.csv', flags, {}, false)).message).toMatch(
      /no API key.*PERISKOPE_API_KEY/,
    );
  });
});

describe('the base url', () => {
  it.each([
    'https://api.periskope.app/v1',
    'http://127.0.0.1:8080/v1',
    'http://localhost:1/v1',
    'http://[::1]:1/v1',
  ])('%s is fine', (url) => expect(parseBaseUrl(url).href).toBe(url));
  it.each([
    'http://api.periskope.app/v1',
    'http://127.0.0.1.evil.example/v1',
    'http://10.0.0.1/v1',
    'ftp://127.0.0.1/',
    'nonsense',
    'https://user:pass@api.periskope.app/v1',
    'https://api.periskope.app/v1?x=1',
  ])('%s is refused', (url) => expect(refusal(() => parseBaseUrl(url)).exitCode).toBe(2));
});

describe('the files', () => {
  it('stand beside the cohort', () => {
    expect(filePaths('a/cohort.csv', {})).toMatchObject({
      output: 'a/cohort.results.csv',
      ledger: 'a/cohort.results.csv.ledger.jsonl',
    });
    expect(filePaths('cohort.csv.gz', {}).output).toBe('cohort.results.csv');
    expect(filePaths('c.csv', { output: '-' }).ledger).toBe('c.results.csv.ledger.jsonl');
  });
  it.each([
    ['a/cohort.csv', {}, 'a/cohort.sandbox.results.csv', 'a/cohort.sandbox.results.csv.ledger.jsonl'],
    ['cohort.tsv.gz', {}, 'cohort.sandbox.results.csv', 'cohort.sandbox.results.csv.ledger.jsonl'],
    ['c.csv', { output: '-' }, '-', 'c.sandbox.results.csv.ledger.jsonl'],
    ['c.csv', { output: 'o.csv' }, 'o.csv', 'o.csv.ledger.jsonl'],
    ['c.csv', { ledger: 'l.jsonl' }, 'c.sandbox.results.csv', 'l.jsonl'],
  ])('of a trial of %s with %j are its own', (cohort, given, output, ledger) => {
    expect(filePaths(cohort, { ...given, sandbox: true })).toMatchObject({ output, ledger });
  });
  it.each([
    ['-', {}],
    ['-', { output: '-' }],
    ['c.csv', { ledger: 'c.csv' }],
    ['c.csv', { output: 'o.csv', ledger: 'o.csv' }],
  ])('%s with %j is refused', (cohort, given) => {
    expect(refusal(() => filePaths(cohort, given)).exitCode).toBe(2);
  });
});

describe('the sender', () => {
  it.each([
    ['919876543210', '919876543210'],
    ['+919876543210', '919876543210'],
    ['phone-bqzvyibhmwkaergr', 'phone-bqzvyibhmwkaergr'],
  ])('%s is sent as %s', (phone, sent) => {
    expect(runConfig('c.csv', { ...flags, phone }, key, false).sender).toBe(sent);
  });
  it.each(['98765 43210', '0919876543210', 'phone', ''])('“%s” is refused', (phone) => {
    expect(refusal(() => runConfig('c.csv', { ...flags, phone }, key, false)).exitCode).toBe(2);
  });
  it('may be missing, as the cohort may name it', () => {
    const { phone: _, ...without } = flags;
    expect(runConfig('c.csv', without, key, false).sender).toBeUndefined();
  });
});

describe('the proxy', () => {
  const proxied = (env: Record<string, string>, baseUrl = flags.baseUrl) => {
    const { target } = runConfig('c.csv', { ...flags, baseUrl }, { ...key, ...env }, false);
    return target?.kind === 'api' ? target.proxy?.href : undefined;
  };
  it('is taken from HTTPS_PROXY, and NO_PROXY is honoured', () => {
    const HTTPS_PROXY = 'http://127.0.0.1:3128';
    expect(proxied({ HTTPS_PROXY })).toBe('http://127.0.0.1:3128/');
    expect(proxied({ HTTPS_PROXY, NO_PROXY: 'example.com,.periskope.app' })).toBeUndefined();
    expect(proxied({ HTTPS_PROXY, NO_PROXY: '*' })).toBeUndefined();
    expect(proxied({ HTTPS_PROXY }, 'http://127.0.0.1:1/v1')).toBeUndefined();
    expect(proxied({})).toBeUndefined();
  });
  it.each([
    ['proxy.corp:3128', 'http://proxy.corp:3128/'],
    ['user:secret@proxy.corp:3128/', 'http://user:secret@proxy.corp:3128/'],
    ['https://proxy.corp', 'https://proxy.corp/'],
  ])('%s is a proxy', (HTTPS_PROXY, href) => {
    expect(proxied({ HTTPS_PROXY })).toBe(href);
    expect(proxied({ HTTPS_PROXY: ' ', https_proxy: HTTPS_PROXY })).toBe(href);
    expect(proxied({ ALL_PROXY: HTTPS_PROXY })).toBe(href);
    expect(proxied({ HTTP_PROXY: HTTPS_PROXY })).toBeUndefined();
  });
  it.each([
    ['nonsense', /is not the address of a proxy/],
    ['not a proxy', /is not the address/],
    ['http://', /is not the address/],
    ['3128', /is not the address/],
    ['localhost:99999', /is not the address/],
    ['http://user:100%secret@proxy.corp:3128', /is not the address/],
    ['mailto:secret', /is not the address/],
    ['socks5://user:secret@127.0.0.1:1080', /is a socks5 proxy, which is not supported/],
    ['SOCKS5H://secret:1080', /is a socks5h proxy/],
    ['socks://secret:1080', /is a socks proxy/],
    ['ftp://user:secret@127.0.0.1', /does not begin with http:/],
    ['secret://127.0.0.1', /does not begin with http:/],
  ])('“%s” is refused, and no secret is in the message', (HTTPS_PROXY, says) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'all_proxy']) {
      const refused = refusal(() => proxied({ [name]: HTTPS_PROXY }));
      expect(refused.exitCode).toBe(2);
      expect(refused.message).toMatch(says);
      expect(refused.message.startsWith(name)).toBe(true);
      expect(refused.message).not.toContain('secret');
    }
  });
  it('localhost:3128, in upper case, with blanks around it', () => {
    expect(proxied({ HTTPS_PROXY: ' localhost:3128 ' })).toBe('http://localhost:3128/');
    expect(proxied({ HTTPS_PROXY: 'HTTP://PROXY.CORP:3128' })).toBe('http://proxy.corp:3128/');
    expect(proxied({ HTTPS_PROXY: '[::1]:3128' })).toBe('http://[::1]:3128/');
    expect(proxied({ HTTPS_PROXY: '', https_proxy: '10.0.0.1:3128' })).toBe('http://10.0.0.1:3128/');
    expect(proxied({ HTTPS_PROXY: '', https_proxy: '', ALL_PROXY: '' })).toBeUndefined();
  });
  it.each([
    ['https://api.periskope.app/v1', 'periskope.app', true],
    ['https://api.periskope.app/v1', '*.Periskope.app', true],
    ['https://api.periskope.app/v1', 'localhost 10.0.0.0/8 api.periskope.app.', true],
    ['https://api.periskope.app/v1', 'api.periskope.app:443', true],
    ['https://api.periskope.app/v1', 'api.periskope.app:8443', false],
    ['https://api.periskope.app:8443/v1', '.periskope.app:8443', true],
    ['https://api.periskope.app:8443/v1', '*:443', false],
    ['https://api.periskope.app/v1', 'riskope.app', false],
    ['https://api.periskope.app/v1', 'app.periskope.api,,.', false],
    ['https://api.periskope.app/v1', '0.0.0.0/0', false],
    ['https://10.20.30.40/v1', '10.0.0.0/8', true],
    ['https://10.20.30.40/v1', '10.20.30.40', true],
    ['https://10.20.30.40/v1', '10.20.30.40:443', true],
    ['https://10.20.30.40/v1', '10.20.30.0/24:8443', false],
    ['https://10.20.30.40/v1', '10.20.31.0/24', false],
    ['https://10.20.30.40/v1', '10.0.0.0/33', false],
    ['https://10.20.30.40/v1', '10.0.0.0/', false],
    ['https://10.20.30.40/v1', '30.40', false],
    ['https://[fd00::1]/v1', 'fd00::/8', true],
    ['https://[fd00::1]/v1', '[fd00::1]:443', true],
    ['https://[fd00::1]/v1', '[fd00::1]:8443', false],
    ['https://[fd00::1]/v1', 'fd00:0:0::1', true],
    ['https://[fd00::1]/v1', '10.0.0.0/8', false],
    ['https://api.periskope.app/v1', ' LOCALHOST , API.PERISKOPE.APP:443 ', true],
    ['https://api.periskope.app/v1', '\tlocalhost;x\n*.PERISKOPE.APP', true],
  ])('%s with NO_PROXY=%s: direct is %s', (baseUrl, NO_PROXY, direct) => {
    const HTTPS_PROXY = 'http://127.0.0.1:3128';
    expect(proxied({ HTTPS_PROXY, NO_PROXY }, baseUrl)).toBe(direct ? undefined : `${HTTPS_PROXY}/`);
    expect(proxied({ HTTPS_PROXY, no_proxy: NO_PROXY }, baseUrl) === undefined).toBe(direct);
  });
});
