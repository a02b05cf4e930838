/** Injected damage: only a torn tail is repaired; anything else is refused, with its line. Never silently wrong. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Pair } from '../../src/domain/words.ts';
import { encode } from '../../src/ledger/format.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { type Holder, thisProcess } from '../../src/ledger/presence.ts';
import { SOAK, scratch } from '../helpers.ts';
import { knowledge, ORIGIN, opened, outcome, pair, SENDER, TestClock } from './support.ts';

const everybody = [pair(1), pair(2), pair(3), pair(4)];

/** A whole ledger with every kind of record, its lines' ends, and what is known after each line. */
let whole: Buffer;
let ends: number[];
const known: unknown[] = [];

/** Every kind of record; last, people with an outcome in common, `members` of them. Calls `note` after each line but theirs. */
async function written(path: string, members: readonly Pair[], note: (ledger: Ledger) => void) {
  const ledger = await opened(path);
  note(ledger);
  const first = await ledger.asked([pair(1), pair(2)], SENDER);
  note(ledger);
  await ledger.notDone(first);
  note(ledger);
  const second = await ledger.asked([pair(1)], SENDER);
  note(ledger);
  await ledger.settle(second, [{ pair: pair(1), outcome: outcome('invited', { message: 'é “x”\n' }) }]);
  note(ledger);
  await ledger.asked([pair(3)], SENDER);
  note(ledger);
  await ledger.settle(
    undefined,
    members.map((one) => ({ pair: one, outcome: outcome('already_member') })),
  );
  return ledger;
}

beforeEach(async () => {
  if (known.length > 0) return;
  const dir = await scratch();
  const path = join(dir, 'whole.jsonl');
  const note = (ledger: Ledger) => known.push(knowledge(ledger, everybody));
  known.push(undefined);
  const ledger = await written(path, [pair(2), pair(4)], note);
  // Who is in the second line of the two is not known from the first.
  const shorter = await written(join(dir, 'shorter.jsonl'), [pair(2)], () => undefined);
  for (const each of [shorter, ledger]) {
    note(each);
    await each.close();
  }
  whole = readFileSync(path);
  ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  expect(known).toHaveLength(ends.length + 1);
});

async function tryOpen(
  path: string,
  readOnly = false,
): Promise<{ repaired?: string | undefined; known?: unknown; error?: Error }> {
  try {
    const ledger = await opened(path, { readOnly });
    const found = { repaired: ledger.repaired, known: knowledge(ledger, everybody) };
    await ledger.close();
    return found;
  } catch (error) {
    return { error: error as Error };
  }
}

/** As a run leaves it that did not come to its end. */
function leaveLocked(path: string): void {
  mkdirSync(`${path}.lock`, { recursive: true });
  const dead: Holder = { ...thisProcess(''), pid: 2 ** 22 + 1 };
  writeFileSync(join(`${path}.lock`, `${randomUUID()}.json`), JSON.stringify(dead));
}

describe('a torn tail', () => {
  test('cut at every byte: what is left is the prefix, and nothing else', async () => {
    const path = join(await scratch(), 'cut.jsonl');
    for (let cut = 0; cut <= whole.length; cut++) {
      const nearAnEnd = ends.some((end) => Math.abs(end - cut) < 3);
      if (!SOAK && cut % 16 > 0 && !nearAnEnd) continue;
      writeFileSync(path, whole.subarray(0, cut));
      // A record that lacks its newline only is a whole one; a header is not.
      const lacksNewline = cut >= ends[0]! && ends.includes(cut + 1);
      const complete = ends.filter((end) => end <= cut).length + (lacksNewline ? 1 : 0);
      // Within the first and the last line the file is repaired in truth; elsewhere the same is read without fsyncs.
      const readOnly = cut > ends[0]! && cut < ends.at(-2)! && !ends.includes(cut) && !lacksNewline;
      const found = await tryOpen(path, readOnly);
      // Cut within the header it is a new ledger, which knows nobody, as one with a header only.
      expect(found.known, `cut at byte ${cut}`).toEqual(known[Math.max(1, complete)]);
      expect(found.repaired !== undefined, `cut at byte ${cut}`).toBe(
        cut > 0 && !ends.includes(cut) && !lacksNewline,
      );
      if (complete === 0) continue;
      const left = readOnly ? cut : ends[complete - 1];
      expect(readFileSync(path).equals(whole.subarray(0, left)), `cut at byte ${cut}`).toBe(true);
    }
  });

  test('zeros instead of the data that was to come', async () => {
    const path = join(await scratch(), 'zeros.jsonl');
    const sector = Math.ceil(ends[2]! / 512) * 512;
    expect(ends).not.toContain(sector);
    for (const cut of [0, 10, ends[0]!, ends[2]!, sector, whole.length - 1, whole.length]) {
      // A header is short, and so is what a crash leaves of one; of a whole record it is the newline.
      const zeros = Buffer.alloc(cut < ends[0]! ? 500 : cut === whole.length - 1 ? 1 : 5000);
      writeFileSync(path, Buffer.concat([whole.subarray(0, cut), zeros]));
      leaveLocked(path);
      const complete = ends.filter((end) => end <= cut || end - 1 === cut).length;
      const found = await tryOpen(path);
      expect(found.known, `zeros from byte ${cut}`).toEqual(known[Math.max(1, complete)]);
      expect(found.repaired).toContain(' bytes');
      if (complete > 0) expect(readFileSync(path).equals(whole.subarray(0, ends[complete - 1]))).toBe(true);
    }
  });

  test('is said in one line, and what follows it is sound', async () => {
    const path = join(await scratch(), 'cut.jsonl');
    writeFileSync(path, whole.subarray(0, whole.length - 2));
    const ledger = await opened(path);
    expect(ledger.repaired).toMatch(
      /^\S+: the last line was cut short by a crash; its \d+ bytes were removed$/,
    );
    // The line that it was as is there, but of another call.
    await ledger.settle(undefined, [{ pair: pair(4), outcome: outcome('already_member') }]);
    expect(knowledge(ledger, everybody)).toEqual(known.at(-1));
    await ledger.close();
    const [sound, added] = [
      readFileSync(path).subarray(0, ends.at(-2)),
      readFileSync(path).subarray(ends.at(-2)),
    ];
    expect(sound.equals(whole.subarray(0, ends.at(-2)))).toBe(true);
    expect(JSON.parse(added.toString())).toMatchObject({
      n: 8,
      who: pair(4).participant,
      status: 'already_member',
    });
  });
});

test('a last record without its newline counts, for reading, too', async () => {
  const path = join(await scratch(), 'unended.jsonl');
  // An ask, of which nothing came back: were it cut off, he would be asked again.
  writeFileSync(path, whole.subarray(0, ends[5]! - 1));
  const before = readFileSync(path);
  expect(await tryOpen(path, true)).toMatchObject({ known: known[6] });
  expect(readFileSync(path).equals(before)).toBe(true);
  const ledger = await opened(path);
  expect([ledger.repaired, knowledge(ledger, everybody)]).toEqual([undefined, known[6]]);
  await ledger.settle(
    undefined,
    [pair(2), pair(4)].map((one) => ({ pair: one, outcome: outcome('already_member') })),
  );
  await ledger.close();
  expect(readFileSync(path).equals(whole)).toBe(true);
});

describe('any other damage is refused, and the file is left as it is', () => {
  const refused = async (path: string, bytes: Buffer, line: number, what: string, readOnly = false) => {
    writeFileSync(path, bytes);
    const { error } = await tryOpen(path, readOnly);
    expect(error, what).toMatchObject({ code: 'LEDGER_DAMAGED', exitCode: 2 });
    expect(error?.message, what).toContain(`${path}, line ${line}: `);
    expect(error?.message).not.toContain('\n');
    expect(readFileSync(path).equals(bytes), what).toBe(true);
  };

  test('a flipped bit, or a changed byte, at every place of the header and of every later line', async () => {
    const path = join(await scratch(), 'flip.jsonl');
    // Five and eight have no common divisor: each bit has its turn outside the soak, too.
    for (let at = 0; at < whole.length; at += SOAK ? 1 : 5) {
      const line = ends.findIndex((end) => at < end) + 1;
      const flipped = Buffer.from(whole);
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      await refused(path, flipped, line, `bit ${at % 8} of byte ${at}`, at % 16 !== 0);
    }
  });

  test('a line that is lost, doubled, moved, or split', async () => {
    const path = join(await scratch(), 'lines.jsonl');
    const lines = ends.map((end, i) => whole.subarray(i === 0 ? 0 : ends[i - 1], end));
    const from = (order: readonly number[]) => Buffer.concat(order.map((i) => lines[i]!));
    await refused(path, from([0, 1, 3, 4, 5, 6, 7]), 3, 'lost');
    await refused(path, from([0, 1, 2, 2, 3, 4, 5, 6, 7]), 4, 'doubled');
    await refused(path, from([0, 1, 3, 2, 4, 5, 6, 7]), 3, 'moved');
    await refused(path, from([0, 0, 1]), 2, 'two headers');
    await refused(path, Buffer.concat([from([0, 1]), Buffer.from('\n'), from([2, 3])]), 3, 'an empty line');
    const zeros = Buffer.from(whole);
    zeros.fill(0, ends[1], ends[2]! - 1);
    await refused(path, zeros, 3, 'zeros with records after them');
    await refused(
      path,
      Buffer.concat([whole, Buffer.from('{"n":9}\n')]),
      9,
      'a last line with a newline, without a checksum',
    );
  });

  test('a tail that is not the beginning of one write', async () => {
    const path = join(await scratch(), 'tail.jsonl');
    const upTo = (end: number, ...more: Buffer[]) => Buffer.concat([whole.subarray(0, ends[end]), ...more]);
    const mebibyte = Buffer.alloc(1024 * 1024);
    const next = Buffer.from('{"n":4,"is":"asked"');
    for (const [what, bytes, line] of [
      ['a megabyte of zeros', mebibyte, 1],
      ['zeros beyond a header', Buffer.alloc(2000), 1],
      ['zeros over all records', upTo(0, mebibyte), 2],
      ['zeros over the last records', upTo(2, mebibyte), 4],
      ['zeros after all of them', Buffer.concat([whole, Buffer.alloc(70_000)]), 9],
      ['zeros after a torn record', upTo(2, next, mebibyte), 4],
      ['text of something else', upTo(2, Buffer.from('lorem ipsum')), 4],
      ['bytes of anything', upTo(2, Buffer.from([0, 1, 2, 254, 255])), 4],
      ['the beginning of another record', upTo(2, Buffer.from('{"n":5,"is":"asked"')), 4],
      ['a whole record, and more', Buffer.concat([whole.subarray(0, whole.length - 1), Buffer.from('x')]), 8],
      [
        'two records, the newline between them gone',
        Buffer.concat([whole.subarray(0, ends[3]! - 1), next]),
        4,
      ],
    ] as const) {
      await refused(path, bytes, line, what);
      await refused(path, bytes, line, what, true);
      leaveLocked(path);
      await refused(path, bytes, line, what);
    }
  });

  test('zeros over records that were durable', async () => {
    const path = join(await scratch(), 'over.jsonl');
    for (let cut = 0; cut < whole.length; cut++) {
      const line = ends.filter((end) => end <= cut).length + 1;
      const bytes = Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)]);
      const atAnEnd = cut === 0 || ends.includes(cut);
      if (!SOAK && cut % 16 > 0 && !atAnEnd) continue;
      // The run ended in good order: then nothing was still to come. The round before has left a dead run's lock.
      rmSync(`${path}.lock`, { recursive: true, force: true });
      await refused(path, bytes, line, `from byte ${cut}`, cut % 4 !== 0);
      if (atAnEnd || cut < ends[0]! || cut === whole.length - 1 || cut % 512 === 0) continue;
      leaveLocked(path);
      await refused(path, bytes, line, `from byte ${cut}, after a crash`, cut % 4 !== 0);
    }
  });

  test('records that another program or a newer version has written', async () => {
    const path = join(await scratch(), 'newer.jsonl');
    const header = { ledger: 'group-onboard', version: 2, origin: ORIGIN, created: '' } as const;
    const at = new Date(new TestClock().now()).toISOString();
    for (const record of [
      { n: 2, is: 'forgot', at },
      { n: 2, is: 'asked', at, from: SENDER, chat: 'x', who: [] },
      { n: 2, is: 'not_done', at },
      { n: 2, is: 'outcome', at, chat: 'x', who: '1', status: 'blessed', message: '', trace: '' },
      { n: 2, is: 'not_done', ask: 1 },
      7,
    ]) {
      await refused(path, Buffer.from(encode(header) + encode(record as never)), 2, JSON.stringify(record));
    }
    await refused(path, Buffer.from(encode({ ...header, origin: 7 } as never)), 1, 'no origin');
    writeFileSync(path, encode({ ...header, version: 3 }));
    expect((await tryOpen(path)).error?.message).toContain('newer version');
  });

  test('a ledger whose newlines are gone, or are others', async () => {
    const path = join(await scratch(), 'joined.jsonl');
    const text = whole.toString();
    await refused(path, Buffer.from(text.replaceAll('\n', '')), 1, 'joined');
    await refused(path, Buffer.from(text.replaceAll('\n', '\r')), 1, 'of a Mac');
    await refused(path, Buffer.from(text.replaceAll('\n', '\r\n')), 1, 'of Windows');
    await refused(path, Buffer.from(`${text.split('\n')[0]}\r`), 1, 'a header of a Mac');
  });

  test('an outcome that is as no other', async () => {
    const path = join(await scratch(), 'like.jsonl');
    const all = ends.map((end, i) => whole.subarray(i === 0 ? 0 : ends[i - 1], end));
    const like = (n: number, as: unknown, who: unknown = '919000000009') =>
      Buffer.from(encode({ n, is: 'outcome', as, who } as never));
    const upTo = (lines: number, ...more: readonly Buffer[]) =>
      Buffer.concat([...all.slice(0, lines), ...more]);
    writeFileSync(path, upTo(7, like(8, 7), like(9, 7)));
    expect((await tryOpen(path)).error).toBeUndefined();
    await refused(path, upTo(1, like(2, 1)), 2, 'the header is no outcome');
    await refused(path, upTo(2, like(3, 2)), 3, 'an ask is no outcome');
    await refused(path, upTo(6, like(7, 5)), 7, 'an outcome that an ask has followed');
    await refused(path, upTo(8, like(9, 8)), 9, 'one that is itself as another');
    await refused(path, upTo(8, like(9, 5)), 9, 'an outcome of another call');
    await refused(path, upTo(8, like(9, 9)), 9, 'itself');
    await refused(path, upTo(7, like(8, 7, 7)), 8, 'of nobody');
    await refused(path, upTo(7, like(8, '7')), 8, 'no number');
  });

  test('a reason code that this version does not know reads as other', async () => {
    const path = join(await scratch(), 'reason.jsonl');
    const ledger = await opened(path);
    await ledger.settle(undefined, [
      { pair: pair(1), outcome: outcome('failed', { reasonCode: 'gone_fishing' as never }) },
    ]);
    await ledger.close();
    const again = await opened(path);
    expect(again.state(pair(1))?.reasonCode).toBe('other');
    expect(again.outcome(pair(1))?.reasonCode).toBe('other');
  });

  test('a file of the user’s that is no ledger, even without a newline', async () => {
    const path = join(await scratch(), 'mine.csv');
    for (const text of [
      'name,phone\nAsha,919\n',
      'my only copy',
      '{"ledger":"somebody else"}\n',
      '{"ledger"\0x',
    ]) {
      await refused(path, Buffer.from(text), 1, text);
    }
    await refused(
      path,
      Buffer.concat([whole.subarray(0, ends[0]), Buffer.alloc(9e6, 'x'), whole.subarray(ends[0])]),
      2,
      'an endless line',
    );
  });
});

test('lines longer than a chunk are read', async () => {
  const path = join(await scratch(), 'long.jsonl');
  const ledger = await opened(path);
  const crowd = Array.from({ length: 100_000 }, (_, i) => pair(i));
  await ledger.asked(crowd, SENDER);
  await ledger.close();
  const again = await opened(path);
  expect(again.counts.in_doubt).toBe(100_000);
});
