import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
const absent = !existsSync(CHROMIUM);
const inCi = process.env['CI'] === 'true';

/** No start-up traffic of its own: this machine's network is not the test's business. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Opened {
  readonly page: Page;
  /** Everything that the page said on its console, and every error that it did not catch. */
  readonly said: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
}

export type Open = (url: string, options?: BrowserContextOptions) => Promise<Opened>;

/**
 * Tests in headless Chromium (Debian's package `chromium`). Without it they are skipped, and it is said; in CI they fail.
 */
export function describeInBrowser(name: string, tests: (open: Open) => void): void {
  if (absent && !inCi) console.warn(`SKIPPED: ${name}: needs ${CHROMIUM} (apt-get install chromium)`);
  describe.skipIf(absent && !inCi)(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    });
    afterAll(async () => {
      await browser?.close();
    });
    tests(async (url, options = {}) => {
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const said: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => said.push(`error: ${error.message}`));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(url);
      return { page, said, requests };
    });
  });
}
