import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import {
  type ConsolePage,
  type FrontDoor,
  passUntil,
  refusal,
  signedIn,
  startFrontDoor,
  stuckUsers,
} from '../support/console.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';

const PROGRESS = /\/progress\?stage=stuck(&cursor=.*)?$/;
const NOBODY = 'accounts/01a215c6-90ee-73d4-8dba-dffa88802a99';
/** More than a page of them, so that nothing is one page any more. */
const PEOPLE = 101;

describeInBrowser('the console, of an API that is slow, fails or refuses', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
    for (let person = 0; person < PEOPLE; person++) {
      const { status } = await scim(door, 'POST', '/Users', { userName: `person-${person}@acme.test` });
      assert.equal(status, 201);
    }
  });
  beforeEach(async () => {
    page = await openPage();
    await page.clock.install();
    seat = await signedIn(door, page, faults);
  });
  afterEach(async () => {
    await page.context().close();
    assert.deepEqual(faults.splice(0), []);
  });
  after(() => door.close());

  const rows = (): Promise<number> =>
    page
      .getByRole('row')
      .filter({ has: page.getByRole('cell') })
      .count();
  const showMore = () => page.getByRole('button', { name: 'Show more' });
  /** Counts what is asked, and answers as told. */
  const answer = async (url: RegExp, answered: (route: Route, count: number) => Promise<unknown>) => {
    let asked = 0;
    await page.route(url, async (route) => {
      asked += 1;
      await answered(route, asked);
    });
    return () => asked;
  };
  /** Lets so much time go by on the page, in steps in which each answer comes back. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) await page.clock.runFor(1_000);
  };

  it('shows the next page of a list that is filtered', async () => {
    await seat.go('accounts?status=pending', 'Accounts');
    await until('the first page is there', async () => (await rows()) === 100);
    await showMore().click();
    await until('all are there', async () => (await rows()) > PEOPLE);
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.equal(await showMore().count(), 0);
  });

  it('says beside the button why the next page did not come, and asks for it again', async () => {
    await answer(/accounts\?cursor=/, (route, count) =>
      count === 1 ? route.fulfill(refusal(500, 'internal', 'Something went wrong.')) : route.continue(),
    );
    await seat.go('accounts', 'Accounts');
    await showMore().click();
    await page.locator('.more').getByRole('alert').getByText('Something went wrong.').waitFor();
    assert.equal(await rows(), 100, 'what was there stays');
    await showMore().click();
    await until('all are there', async () => (await rows()) > PEOPLE);
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  it('shows an answer that takes longer than the time between two refreshes', async () => {
    const late: Route[] = [];
    const asked = await answer(PROGRESS, async (route) => late.push(route));
    await seat.go('stuck', 'Stuck users');
    await until('it is asked', () => Promise.resolve(late.length === 1));
    await pass(16);
    assert.equal(asked(), 1, 'nothing is asked while an answer is on its way');
    await late[0]?.fulfill(stuckUsers(['ada']));
    await page.getByRole('link', { name: 'ada@acme.test' }).waitFor();
  });

  it('does not let a refresh take the place of a next page that is on its way', async () => {
    const late: Route[] = [];
    await answer(PROGRESS, async (route) => {
      if (route.request().url().includes('cursor')) late.push(route);
      else await route.fulfill(stuckUsers(['ada'], 'next'));
    });
    await seat.go('stuck', 'Stuck users');
    await showMore().click();
    await until('the next page is asked for', () => Promise.resolve(late.length === 1));
    await pass(7);
    await late[0]?.fulfill(stuckUsers(['bea']));
    await page.getByRole('link', { name: 'bea@acme.test' }).waitFor();
    await page.getByRole('link', { name: 'ada@acme.test' }).waitFor();
  });

  it('says how old it is what is shown, while no fresher comes', async () => {
    let isDown = false;
    const late: Route[] = [];
    let isSlow = false;
    await answer(PROGRESS, async (route) => {
      if (isDown) await route.abort();
      else if (isSlow) late.push(route);
      else await route.fulfill(stuckUsers(['ada']));
    });
    await seat.go('stuck', 'Stuck users');
    await page.getByRole('link', { name: 'ada@acme.test' }).waitFor();
    isDown = true;
    await passUntil(page, 'it is said', () => page.getByText('Last refreshed').isVisible());
    await page
      .getByRole('status')
      .getByText(/^Last refreshed .* UTC\. Roster does not answer/)
      .waitFor();
    await page.getByRole('link', { name: 'ada@acme.test' }).waitFor();
    isDown = false;
    await passUntil(page, 'it is taken back', async () => !(await page.getByText('Last refreshed').isVisible()));
    isSlow = true;
    await passUntil(page, 'it is said again', () => page.getByText('Last refreshed').isVisible());
    await page
      .getByRole('status')
      .getByText(/^Last refreshed .* Roster takes long to answer\.$/)
      .waitFor();
    await late[0]?.fulfill(stuckUsers(['ada']));
    await page.getByText('Last refreshed').waitFor({ state: 'detached' });
  });

  it('gives up what is never answered, in words', async () => {
    await page.addInitScript(
      'const after = AbortSignal.timeout; AbortSignal.timeout = () => after.call(AbortSignal, 300)',
    );
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
    await answer(/\/requests$/, () => Promise.resolve());
    await page.getByRole('link', { name: 'Test' }).click();
    await page.getByRole('link', { name: 'Requests' }).click();
    await page.getByRole('alert').getByText('Roster has not answered for 30 seconds.').waitFor();
  });

  it('says that what a proxy answered is not from Roster', async () => {
    await answer(/\/requests$/, (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Please log in to the network' }),
    );
    await seat.go('requests', 'Requests');
    await page.getByRole('alert').getByText('The answer was 200 OK, and not from Roster.').waitFor();
  });

  it('asks no more for what is not there, and says so once', async () => {
    const asked = await answer(new RegExp(NOBODY), (route) => route.continue());
    await seat.go(NOBODY, 'Account');
    await page.getByRole('alert').getByText('There is no account').waitFor();
    const before = asked();
    await pass(16);
    assert.equal(asked(), before);
    assert.equal(await page.getByRole('alert').count(), 1);
  });

  it('waits as long as it is told to where it asked too often', async () => {
    const asked = await answer(PROGRESS, (route, count) =>
      route.fulfill(
        count === 1 ? refusal(429, 'too_many', 'Too many requests.', { 'retry-after': '60' }) : stuckUsers([]),
      ),
    );
    await seat.go('stuck', 'Stuck users');
    await page.getByRole('alert').getByText('Too many requests.').waitFor();
    await pass(50);
    assert.equal(asked(), 1);
    await passUntil(page, 'it is asked again', async () => asked() === 2);
    await page.getByText('Nobody is stuck.').waitFor();
  });

  it('speaks a failure once, however often it is asked again', async () => {
    const asked = await answer(PROGRESS, (route) => route.fulfill(refusal(503, 'unavailable', 'PostgreSQL is away.')));
    await seat.go('stuck', 'Stuck users');
    const alert = page.getByRole('alert');
    await alert.getByText('PostgreSQL is away.').waitFor();
    await page.evaluate(`window.heard = [];
      new MutationObserver((changes) => heard.push(...changes.map(({ type }) => type)))
        .observe(document.querySelector('[role=alert]'), { subtree: true, childList: true, characterData: true });`);
    const first = await page.getByText(/request-\d+/).innerText();
    await passUntil(page, 'it is asked again and again', async () => asked() > 3);
    await until('the last request is named', async () => (await page.getByText(/request-\d+/).innerText()) !== first);
    assert.deepEqual(await page.evaluate<string[]>('heard'), []);
  });
});
