import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Suite } from 'mocha';
import { type Browser, chromium, type Page } from 'playwright-core';
import { config } from './servers.js';

/** Opens an empty page in a window of its own, which shares no cookie with another. It is closed with the browser. */
type OpenPage = () => Promise<Page>;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MISSING = 'no Chromium here: "apt-get install -y chromium", or set CHROMIUM_PATH';

/** How long what is waited for on a page may take to come. */
const PATIENCE_MS = 20_000;

/**
 * A suite whose tests look at pages in a real Chromium, one for all of them. Where there is none they are skipped, and their
 * name says how to install it; with `CI=true` they fail.
 */
export function describeInBrowser(title: string, define: (this: Suite, openPage: OpenPage) => void): void {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    if (process.env['CI'] === 'true') describe(title, () => it('has a browser', () => assert.fail(MISSING)));
    else describe.skip(`${title} (${MISSING})`, withoutBrowser(define));
    return;
  }
  describe(title, function () {
    let browser: Browser | undefined;
    before(async function () {
      this.timeout(60_000);
      // Without its sandbox, which root and most containers do not have: it sees nothing but our own pages.
      browser = await chromium.launch({ executablePath, chromiumSandbox: false, timeout: 50_000 });
    });
    define.call(this, async () => {
      if (browser === undefined)
        throw new Error('The browser has not been started; pages are opened in tests and hooks.');
      const window = await browser.newContext({
        viewport: { width: 1366, height: 820 },
        locale: 'en-GB',
        timezoneId: 'UTC',
      });
      window.setDefaultTimeout(PATIENCE_MS);
      return window.newPage();
    });
    // Defined last, it comes after the suite's own.
    after(async () => browser?.close());
  });
}

/** The suite for its names alone. */
const withoutBrowser = (define: (this: Suite, openPage: OpenPage) => void) =>
  function (this: Suite): void {
    define.call(this, () => Promise.reject(new Error(MISSING)));
  };

/** `CHROMIUM_PATH`, or the first Chromium or Chrome on the PATH. */
function findBrowser(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  if (given !== undefined && given !== '') return given;
  const folders = config()
    .path.split(delimiter)
    .filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Keeps what a page looks like, in the folder that `SCREENSHOTS` names; otherwise does nothing. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}
