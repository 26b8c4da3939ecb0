import assert from 'node:assert/strict';
import { setInstance } from '../../src/instances/instances.js';
import { describeInBrowser, screenshot } from '../support/browser.js';
import { type ConsolePage, confirm, focused, signedIn, tabTo } from '../support/console.js';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describeInBrowser('an operator in the console, about people', function (openPage) {
  this.timeout(90_000);
  let roster: TestRoster;
  let application: FakeApplication;
  let seat: ConsolePage;
  const faults: string[] = [];
  before(async () => {
    roster = await startRoster();
    application = await startFakeApplication();
    await settled(roster);
    await connectApplication(roster, application.url);
    seat = await signedIn(roster, await openPage(), faults);
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(async () => {
    await roster.close();
    await application.close();
  });

  const stage = async (id: string) => (await accountNow(roster, id)).stage;
  const untilStage = (id: string, wanted: string) => until(wanted, async () => (await stage(id)) === wanted, 20_000);
  const refuse = (words: string): void => {
    application.answer = (response) => response.writeHead(422).end(words);
  };
  const take = (): void => {
    application.answer = (response) => response.writeHead(204).end();
  };
  const notice = (text: string) => seat.page.getByRole('status').filter({ hasText: text }).waitFor();

  it('reads why somebody is stuck, tries again, and sees it complete', async () => {
    const { page } = seat;
    refuse('No seat left.');
    const id = await assign(roster, 'ada@acme.test', { displayName: 'Ada Lane' });
    await untilStage(id, 'stuck');
    await seat.go('stuck', 'Stuck users');
    const row = page.getByRole('row').filter({ hasText: 'ada@acme.test' });
    await row.getByText('The application refused this user').waitFor();
    await row.getByText('No seat left.').waitFor();
    const run = await row.getByRole('link', { name: 'Temporal' }).getAttribute('href');
    assert.ok(run?.endsWith(`/workflows/${encodeURIComponent(`user/${roster.instance}/${id}`)}`), String(run));
    assert.equal(await row.getByRole('button', { name: /Take default manager/ }).count(), 0);
    await screenshot(page, 'console-stuck');

    take();
    await confirm(page, row.getByRole('button', { name: 'Try again: ada@acme.test' }), 'There are seats again.');
    await notice('asked for ada@acme.test');
    await page.getByText('Nobody is stuck.').waitFor();
    await untilStage(id, 'provisioned');

    await seat.go(`accounts/${id}`, 'Ada Lane');
    await page.getByText('provisioned', { exact: true }).waitFor();
    await page.getByText('Tried again at once – "There are seats again."').waitFor();
    await screenshot(page, 'console-story');
  });

  it('gives up, and is told where there is nothing to give up', async () => {
    const { page } = seat;
    refuse('Never.');
    const id = await assign(roster, 'bea@acme.test');
    await untilStage(id, 'stuck');
    await seat.go('stuck', 'Stuck users');
    const giveUp = page.getByRole('button', { name: 'Give up: bea@acme.test' });
    await giveUp.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Give up' }).click();
    assert.equal(await dialog.count(), 1, 'without a reason nothing is done');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    take();
    await confirm(page, giveUp, 'Left before the first day.');
    await until('the account is refused', async () => (await accountNow(roster, id)).status === 'refused', 20_000);
    await page.getByText('Nobody is stuck.').waitFor();
  });

  it('tries all of one reason again by the keyboard alone', async () => {
    const { page } = seat;
    refuse('Closed.');
    const ids = [await assign(roster, 'cy@acme.test'), await assign(roster, 'dot@acme.test')];
    for (const id of ids) await untilStage(id, 'stuck');
    take();
    await seat.go('held', 'Held deactivations');
    await seat.go('stuck', 'Stuck users');
    assert.equal(await focused(page), 'Stuck users', 'the heading has the focus');
    await page.getByRole('row').filter({ hasText: 'dot@acme.test' }).waitFor();
    await tabTo(page, 'Try all again');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Try all again', 'closed by Escape, it gives the focus back');
    await page.keyboard.press('Enter');
    await page.keyboard.type('They opened again.');
    await tabTo(page, 'Try all again');
    await page.keyboard.press('Enter');
    await notice('2 users are tried again.');
    for (const id of ids) await untilStage(id, 'provisioned');
  });

  it('lets who waits for a manager take the default manager', async () => {
    const { page } = seat;
    await setInstance(roster.pool, roster.instance, { managerWaitSeconds: 600 }, BY_TEST);
    const id = await assign(roster, 'eli@acme.test', { manager: 'late@acme.test' });
    await untilStage(id, 'waiting for manager');
    await seat.go('stuck', 'Stuck users');
    await page.getByLabel('Show').selectOption('Users who wait for a manager');
    await confirm(page, page.getByRole('button', { name: 'Take default manager: eli@acme.test' }), 'He starts today.');
    await page.getByText('Nobody waits for a manager.').waitFor();
    await untilStage(id, 'provisioned');
    assert.deepEqual((await accountNow(roster, id)).origin, 'default');
    await setInstance(roster.pool, roster.instance, { managerWaitSeconds: 0 }, BY_TEST);
  });

  it('opens the organisation branch by branch, and sees how each manager came about', async () => {
    const { page } = seat;
    await assign(roster, 'grace@acme.test', { displayName: 'Grace Moore' });
    await settled(roster);
    await assign(roster, 'hal@acme.test', { displayName: 'Hal Berg', manager: 'grace@acme.test' });
    await assign(roster, 'ivy@acme.test', { displayName: 'Ivy Sol', manager: 'nobody@acme.test' });
    await settled(roster);
    await seat.go('organisation', 'Organisation');
    const itemOf = (name: string) =>
      page
        .getByRole('listitem')
        .filter({ has: page.getByRole('link', { name, exact: true }) })
        .last();
    await itemOf('First Coach').getByText('no manager').first().waitFor();
    await itemOf('Grace Moore').getByText('default').waitFor();
    await itemOf('Ivy Sol').getByText('default').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Hal Berg' }).count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Reports of Ivy Sol' }).count(), 0);
    const branch = page.getByRole('button', { name: 'Reports of Grace Moore' });
    assert.equal(await branch.getAttribute('aria-expanded'), 'false');
    await branch.click();
    await itemOf('Hal Berg').getByText('assigned').waitFor();
    await screenshot(page, 'console-organisation');
    await branch.click();
    await page.getByRole('link', { name: 'Hal Berg' }).waitFor({ state: 'detached' });
  });

  it('finds an account by its userName, and by its status', async () => {
    const { page } = seat;
    await seat.go('accounts', 'Accounts');
    const names = page.getByRole('row').getByRole('link', { name: /Coach|Ivy/ });
    await page.getByRole('searchbox').fill('IVY@acme.test');
    await page.keyboard.press('Enter');
    await until('Ivy alone is listed', async () => (await names.allInnerTexts()).join() === 'Ivy Sol');
    await page.getByLabel('Status').selectOption('suspended');
    await page.getByText('Nobody is like that.').waitFor();
    await page.getByLabel('Status').selectOption('any');
    await page.getByRole('searchbox').fill('');
    await page.getByRole('link', { name: 'First Coach' }).waitFor();
  });

  it('releases whom the brake holds', async () => {
    const { page } = seat;
    const ids: string[] = [];
    for (const name of ['kim', 'lea', 'max']) ids.push(await assign(roster, `${name}@acme.test`));
    await settled(roster);
    await setInstance(roster.pool, roster.instance, { brake: { percent: 0, minimum: 1, windowMinutes: 10 } }, BY_TEST);
    for (const id of ids) await setActive(roster, id, false);
    await until(
      'two are held',
      async () => (await Promise.all(ids.map(stage))).filter((one) => one === 'held').length === 2,
      20_000,
    );
    await seat.go('held', 'Held deactivations');
    await until('both are listed', async () => (await page.getByRole('row').count()) === 3);
    await page.getByRole('button', { name: 'Revert all' }).click();
    await page.getByRole('dialog').getByText('2 users. It was a mistake').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await confirm(page, page.getByRole('button', { name: 'Release all' }), 'A reorganisation, says the customer.');
    await notice('2 deactivations go on.');
    await page.getByText('Nobody is held.').waitFor();
    for (const id of ids) await untilStage(id, 'deactivated');
  });
});
