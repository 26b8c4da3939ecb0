import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { listOf } from '../../src/admin/page.js';
import { account, instance } from '../../src/admin/schemas.js';
import { describeInBrowser } from '../support/browser.js';
import {
  type ConsolePage,
  confirm,
  type FrontDoor,
  focused,
  passUntil,
  signedIn,
  startFrontDoor,
  tabTo,
} from '../support/console.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';

describeInBrowser('what an operator chooses in the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  const faults: string[] = [];
  before(async () => {
    door = await startFrontDoor();
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(() => door.close());

  const now = async () => (await door.ask('GET', `/instances/${door.instance}`)).as(instance);
  const set = (body: object) => door.ask('PATCH', `/instances/${door.instance}`, { body });
  const part = (page: Page, title: string) =>
    page.locator('section').filter({ has: page.getByRole('heading', { name: title }) });
  const settings = async (): Promise<[ConsolePage, Page]> => {
    const page = await openPage();
    await page.clock.install();
    const seat = await signedIn(door, page, faults);
    await seat.go('settings', 'Settings');
    await part(page, 'What Okta may do').getByLabel('Create users').waitFor();
    return [seat, page];
  };
  const save = (page: Page, title: string) => part(page, title).getByRole('button', { name: 'Save' }).click();
  const notice = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();

  it('is saved without what another operator has changed meanwhile, which it shows after a while', async () => {
    const [, page] = await settings();
    await set({ switches: { deactivateUsers: false }, managerWaitSeconds: 77 });
    const switches = part(page, 'What Okta may do');
    await switches.getByLabel('Set roles').check();
    await save(page, 'What Okta may do');
    await notice(page, 'What Okta may do: saved.');
    await until('what is so is shown', async () => !(await switches.getByLabel('Deactivate users').isChecked()));
    assert.ok(await switches.getByLabel('Set roles').isChecked());

    const wait = part(page, 'Wait and brake');
    await wait.getByLabel('People', { exact: true }).fill('31');
    await set({ managerWaitSeconds: 78 });
    await passUntil(page, 'the wait is shown', async () => {
      return (await wait.getByLabel('Wait for a manager').inputValue()) === '78';
    });
    assert.equal(await wait.getByLabel('People', { exact: true }).inputValue(), '31', 'what is typed stays');
    await save(page, 'Wait and brake');
    await notice(page, 'Wait and brake: saved.');
    const { scimRoles, switches: are, managerWaitSeconds, brake } = await now();
    assert.deepEqual([scimRoles, are.deactivateUsers, managerWaitSeconds, brake?.minimum], [true, false, 78, 31]);
    await save(page, 'Wait and brake');
    await notice(page, 'Wait and brake: nothing is changed.');
  });

  it('is asked about before deactivations are switched on again', async () => {
    await set({ switches: { deactivateUsers: false } });
    const [, page] = await settings();
    const switches = part(page, 'What Okta may do');
    await switches.getByLabel('Deactivate users').check();
    await save(page, 'What Okta may do');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('all whom Okta took away while it was off lose access at once').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await now()).switches.deactivateUsers, false);
    await confirm(page, switches.getByRole('button', { name: 'Save' }));
    await notice(page, 'What Okta may do: saved.');
    assert.equal((await now()).switches.deactivateUsers, true);
  });

  it('is no number where none is typed, and then not saved', async () => {
    const [, page] = await settings();
    const wait = page.getByLabel('Wait for a manager, seconds');
    const before = (await now()).managerWaitSeconds;
    await wait.fill('');
    await wait.pressSequentially('1e');
    await save(page, 'Wait and brake');
    assert.equal((await now()).managerWaitSeconds, before);
    await wait.pressSequentially('2');
    await save(page, 'Wait and brake');
    await notice(page, 'Wait and brake: saved.');
    assert.equal((await now()).managerWaitSeconds, 100);
  });

  it('is a role that no arrow key grants', async () => {
    const { body } = await scim(door, 'POST', '/Users', { userName: 'gia@acme.test', displayName: 'Gia' });
    const id = String(body?.['id']);
    const page = await openPage();
    const seat = await signedIn(door, page, faults);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') asked.push(request.postData() ?? '');
    });
    await seat.go(`accounts/${id}`, 'Gia');
    const role = page.getByLabel('Role', { exact: true });
    await role.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await role.inputValue(), 'publisher');
    assert.deepEqual(asked, []);
    await confirm(page, page.getByRole('button', { name: 'Set role' }));
    await page.getByRole('status').filter({ hasText: 'The role is publisher now.' }).waitFor();
    assert.deepEqual(asked, ['{"role":"publisher"}']);
    const accounts = (await door.ask('GET', `/instances/${door.instance}/accounts?userName=gia@acme.test`)).as(
      listOf(account).loose(),
    );
    assert.deepEqual(
      accounts.items.map((one) => one.role),
      ['publisher'],
    );
  });

  it('is an instance that no arrow key goes to', async () => {
    const coach = { userName: 'coach@other.test' };
    await door.ask('POST', '/instances', { body: { slug: `a-${door.instance}`, name: 'A Other', coach } });
    const page = await openPage();
    const seat = await signedIn(door, page, faults);
    await seat.go('held', 'Held deactivations');
    await page.getByRole('option', { name: 'A Other' }).waitFor({ state: 'attached' });
    const choice = page.getByLabel('Instance', { exact: true });
    await choice.focus();
    await page.keyboard.press('ArrowUp');
    assert.equal(await choice.inputValue(), `a-${door.instance}`);
    await page.getByRole('heading', { name: 'Held deactivations' }).waitFor();
    assert.ok(page.url().endsWith(`#/${door.instance}/held`));
    await tabTo(page, 'Go');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**#/a-${door.instance}/held`);
    await until('its heading has the focus', async () => (await focused(page)) === 'Held deactivations');
    assert.equal(await page.title(), `Held deactivations · a-${door.instance} · Roster`);
  });

  it('is kept in the address: who comes back finds the search as it was', async () => {
    const page = await openPage();
    const seat = await signedIn(door, page, faults);
    await seat.go('accounts', 'Accounts');
    await page.getByLabel('Status').selectOption('pending');
    await page.getByRole('searchbox').fill('gia@acme.test');
    await page.keyboard.press('Enter');
    await until('Gia alone is listed', async () => (await page.getByRole('row').count()) === 2);
    await page.getByRole('link', { name: 'Gia' }).click();
    await page.getByRole('heading', { level: 1, name: 'Gia' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
    assert.equal(await page.getByRole('searchbox').inputValue(), 'gia@acme.test');
    assert.equal(await page.getByLabel('Status').inputValue(), 'pending');
    await until('Gia alone is listed', async () => (await page.getByRole('row').count()) === 2);
  });
});
