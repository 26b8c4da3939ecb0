import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { type ConsolePage, type FrontDoor, focused, refusal, signedIn, startFrontDoor } from '../support/console.js';
import { until } from '../support/interleave.js';

describeInBrowser('a session in the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
  });
  beforeEach(async () => {
    page = await openPage();
    seat = await signedIn(door, page, faults);
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(() => door.close());

  const heading = (name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
  const dialog = () => page.getByRole('dialog');

  it('is not ended by a late refusal of the session before', async () => {
    const late: Route[] = [];
    await page.route(/\/imports\?/, (route) => void late.push(route));
    await seat.go('imports', 'Imports');
    const file = { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from('email\n') };
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByRole('button', { name: 'Try the file' }).click();
    await until('it is on its way', () => Promise.resolve(late.length === 1));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await seat.signIn(door.tokens.operator);
    await heading('Imports');
    await late[0]?.fulfill(refusal(401, 'unauthorized', 'The operator token is not valid.'));
    await page.getByRole('status').filter({ hasText: '“people.csv” was not taken' }).waitFor();
    await seat.go('held', 'Held deactivations');
  });

  it('waits with a way out, while Roster can not say whose token it is', async () => {
    await page.route(/\/admin\/v1\/token$/, (route) => route.fulfill({ status: 503, body: 'gone' }));
    await page.reload();
    await heading('Roster does not let you in now');
    await page.getByRole('main').getByRole('alert').getByText('The answer was 503').waitFor();
    assert.equal(await focused(page), 'Roster does not let you in now');
    await page.unroute(/\/admin\/v1\/token$/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('Instances');
    await page.route(/\/admin\/v1\/token$/, (route) => route.fulfill({ status: 503, body: 'gone' }));
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Operator token').waitFor();
    assert.equal(await page.evaluate<number>('sessionStorage.length'), 0);
  });

  it('says so where the instances can not be listed, and still says which one is shown', async () => {
    await page.route(/\/admin\/v1\/instances$/, (route) =>
      route.fulfill(refusal(500, 'internal', 'Something went wrong.')),
    );
    await seat.go('held', 'Held deactivations');
    await page.reload();
    await page.getByRole('banner').getByRole('alert').getByText('The instances can’t be listed.').waitFor();
    assert.equal(await page.getByLabel('Instance', { exact: true }).inputValue(), door.instance);
    await page.unroute(/\/admin\/v1\/instances$/);
    await page.getByRole('banner').getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('option', { name: 'Test', exact: true }).waitFor({ state: 'attached' });
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  it('shows a new token wherever the operator is by then, until it is kept', async () => {
    const late: Route[] = [];
    await page.route(/\/tokens$/, (route) =>
      route.request().method() === 'POST' ? void late.push(route) : route.continue(),
    );
    await seat.go('tokens', 'SCIM tokens');
    await page.getByLabel('Label').fill('Okta');
    await page.getByRole('button', { name: 'Issue' }).click();
    await until('it is asked', () => Promise.resolve(late.length === 1));
    await seat.go('settings', 'Settings');
    await page.setViewportSize({ width: 390, height: 844 });
    await late[0]?.continue();
    await dialog().getByText('It is shown this once.').waitFor();
    for (let press = 0; press < 3; press++) await page.keyboard.press('Escape');
    const token = dialog().getByLabel('The token');
    assert.match(await token.inputValue(), /^rst_[\w-]{43}$/);
    const isCut = `(() => { const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.querySelector('.secret');
      return scrollWidth > clientWidth || scrollHeight > clientHeight; })()`;
    assert.equal(await page.evaluate<boolean>(isCut), false, 'all of it is to be seen on a phone');
    await dialog().getByRole('button', { name: 'I have kept it' }).click();
    await dialog().waitFor({ state: 'detached' });
  });

  it('marks the token that it is of', async () => {
    await seat.goOutside('operator-tokens', 'Operator tokens');
    const own = page.getByRole('row').filter({ hasText: 'your own' });
    await own.first().waitFor();
    assert.equal(await own.count(), 1);
    await own.getByRole('button', { name: /^Revoke/ }).click();
    await dialog().getByText('It is your own: you are signed out').waitFor();
  });
});
