/**
 * Whatever bytes come in, from the cohort or from the API: never a crash, one result per row, every word from the
 * closed lists, and every error one line that the person can act on. 10,000 cases in CI, a tenth of them elsewhere.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OnboardError } from '../../src/domain/errors.ts';
import { REASONS } from '../../src/domain/reasons.ts';
import { RESULT_COLUMNS, STATUSES } from '../../src/domain/words.ts';
import { plainCell } from '../../src/report/results/results.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { anyCharacter } from '../any-character.ts';
import { SOAK, scratch } from '../helpers.ts';
import { csv, GROUP, phone, SENDER } from './harness.ts';
import { type Done, inProcess } from './in-process.ts';
import { seedOfRun } from './kill/seed.ts';

const LONG = { timeout: 1_800_000 };
const cases = (inCi: number) => ({
  numRuns: SOAK ? inCi : Math.ceil(inCi / 10),
  seed: seedOfRun('any bytes'),
});

let dir: string;
let cohort: string;
let out: string;
beforeEach(async () => {
  dir = await scratch();
  cohort = join(dir, 'cohort.csv');
  out = join(dir, 'cohort.results.csv');
});

/** An error that was promised: one line, an exit code of its own. */
function expectedError(done: Done, codes: readonly number[]): boolean {
  if (done.error === undefined) return false;
  expect(done.error).toBeInstanceOf(OnboardError);
  const error = done.error as OnboardError;
  expect(error.message).not.toMatch(/\p{Cc}/u);
  expect(error.message.length).toBeGreaterThan(10);
  expect(codes).toContain(error.exitCode);
  return true;
}

interface Results {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The results, read by csv-parse itself, each row judged by itself. */
async function soundResults(statuses: readonly string[] = STATUSES): Promise<Results> {
  const [columns = [], ...rows] = parse(await readFile(out), { relax_column_count: false }) as string[][];
  expect(columns.slice(-RESULT_COLUMNS.length)).toEqual(RESULT_COLUMNS);
  let last = 1;
  for (const row of rows) {
    const [line, , , status = '', reason = '', , , attempts] = row.slice(-RESULT_COLUMNS.length);
    // The lines of a record that cannot be read are in one row of a spreadsheet.
    expect(Number(line)).toBeGreaterThan(reason === 'unreadable_row' ? last - 1 : last);
    last = Number(line);
    expect(statuses).toContain(status);
    if (reason !== '') expect(Object.keys(REASONS)).toContain(reason);
    expect(attempts).toMatch(/^\d+$/);
  }
  return { columns, rows };
}

/** Cells as people, spreadsheets and enemies write them. */
const nasty = fc.constantFrom(
  ...[
    '=1+1',
    '+91 98745 32456',
    '@x',
    "'",
    '"',
    '""',
    '5.69221E+10',
    '\ufeff',
    '\0',
    '\u202e',
    ' ',
    '-',
    '.',
    ';',
    '\t',
  ],
  ...[
    'https://chat.whatsapp.com/Hk3TqVtY9sB2c',
    '120363371308389685',
    '919537851844@c.us',
    '+1 (650) 253-0000 ext. 5',
  ],
);
const cell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: anyCharacter, maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('0', '1', '9', '+', ' ', '-', '(', ')', '@', 'g', '.', 'u', 's'),
    maxLength: 26,
  }),
  nasty,
  fc.constant(GROUP),
  fc.integer({ min: 0, max: 40 }).map((i) => `+${phone(i)}`),
);
const header = fc.oneof(
  fc.constant('name'),
  fc.constantFrom(...RESULT_COLUMNS, 'Group', 'mobile', '', '_chat_id'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

describe('any cohort', () => {
  test('any cells, any headers, well-formed: a row for each, the cells as they were', LONG, async () => {
    const table = fc.tuple(
      fc.array(header, { maxLength: 4 }),
      fc.array(fc.array(cell, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 6 }),
    );
    const settings = cases(3000);
    let sound = 0;
    await fc.assert(
      fc.asyncProperty(table, async ([more, cells]) => {
        await rm(out, { force: true });
        const names = ['chat_id', 'phone', ...more];
        // A row of nothing but delimiters is not a row. NUL characters are left out: nobody has typed them.
        const isBlank = (row: readonly string[]) =>
          row.every((text) => text.replaceAll('\0', '').trim() === '');
        const records = cells.map((row) => row.slice(0, names.length)).filter((row) => !isBlank(row));
        await writeFile(cohort, stringify([names, ...records], { quoted: true }));
        const done = await inProcess([
          'check',
          cohort,
          '-o',
          out,
          '--encoding',
          'utf-8',
          '--delimiter',
          ',',
          '--chat-column',
          'chat_id',
          '--phone-column',
          'phone',
        ]);
        // Two columns of one name, or a header that ends as a results CSV does, is for the person to settle.
        if (expectedError(done, [3])) return;
        expect([0, 4]).toContain(done.code);
        const { rows } = await soundResults(['planned', 'invalid', 'duplicate']);
        const given = records.map((row) => row.map((text) => text.replaceAll('\0', '')));
        expect(rows.map((row) => row.slice(0, names.length).map((text) => plainCell(text)))).toEqual(given);
        sound++;
      }),
      settings,
    );
    expect(sound).toBeGreaterThan(settings.numRuns / 2);
  });

  test('any bytes, and a good cohort with bytes changed, lost and put in', LONG, async () => {
    const good = Buffer.from(csv(Array.from({ length: 6 }, (_, i) => `+${phone(i)}`)));
    const change = fc.record({
      at: fc.nat(good.length),
      drop: fc.nat(4),
      put: fc.uint8Array({ maxLength: 4 }),
    });
    const mutated = fc.array(change, { minLength: 1, maxLength: 5 }).map((changes) => {
      let bytes = good;
      for (const { at, drop, put } of changes)
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]);
      return bytes;
    });
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const after = fc
      .uint8Array({ maxLength: 100 })
      .map((bytes) => Buffer.concat([Buffer.from('chat_id,phone\n'), bytes]));
    const encoded = mutated.chain((bytes) =>
      fc.constantFrom(
        Buffer.from(bytes.toString(), 'utf16le'),
        Buffer.from(bytes.toString('latin1'), 'latin1'),
      ),
    );
    const settings = cases(6000);
    let sound = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 6, arbitrary: mutated }, noise, after, encoded), async (bytes) => {
        await rm(out, { force: true });
        await writeFile(cohort, bytes);
        const done = await inProcess(['check', cohort, '-o', out]);
        if (expectedError(done, [2, 3])) return;
        const { rows } = await soundResults(['planned', 'invalid', 'duplicate']);
        expect(done.stdout).toContain(`${rows.length} row`);
        // What came out goes in again: each row, in its place.
        const again = join(dir, 'again.csv');
        await rm(again, { force: true });
        const second = await inProcess(['check', out, '-o', again]);
        expect(second.error).toBeUndefined();
        expect(parse(await readFile(again), { relax_column_count: false })).toHaveLength(rows.length + 1);
        sound++;
      }),
      settings,
    );
    expect(sound).toBeGreaterThan(settings.numRuns / 3);
  });
});

describe('any cells, asked for', () => {
  let api: Sandbox;
  beforeAll(async () => {
    api = await startSandbox({ limit: 100_000 });
  });
  afterAll(() => api.close());

  test('one result per row, nobody asked twice, and a rerun changes nothing', LONG, async () => {
    const ids = fc.oneof(
      { weight: 3, arbitrary: fc.constant(GROUP) },
      fc.constant('120363402715563921@g.us'),
      cell,
    );
    const phones = fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.nat(9), fc.integer({ min: 1, max: 11 }))
          .map(([i, ending]) => `+${phone(i, ending)}`),
      },
      cell,
    );
    const table = fc.array(fc.tuple(ids, phones, cell), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom(1, 3), async (records, batch) => {
        api.reset();
        await rm(out, { force: true });
        await rm(`${out}.ledger.jsonl`, { force: true });
        await writeFile(cohort, stringify([['chat_id', 'phone', 'note'], ...records], { quoted: true }));
        const args = [
          'run',
          cohort,
          '--base-url',
          api.url,
          '--phone',
          SENDER,
          '--batch-size',
          `${batch}`,
          '--encoding',
          'utf-8',
          '--delimiter',
          ',',
        ];
        const env = { PERISKOPE_API_KEY: api.key };
        const done = await inProcess(args, env);
        if (expectedError(done, [3])) return;
        expect([0, 4]).toContain(done.code);
        const { rows } = await soundResults(
          STATUSES.filter((status) => status !== 'planned' && status !== 'not_attempted'),
        );
        expect(rows.length).toBeLessThanOrEqual(records.length);
        const counts = api.counts();
        expect(Object.values(counts.pairs).filter((pair) => pair.asked > 1)).toEqual([]);
        const text = await readFile(out);
        expect((await inProcess(args, env)).code).toBe(done.code);
        expect((await readFile(out)).equals(text)).toBe(true);
        expect(api.counts().asks).toBe(counts.asks);
      }),
      cases(600),
    );
  });
});

type Reply =
  | {
      readonly kind: 'http';
      readonly status: number;
      readonly headers: Record<string, string>;
      readonly body: Buffer;
    }
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'reset' };

/** Unavailable, and what Cloudflare answers when it had no connection to the API. */
const NEVER_REACHED = [503, 521, 523, 525, 526, 530];

/** The client cannot know that nothing was done: a second ask after this is a second ask. */
function perhapsDone(reply: Reply): boolean {
  if (reply.kind !== 'http') return true;
  const { status } = reply;
  if ([408, 409, 424, 499].includes(status)) return true;
  return status < 300 || (status >= 500 && !NEVER_REACHED.includes(status));
}

describe('any answer', () => {
  const people = [phone(1), phone(2), phone(3), phone(4)];
  const key = fc.oneof(
    ...people.map((one) => fc.constantFrom(`${one}@c.us`, `${one}:3@s.whatsapp.net`, one)),
    fc.string(),
  );
  const verdict = fc.oneof(
    fc.record(
      {
        is_success: fc.oneof(fc.boolean(), fc.jsonValue()),
        code: fc.oneof(fc.constantFrom(200, 403, 404, 408, 409, 417, 421), fc.jsonValue()),
        message: fc.oneof(
          fc.constantFrom('Invite sent to participant', 'added successfully', '=cmd()', '\u001b[31m'),
          fc.jsonValue(),
        ),
        isInviteV4Sent: fc.oneof(fc.boolean(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  const json = fc
    .oneof(fc.dictionary(key, verdict), fc.jsonValue())
    .map((value) => Buffer.from(JSON.stringify(value) ?? 'null'));
  const body = fc.oneof(
    { weight: 4, arbitrary: json },
    json.map((bytes) => bytes.subarray(0, bytes.length - 3)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from('<html><body>Bad Gateway</body></html>')),
  );
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'x-periskope-trace-id', 'date', 'location', 'content-encoding', 'x-odd'),
    fc.string({ unit: fc.constantFrom('a', '=', '1', ' ', ';', '/'), minLength: 1, maxLength: 12 }),
  );
  const status = fc.oneof(
    { weight: 6, arbitrary: fc.constant(200) },
    { weight: 2, arbitrary: fc.constantFrom(201, 204, 400, 422, 500, 502, 504) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
  );
  const reply: fc.Arbitrary<Reply> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('http' as const), status, headers, body }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('raw' as const),
        bytes: fc.uint8Array({ maxLength: 80 }).map((b) => Buffer.from(b)),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'reset' as const }) },
  );

  test(
    'every ask is settled, nobody asked twice, and the end is one of those that are documented',
    LONG,
    async () => {
      let replies: readonly Reply[] = [];
      let next = 0;
      let asked = new Map<string, number>();
      const serve = async (request: IncomingMessage, response: ServerResponse) => {
        let text = '';
        for await (const chunk of request) text += chunk;
        const answer = replies[next++ % replies.length]!;
        // WhatsApp-level throttling is "not done", by its documented words.
        const throttled = answer.kind === 'http' && /429|rate-overlimit/.test(answer.body.toString());
        if (request.method === 'POST' && perhapsDone(answer) && !throttled) {
          const { participants } = JSON.parse(text) as { participants: string[] };
          for (const one of participants) asked.set(one, (asked.get(one) ?? 0) + 1);
        }
        if (answer.kind === 'reset') request.socket.resetAndDestroy();
        else if (answer.kind === 'raw') request.socket.end(answer.bytes);
        else response.writeHead(answer.status, answer.headers).end(answer.body);
      };
      const server = createServer(
        (request, response) => void serve(request, response).catch(() => response.destroy()),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.array(reply, { minLength: 1, maxLength: 6 }),
            fc.constantFrom(1, 2),
            fc.boolean(),
            async (given, batch, precheck) => {
              replies = given;
              next = 0;
              asked = new Map();
              await rm(out, { force: true });
              await rm(`${out}.ledger.jsonl`, { force: true });
              await writeFile(cohort, csv(people));
              const args = [
                'run',
                cohort,
                '--base-url',
                url,
                '--phone',
                SENDER,
                '--batch-size',
                `${batch}`,
                '--max-rate',
                '1000/s',
                '--cool-down',
                '1ms',
                '--request-timeout',
                '300ms',
              ];
              const done = await inProcess(
                [...args, ...(precheck ? [] : ['--no-precheck'])],
                { PERISKOPE_API_KEY: 'k' },
                700,
              );
              expect(done.error).toBeUndefined();
              expect([0, 4, 5, 75, 143]).toContain(done.code);
              expect(done.stderr).not.toContain('\u001b');
              const { rows } = await soundResults();
              expect(rows.map((row) => row[2])).toEqual(people);
              expect([...asked].filter(([, times]) => times > 1)).toEqual([]);
              if (rows.some((row) => row.includes('not_attempted')))
                expect([4, 5, 75, 143]).toContain(done.code);
            },
          ),
          cases(400),
        );
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  );
});
