import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { type ConsolePage, type FrontDoor, signedIn, startFrontDoor, stuckUsers } from '../support/console.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';

describeInBrowser('who is in a stage, in the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
    const { body } = await scim(door, 'POST', '/Users', { userName: 'wil@acme.test' });
    await door.database.pool.query(
      `insert into progress (instance_id, user_id, stage, reason, since) values ($1, $2, 'waiting for manager', 'manager_unknown', now())`,
      [door.instance, body?.['id']],
    );
    page = await openPage();
    seat = await signedIn(door, page, faults);
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(() => door.close());

  const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const users = () =>
    page
      .getByRole('row')
      .getByRole('link', { name: /@acme\.test$/ })
      .allInnerTexts();

  it('is listed where the overview counts them, under a heading that says so, also after a reload', async () => {
    await seat.go('', 'Test');
    await page.getByRole('link', { name: 'waiting for manager: 1' }).click();
    await heading('Users who wait for a manager');
    await until('who waits is listed', async () => (await users()).join() === 'wil@acme.test');
    await page.reload();
    await heading('Users who wait for a manager');
    await page.getByLabel('Show').selectOption('Stuck users');
    await heading('Stuck users');
    await page.getByText('Nobody is stuck.').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Try all/ }).count(), 0, 'there is nobody to try again');
    await seat.go('organisation', 'Organisation');
    await page.getByRole('link', { name: 'who waits' }).click();
    await heading('Users who wait for a manager');
  });

  it('is narrowed down to one reason, and said to be', async () => {
    const { json } = stuckUsers(['ada', 'bea']);
    const [ada, bea] = json.items;
    const items = [ada, { ...bea, reason: 'application_unreachable' }];
    await page.route(/\/progress\?stage=stuck/, (route) => route.fulfill({ json: { ...json, items } }));
    await seat.go('stuck', 'Stuck users');
    await until('both are listed', async () => (await users()).length === 2);
    await page.getByLabel('Of the reason').selectOption('The application refused this user');
    await until('one is listed', async () => (await users()).join() === 'ada@acme.test');
    await page.getByText('1 user of this reason, of the 2 users listed so far.').waitFor();
    await page.getByRole('button', { name: 'Try all of this reason again' }).waitFor();
    await page.reload();
    await until('one is listed', async () => (await users()).join() === 'ada@acme.test');
    await page.getByLabel('Of the reason').selectOption('A step on the database keeps failing');
    await page.getByText('0 users of this reason').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Try all/ }).count(), 0);
  });
});
