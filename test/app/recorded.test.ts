/** Runs as a person sees them, whole: the emulated screen as text, in `recorded/`. To be read, and looked at again when they change. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
// Loaded here, where no test's time limit runs; the commands load them when they are called.
import '../../src/app/check.ts';
import '../../src/app/groups.ts';
import '../../src/app/run.ts';
import type { OnboardError } from '../../src/domain/errors.ts';
import { scratch } from '../helpers.ts';
import { screen } from '../screen.ts';
import { api, desk } from './in-process.ts';

const GROUP = '120363371308389685@g.us';
const HEADER = 'Timestamp,Your full name,WhatsApp number,What do you hope to learn?';
/** A form's export: a long answer holds line breaks, and people write their numbers as they please. */
const FORM = [
  HEADER,
  '2026/11/02 9:14:05 AM GMT+5:30,Asha Rao,+91 98765 10001,"To speak in meetings.\nAnd to write mails."',
  '2026/11/02 9:20:41 AM GMT+5:30,Vikram Shah,98765 10002,Grammar',
  '2026/11/02 9:31:00 AM GMT+5:30,Meera Iyer,9.19877E+11,Grammar',
  '2026/11/02 9:33:12 AM GMT+5:30,Rahul Nair,+91 98765 10001,Grammar',
  '2026/11/02 9:40:59 AM GMT+5:30,Divya Menon,+91 98765 20002,"Everything,\nplease"',
  '2026/11/02 9:41:30 AM GMT+5:30,Karan Gill,+91 98765 30003,',
  '2026/11/02 9:52:18 AM GMT+5:30,Leela Das,12345,Grammar',
].join('\n');

/** A form that asks for the group by its name; one person has it in small letters, one has made up a name. */
const NAMES = [
  'Full name,WhatsApp number,Which batch are you joining?',
  'Asha Rao,+91 98765 10001,Spoken English – Weekend cohort 6',
  'Vikram Shah,+91 98765 10002,spoken english – weekend cohort 6',
  'Meera Iyer,+91 98765 10003,Product Design – Spring cohort 21',
  'Rahul Nair,+91 98765 10004,Spoken English – Week-end 6',
].join('\n');

const asks = new Set(['run', 'groups']);

/** The command as it would be typed in the folder of the cohort, and all that it shows there. */
async function recorded(columns: number, answers: string, ...commands: readonly (readonly string[])[]) {
  const to = await api();
  const dir = await scratch();
  await writeFile(join(dir, 'form.csv'), FORM);
  await writeFile(join(dir, 'names.csv'), NAMES);
  const on = screen(columns);
  const plain = (text: string) =>
    text
      .replaceAll(`${dir}/`, '')
      .replaceAll(dir, '.')
      .replace(/asked .{1,9} ago/, 'asked 5 s ago');
  const told = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const text = plain(chunk.toString());
      on.stream.write(text, done);
      // What is typed is shown by the terminal itself.
      if (text.includes('Send?')) on.echo('y\n');
    },
  });
  const shown = Object.assign(told, { isTTY: true, columns, rows: 24 }) as unknown as NodeJS.WriteStream;
  for (const [name = '', ...args] of commands) {
    told.write(`$ group-onboard ${[name, ...args].join(' ')}\n`);
    const at = desk({ ...to.env, NO_COLOR: '1' }, [], true, shown);
    const keys = Object.assign(new PassThrough(), { isTTY: true });
    Object.assign(at.io, { stdin: keys, stdout: shown, command: ['group-onboard', name, ...args] });
    keys.write(answers);
    const files = args.map((arg) => (/\.(csv|html)$/.test(arg) ? join(dir, arg) : arg));
    const ended = at.run(name, ...files, ...(asks.has(name) ? to.args : []));
    const { code } = await ended.catch((error: OnboardError) => {
      told.write(`group-onboard: ${error.message}\n`);
      return { code: error.exitCode };
    });
    told.write(`[exit ${code}]\n\n`);
  }
  const text = (await on.text())
    .replace(/\b\d\d:\d\d:\d\d\b/g, 'hh:mm:ss')
    .replaceAll(to.sandbox.url, 'http://sandbox/v1'.padEnd(to.sandbox.url.length));
  return { text: `${text}\n`, counts: to.sandbox.counts() };
}

describe.each([80, 120])('on a screen of %i columns', (columns) => {
  const file = (name: string) => join(import.meta.dirname, 'recorded', `${name}-${columns}.txt`);

  it('check', async () => {
    const flags = ['form.csv', '--chat-id', GROUP, '--default-country', 'IN'];
    const { text, counts } = await recorded(columns, '', ['check', ...flags]);
    await expect(text).toMatchFileSnapshot(file('check'));
    expect(counts.asks).toBe(0);
  });

  it('run, and again with the results', async () => {
    const flags = ['--chat-id', GROUP, '--default-country', 'IN', '--max-rate', '50/s'];
    const { text, counts } = await recorded(
      columns,
      'y\n',
      ['run', 'form.csv', ...flags],
      ['run', 'form.results.csv', ...flags.slice(2)],
    );
    await expect(text).toMatchFileSnapshot(file('run'));
    expect(counts.asks).toBe(4);
  });

  it('groups, and a cohort that names them', async () => {
    const { text, counts } = await recorded(
      columns,
      'y\n',
      ['groups'],
      ['check', 'names.csv'],
      ['run', 'names.csv', '--max-rate', '50/s'],
    );
    await expect(text).toMatchFileSnapshot(file('groups'));
    expect(counts.asks).toBe(3);
  });

  it('explain', async () => {
    const { text } = await recorded(
      columns,
      '',
      ['explain', 'privacy_blocked'],
      ['explain', 'privacy_blokked'],
    );
    await expect(text).toMatchFileSnapshot(file('explain'));
  });
});
