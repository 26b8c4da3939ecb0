import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { TestRoster } from './roster.js';

/** The console in a page of its own. */
export interface ConsolePage {
  readonly page: Page;
  /** Goes to a view, `stuck` or `accounts/<id>`, of the roster's instance, and waits for its heading. */
  readonly go: (view: string, heading: string) => Promise<void>;
  /** Goes to a view of no instance. */
  readonly goOutside: (view: string, heading: string) => Promise<void>;
  readonly signIn: (token: string) => Promise<void>;
}

/** Where the console of a roster is. */
export const consoleUrl = ({ adminUrl }: Pick<TestRoster, 'adminUrl'>): string =>
  adminUrl.replace('/admin/v1', '/console');

/** A refusal is a line of the browser's own, and no fault of the page. */
const REFUSAL = /^Failed to load resource: the server responded with a status of/;

/**
 * Opens the console; nobody is signed in yet.
 * @param faults takes what the page does wrong: an error that nobody caught, whatever the content security policy keeps from happening.
 */
export async function openConsole(roster: TestRoster, page: Page, faults: string[]): Promise<ConsolePage> {
  page.on('pageerror', (error) => void faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !REFUSAL.test(message.text())) faults.push(message.text());
  });
  const url = consoleUrl(roster);
  await page.goto(url);
  const goTo = async (hash: string, heading: string): Promise<void> => {
    await page.goto(`${url}#/${hash}`);
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  };
  return {
    page,
    go: (view, heading) => goTo(`${roster.instance}/${view}`, heading),
    goOutside: (view, heading) => goTo(`-/${view}`, heading),
    signIn: async (token) => {
      await page.getByLabel('Operator token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
    },
  };
}

/** Opens the console and signs in with the roster's own token, or another. */
export async function signedIn(
  roster: TestRoster,
  page: Page,
  faults: string[],
  token = roster.adminToken,
): Promise<ConsolePage> {
  const opened = await openConsole(roster, page, faults);
  await opened.signIn(token);
  await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
  return opened;
}

/** Presses a button that opens a dialog, gives the reason where one is asked for, and confirms. */
export async function confirm(page: Page, button: Locator, reason?: string): Promise<void> {
  await button.click();
  const dialog = page.getByRole('dialog');
  if (reason !== undefined) await dialog.getByLabel('Reason').fill(reason);
  await dialog.locator('button[type=submit]').click();
}

/** Moves the focus by the Tab key until it is where it should be. @throws AssertionError where it never gets there */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === name) return;
  }
  assert.fail(`No Tab leads to "${name}".`);
}

/** The name of what has the focus. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(
    `(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim()`,
  );

/** Whether the page is wider than the window, so that it would have to be scrolled sideways. */
export const overflows = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
