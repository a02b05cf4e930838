import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Moment, startBar } from '../../../src/report/terminal/progress.ts';
// Loaded here, where no test's time limit runs; the command loads it when it is called.
import '../../../src/app/run.ts';
import { api, desk } from '../../app/in-process.ts';
import { PATIENTLY, scratch } from '../../helpers.ts';
import { type Screen, screen } from '../../screen.ts';

const GROUP = '120363371308389685@g.us';
const phone = (i: number, ending = 1) => `9198${7_000 + i}${String(ending).padStart(4, '0')}`;
const line = (i: number) => `10:00:${String(i % 60).padStart(2, '0')} info  line ${i} of the log\n`;

/** A bar over a run of 200 that goes on by one with each drawing. */
function bar(on: Screen, group = 'Spoken English') {
  let done = 0;
  const moment = (): Moment => ({
    ...{ done: done++, total: 2_000, counts: { added: done }, perSecond: 10, waiting: undefined, group },
  });
  const started = startBar(on.stream, moment, (text) => on.stream.write(text));
  onTestFinished(() => started.stop());
  return started;
}

const theBars = (text: string) => text.split('\n').filter((shown) => /[█░]|\/2000/.test(shown));

describe.each([80, 120])('the bar and the log on a screen of %i columns', (columns) => {
  it('shows each line of log once, in order, whole, and the bar below them', async () => {
    const on = screen(columns, 10);
    const { line: log, stop } = bar(on);
    const lines = Array.from({ length: 60 }, (_, i) => line(i));
    for (const one of lines) log(one);
    const text = await on.text();
    expect(text.startsWith(lines.join(''))).toBe(true);
    expect(theBars(text)).toEqual([text.split('\n').at(-1)]);
    expect(text).toMatch(/about \d+ min \d\d s left {2}Spoken English$|about \d+ min \d\d s left$/);
    stop();
    expect(await on.text()).toBe(lines.join('').trimEnd());
    expect(await on.modes()).toEqual({ wrap: true, cursor: true });
  });

  it('leaves a line that is longer than the screen to the terminal, and loses none of it', async () => {
    const on = screen(columns, 6);
    const { line: log, stop } = bar(on);
    const long = `10:00:00 warn  ${'broke before the answer (read ECONNRESET) '.repeat(6)}end`;
    for (let i = 0; i < 5; i++) log(`${i} ${long}\n`);
    stop();
    const text = (await on.text()).replaceAll('\n', '').replace(/ +/g, '');
    expect(text).toBe([0, 1, 2, 3, 4].map((i) => `${i} ${long}`.replace(/ +/g, '')).join(''));
  });

  it('is not wrapped by wide characters', async () => {
    const on = screen(columns);
    bar(on, '🎉🎉 日本語の会話 🎉 日本語の会話 🎉🎉 日本語の会話 日本語の会話 日本語の会話');
    expect(await on.wrapped()).toEqual([]);
    expect((await on.text()).split('\n')).toHaveLength(1);
  });

  it('is cleared with the ^C that the terminal echoes over it', async () => {
    const on = screen(columns, 5);
    const { line: log, stop } = bar(on);
    for (let i = 0; i < 8; i++) log(line(i));
    on.echo('^C');
    log('10:00:09 warn  SIGINT: no new asks\n');
    stop();
    on.stream.write('summary\n');
    const text = await on.text();
    expect(text).toBe(
      `${[...Array(8).keys()].map(line).join('')}10:00:09 warn  SIGINT: no new asks\nsummary`,
    );
  });

  it.each([
    [columns - 30, 'narrower'],
    [columns + 30, 'wider'],
    [12, 'as narrow as nothing'],
  ])('loses no line when the window becomes %i columns: %s', async (to) => {
    const on = screen(columns, 8);
    const { line: log, stop } = bar(on);
    for (let i = 0; i < 10; i++) log(line(i));
    await on.resize(to);
    for (let i = 10; i < 20; i++) log(line(i));
    await on.resize(columns);
    for (let i = 20; i < 30; i++) log(line(i));
    stop();
    on.stream.write('summary\n');
    expect(await on.text()).toBe(`${[...Array(30).keys()].map(line).join('')}summary`);
    expect(on.stream.listenerCount('resize')).toBe(0);
  });
});

describe('a run on a terminal', () => {
  const env = { TERM: 'xterm-256color' };
  /** 60 people, one in ten of them with an answer that is lost. */
  async function cohort(): Promise<string> {
    const file = join(await scratch(), 'form.csv');
    const rows = [...Array(60).keys()].map((i) => `P${i},${GROUP},${phone(i, i % 10 === 7 ? 54 : 1)}`);
    await writeFile(file, `name,chat_id,phone\n${rows.join('\n')}\n`);
    return file;
  }

  it.each([80, 120])('has its summary below its log, and both whole, at %i columns', async (columns) => {
    const on = screen(columns, 12);
    const to = await api();
    const at = desk({ ...env, ...to.env, NO_COLOR: '1' }, [], false, on.stream);
    const { code } = await at.run('run', await cohort(), ...to.args, '--log-format', 'text');
    const text = await on.text();
    expect(code).toBe(4);
    expect(theBars(text)).toEqual([]);
    expect(await on.modes()).toEqual({ wrap: true, cursor: true });
    expect(text).toMatch(/^60 rows$/m);
    expect(text).toMatch(/^ +54 {2}added +in the group now$/m);
    expect(text).toMatch(/^ +6 {2}unknown +asked, but nobody knows what came of it$/m);
    // Each line begins with its time, or is what did not fit into the one above.
    const log = text.slice(0, text.indexOf('\n60 rows')).split('\n').filter(Boolean);
    const continued = new Set(await on.wrapped());
    expect(log.filter((one) => !/^\d\d:\d\d:\d\d \w/.test(one) && !continued.has(one))).toEqual([]);
    expect(log.filter((one) => one.includes('in doubt')).length).toBeGreaterThanOrEqual(6);
    expect(to.sandbox.counts().asks).toBe(60);
  });

  it('knows how long it takes from the start with --gap, and says nothing over its end on Ctrl-C', async () => {
    const on = screen(80, 12);
    const to = await api();
    const at = desk({ ...env, ...to.env }, [], false, on.stream);
    const running = at.run('run', await cohort(), ...to.args, '--gap', '30s..60s', '--log-format', 'text');
    await vi.waitFor(
      async () => expect(await on.text()).toMatch(/1\/60 .* about 4[34] min \d\d s left/),
      PATIENTLY,
    );
    on.echo('^C');
    at.signal('SIGINT');
    expect((await running).code).toBe(130);
    const text = await on.text();
    expect(theBars(text)).toEqual([]);
    expect(text).toMatch(/^stopped {2}stopped by you \(Ctrl-C\)$/m);
    expect(to.sandbox.counts().asks).toBe(1);
  });

  it.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['CI', { ...env, CI: 'true' }],
  ])('moves no cursor and paints nothing under %s', async (_name, given) => {
    const on = screen(80, 12);
    const sent = vi.spyOn(on.stream, 'write');
    const to = await api();
    const at = desk({ ...given, ...to.env, NO_COLOR: '1' }, [], false, on.stream);
    const { code } = await at.run('run', await cohort(), ...to.args);
    expect(code).toBe(4);
    const bytes = sent.mock.calls.map(([text]) => String(text)).join('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(bytes).not.toMatch(/[\u001b\r]/);
    expect(await on.text()).toContain('60 rows');
  });
});
