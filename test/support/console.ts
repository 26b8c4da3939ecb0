import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { issuedScimToken } from '../../src/admin/token-schemas.js';
import { type AdminServer, startAdmin } from '../admin/admin-server.js';
import { until } from './interleave.js';
import type { TestRoster } from './roster.js';

/** Who serves the console, and the instance that it is opened for. */
interface Served extends Pick<TestRoster, 'adminUrl' | 'adminToken'> {
  readonly instance: string;
}

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
export const consoleUrl = ({ adminUrl }: Pick<Served, 'adminUrl'>): string => adminUrl.replace('/admin/v1', '/console');

/** A refusal is a line of the browser's own, and no fault of the page. */
const REFUSAL = /^Failed to load resource: /;

/**
 * Opens the console; nobody is signed in yet.
 * @param faults takes what the page does wrong: an error that nobody caught, whatever the content security policy keeps from happening.
 */
export async function openConsole(roster: Served, page: Page, faults: string[]): Promise<ConsolePage> {
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

/** The front door alone, with an instance of its own: for what the console does, whatever becomes of the people. */
export interface FrontDoor extends AdminServer, Served, Pick<TestRoster, 'scimUrl' | 'scimToken'> {}

/** Starts a front door for a test file; call `close` in its `after`. */
export async function startFrontDoor(): Promise<FrontDoor> {
  const admin = await startAdmin();
  const instance = `test-${randomBytes(6).toString('hex')}`;
  const coach = { userName: 'coach@roster.test', givenName: 'First', familyName: 'Coach' };
  await admin.ask('POST', '/instances', { body: { slug: instance, name: 'Test', coach } });
  const issued = await admin.ask('POST', `/instances/${instance}/tokens`, { body: { label: 'test' } });
  const { token: scimToken } = issued.as(issuedScimToken, 201);
  const scimUrl = admin.url.replace('/admin/v1', '/scim/v2');
  return { ...admin, instance, adminUrl: admin.url, adminToken: admin.tokens.admin, scimUrl, scimToken };
}

/** A refusal as Roster gives it, for `route.fulfill`. */
export const refusal = (status: number, code: string, detail: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', status, code, detail, requestId: `request-${++refusals}` }),
});
let refusals = 0;

/** A page of who is stuck, for `route.fulfill`. */
export const stuckUsers = (names: readonly string[], nextCursor: string | null = null) => ({
  json: {
    items: names.map((name) => ({
      userId: `id of ${name}`,
      userName: `${name}@acme.test`,
      stage: 'stuck',
      reason: 'application_refused',
      message: null,
      since: new Date().toISOString(),
      workflow: { id: name, url: 'http://temporal.test/' },
    })),
    nextCursor,
    stuckUrl: 'http://temporal.test/',
  },
});

/** Opens the console and signs in with the roster's own token, or another. */
export async function signedIn(
  roster: Served,
  page: Page,
  faults: string[],
  token = roster.adminToken,
): Promise<ConsolePage> {
  const opened = await openConsole(roster, page, faults);
  await opened.signIn(token);
  await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
  return opened;
}

/** Lets time go by on a page with a clock of its own until something is so, in steps in which each answer comes back. */
export const passUntil = (page: Page, what: string, isSo: () => Promise<boolean>): Promise<void> =>
  until(what, async () => {
    await page.clock.runFor(1_000);
    return isSo();
  });

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
