import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assertPublishable } from '../../src/app/outputs/publish.ts';
import { report } from '../../src/app/report.ts';
import { REPORT_MARK, writePage } from '../../src/report/html/page.ts';
import { scratch } from '../helpers.ts';

const FIXTURE = fileURLToPath(new URL('../../fixtures/results.csv', import.meta.url));

const stderr = new PassThrough() as unknown as NodeJS.WriteStream;

describe('report', () => {
  it('gives every row the words that the file has for it', async () => {
    const dir = await scratch();
    const results = join(dir, 'results.csv');
    await copyFile(FIXTURE, results);
    const stdout = new PassThrough();
    const exit = await report(
      { results, report: join(dir, 'r.html'), toDo: undefined, json: false },
      { env: {}, stdout, stderr },
    );
    expect(exit).toBe(0);
    stdout.end();
    expect((await stdout.toArray()).join('')).toContain('5 rows');
    const html = await readFile(join(dir, 'r.html'), 'utf8');
    expect(html).toContain('Priya Menon');
    expect(html).toContain('<q>81234 60003</q>');
    expect(html).toContain('2 asks in 1 s');
    expect(html).not.toContain('The server allows');
  });

  it('takes a file whose header does not end like ours for no results', async () => {
    const path = join(await scratch(), 'x.csv');
    await writeFile(path, 'chat_id,phone\n1,2\n');
    const io = { env: {}, stdout: new PassThrough(), stderr };
    await expect(
      report({ results: path, report: `${path}.html`, toDo: undefined, json: false }, io),
    ).rejects.toMatchObject({
      code: 'COHORT_COLUMNS',
      exitCode: 3,
    });
  });
});

describe('the report’s file', () => {
  it('replaces a report, an empty file, a device, or nothing', async () => {
    const dir = await scratch();
    await writeFile(join(dir, 'old.html'), `${REPORT_MARK}old`);
    await writeFile(join(dir, 'empty.html'), '');
    for (const name of ['old.html', 'empty.html', 'new.html']) {
      const path = join(dir, name);
      await assertPublishable({ report: path });
      await writePage(path, [REPORT_MARK, 'new']);
      expect(await readFile(path, 'utf8')).toBe(`${REPORT_MARK}new`);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    await assertPublishable({ report: '/dev/null' });
    await writePage('/dev/null', ['x']);
  });

  it('leaves what was there when the page cannot be made', async () => {
    const path = join(await scratch(), 'r.html');
    await writeFile(path, `${REPORT_MARK}old`);
    const page = function* () {
      yield REPORT_MARK;
      throw new Error('no more');
    };
    await expect(writePage(path, page())).rejects.toMatchObject({ code: 'RESULTS_FAILED' });
    expect(await readFile(path, 'utf8')).toBe(`${REPORT_MARK}old`);
  });
});
