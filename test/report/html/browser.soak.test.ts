import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { STATUSES } from '../../../src/domain/words.ts';
import { plain } from '../../../src/lib/text.ts';
import type { ReportRow } from '../../../src/report/html/people.ts';
import { describeInBrowser } from '../../browser.ts';
import { scratch } from '../../helpers.ts';
import { GROUP, HOSTILE, pageOf, row } from './rows.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OTHER = '120363402715563921@g.us';
const ABOUT = {
  [GROUP]: { name: 'Analytics', inviteLink: 'https://chat.whatsapp.com/AbCdEf012345', members: 41 },
};
const T0 = Date.UTC(2026, 0, 26, 17, 14, 27);

interface AxeResults {
  readonly violations: readonly { id: string; nodes: { html: string; failureSummary: string }[] }[];
  readonly passes: readonly { id: string }[];
}

async function saved(html: string): Promise<string> {
  const path = join(await scratch(), 'report.html');
  await writeFile(path, html);
  return pathToFileURL(path).href;
}

/** Every status, every part of the page. */
function everything(): string {
  const rows = STATUSES.flatMap((status, i) => [
    row(2 + i * 2, { status, askedAt: T0 + i * 700 }),
    row(3 + i * 2, { status, askedAt: T0 + i * 900, chatId: OTHER, own: [`Zoë ${i}`, 'z@x', OTHER, '1'] }),
  ]);
  const more: ReportRow[] = [
    row(40, { status: 'failed', reasonCode: 'privacy_blocked', own: ['Ana Núñez', 'a@x', GROUP, '1'] }),
    row(41, { status: 'invalid', reasonCode: 'phone_no_country', participant: '', chatId: '' }),
    row(42, { status: 'failed', reasonCode: 'not_on_whatsapp', participant: '551196123451' }),
  ];
  const pace = {
    allowance: { limit: 4, windowMs: 1_000 },
    throttled: 1,
    waits: [{ why: 'throttled', from: T0 + 2_000, to: T0 + 4_000 }],
    waited: new Map([['throttled', 2_000]]),
  };
  return pageOf([...rows, ...more], { pace, stopped: 'stopped by SIGINT', next: 'run again' }, ABOUT);
}

const visibleRows = (page: Page) => page.locator('#people tbody tr:visible');
const shown = (page: Page) => page.locator('#shown').textContent();

describeInBrowser('the report in Chromium', (open) => {
  it.each([
    ['Asia/Kolkata', '2026-01-26 22:44', 'GMT+5:30', '22:44:27'],
    ['America/New_York', '2026-01-26 12:14', 'EST', '12:14:27'],
    ['UTC', '2026-01-26 17:14', 'UTC', '17:14:27'],
  ])('times are those of a reader in %s', async (timezoneId, written, zone, first) => {
    const { page, said } = await open(await saved(everything()), { timezoneId });
    expect(await page.locator('header .sub').textContent()).toContain(` · ${written} ${zone}`);
    expect(await page.locator('footer').textContent()).toContain(`, ${written} ${zone}. This page`);
    expect(await page.locator('.axis span').first().textContent()).toBe(`${first} ${zone}`);
    expect(await page.locator('#pace th').first().textContent()).toBe(`From (${zone})`);
    expect(await page.locator('#pace td').first().textContent()).toBe(first);
    expect(await page.locator('#pace rect.ask title').first().textContent()).toMatch(
      new RegExp(`^${first}: \\d+ asks?$`),
    );
    expect(await page.locator('footer time').getAttribute('datetime')).toBe('2026-01-26T17:14:27.000Z');
    expect(said).toEqual([]);
  });

  it('asks for nothing but itself, and its console stays empty', async () => {
    const url = await saved(everything());
    const { page, said, requests } = await open(url);
    await page.locator('#search').fill('zoe');
    await page.waitForLoadState('networkidle');
    expect(requests).toEqual([url]);
    expect(said).toEqual([]);
  });

  it('shows a hostile cohort as text, all of it', async () => {
    const rows = HOSTILE.map((text, i) =>
      row(i + 2, {
        own: [text, `own ${text}`, text, text],
        status: 'failed',
        reasonCode: 'other',
        message: `said ${text}`,
        chatId: `${i} ${text}`,
        participant: '',
      }),
    );
    const about = Object.fromEntries(
      rows.map((one) => [one.chatId, { name: `group ${one.message}`, inviteLink: one.message, members: 1 }]),
    );
    const url = await saved(
      pageOf(rows, { source: HOSTILE[0], stopped: HOSTILE[1], next: HOSTILE[3] }, about),
    );
    const { page, said, requests } = await open(url);
    await page.waitForLoadState('networkidle');
    // As it is laid out: what is hidden, drawn over or turned into markup is not in it.
    const words = (text: string) => text.replace(/\s+/g, ' ').trim();
    const seen = words(await page.locator('body').innerText());
    for (const text of HOSTILE) {
      for (const form of [text, `own ${text}`, `said ${text}`, `group said ${text}`]) {
        expect(seen).toContain(words(plain(form)));
      }
    }
    expect(await page.title()).toBe(`${HOSTILE.length} need you.`);
    expect(await page.locator('img, iframe, object, embed, link, body script, body style').count()).toBe(0);
    expect(await page.locator('main a').count()).toBe(0);
    expect(requests).toEqual([url]);
    expect(said).toEqual([]);

    const options = await page.locator('#group option').allTextContents();
    expect(options.slice(1).map(words)).toEqual(HOSTILE.map((text) => words(plain(`group said ${text}`))));
    await page.locator('#search').fill('<script>document.title="owned"</script>');
    await expect.poll(() => visibleRows(page).count()).toBe(1);
  });

  it('loads and runs nothing that it did not bring along, were the escaping to fail', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const holed = everything().replace(
      '<main>',
      `<main><img src="${address}"><script>document.title="owned"</script><img src="x" onerror="document.title='owned'">`,
    );
    const { page } = await open(await saved(holed));
    await page.waitForLoadState('networkidle');
    expect([await page.title(), asked]).toEqual([expect.not.stringContaining('owned'), 0]);
    // The same page without its policy does all of it: the test would have seen it.
    const open2 = await open(
      await saved(holed.replace('http-equiv="Content-Security-Policy"', 'name="none"')),
    );
    await expect.poll(async () => [await open2.page.title(), asked]).toEqual(['owned', 1]);
  });

  it('finds people by name without accents, number however written, group and reason', async () => {
    const { page } = await open(await saved(everything()));
    const all = await visibleRows(page).count();
    expect(all).toBe(25);
    const found = async (query: string) => {
      await page.locator('#search').fill(query);
      return visibleRows(page).count();
    };
    expect(await found('nunez')).toBe(1);
    expect(await found('NÚÑEZ ana')).toBe(1);
    expect(await found('+55 (11) 9612-3451')).toBe(1);
    expect(await found('no WhatsApp account')).toBe(1);
    expect(await found('privacy analytics')).toBe(1);
    expect(await found('nobody at all')).toBe(0);
    expect(await shown(page)).toBe('0 of 25 rows');
    expect(await found('')).toBe(all);
    expect(await shown(page)).toBe('25 rows');
  });

  it('filters by status and by group, with the mouse', async () => {
    const { page } = await open(await saved(everything()));
    await page.getByRole('checkbox', { name: /^failed/ }).click();
    expect(await visibleRows(page).count()).toBe(4);
    await page.getByRole('checkbox', { name: /^invited/ }).click();
    expect(await visibleRows(page).count()).toBe(6);
    await page.getByRole('combobox', { name: 'Group' }).selectOption({ label: OTHER });
    expect(await visibleRows(page).count()).toBe(2);
    expect(await shown(page)).toBe('2 of 25 rows');
  });

  it('is worked by keyboard alone', async () => {
    const { page } = await open(await saved(everything()));
    const focused = () => page.evaluate('document.activeElement.id || document.activeElement.value');
    const tabTo = async (id: string) => {
      for (let i = 0; i < 40 && (await focused()) !== id; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(id);
    };
    await tabTo('search');
    await page.keyboard.type('zoe');
    expect(await visibleRows(page).count()).toBe(11);
    await page.keyboard.press('Enter');
    expect(await visibleRows(page).count()).toBe(11);
    await tabTo('group');
    await page.keyboard.press('ArrowDown');
    expect(await visibleRows(page).count()).toBe(0);
    await page.keyboard.press('ArrowDown');
    await tabTo('invited');
    await page.keyboard.press('Space');
    expect(await visibleRows(page).count()).toBe(1);
    // Backwards again: nothing traps the focus.
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).not.toBe('invited');
  });

  it('lays out ten thousand people a part at a time, and prints them all', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) =>
      row(i + 2, i < 40 ? { status: 'failed', reasonCode: 'not_on_whatsapp' } : {}),
    );
    const { page, said } = await open(await saved(pageOf(rows)));
    const counted = () =>
      page.evaluate(
        '[...document.querySelectorAll("#people tbody tr")].filter((one) => one.offsetHeight > 0).length',
      );
    const folded = () => page.evaluate('document.querySelector("#attention details").open');
    await expect.poll(() => shown(page)).toBe('10,000 rows, the first 200 shown');
    expect(await counted()).toBe(200);
    await page.getByRole('button', { name: 'Show 200 more' }).click();
    expect(await counted()).toBe(400);
    await page.locator('#search').fill('Person 9876');
    await expect.poll(() => shown(page)).toBe('1 of 10,000 rows');
    expect(await counted()).toBe(1);
    await page.locator('#search').fill('p98');
    await expect.poll(() => shown(page)).toBe('111 of 10,000 rows');
    await page.locator('#search').fill('');
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect([await counted(), await folded()]).toEqual([10_000, true]);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect([await counted(), await folded()]).toEqual([200, false]);
    expect(said).toEqual([]);
  });

  it('is whole without its script', async () => {
    const { page } = await open(await saved(everything()), { javaScriptEnabled: false });
    expect(await visibleRows(page).count()).toBe(25);
    expect(await page.locator('#controls:visible, #more:visible').count()).toBe(0);
  });

  const LOOKS = [
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const;
  it('has nothing that axe-core objects to, in light and dark, wide and narrow', async () => {
    const { page } = await open(await saved(everything()));
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    await page.evaluate(AXE);
    for (const [colorScheme, width] of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const { violations, passes } = (await page.evaluate('axe.run()')) as AxeResults;
      const found = violations.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]);
      expect([colorScheme, width, found]).toEqual([colorScheme, width, []]);
      const ran = passes.map(({ id }) => id);
      expect(ran).toEqual(expect.arrayContaining(['color-contrast', 'label', 'svg-img-alt']));
      // Nothing is cut off at the side.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
  });

  it('is drawn in other colours in the dark, and prints on white', async () => {
    const { page } = await open(await saved(everything()), { colorScheme: 'dark' });
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).getPropertyValue("--bg")');
    expect(await ground()).toBe('#131618');
    await page.emulateMedia({ media: 'print' });
    expect(await ground()).toBe('#faf9f6');
    expect(await page.locator('#controls').isVisible()).toBe(false);
    expect((await page.pdf()).byteLength).toBeGreaterThan(10_000);
  });
});
