import assert from 'node:assert/strict';
import { issueOperatorToken, type OperatorRole, revokeOperatorToken } from '../../src/instances/operator-tokens.js';
import { describeInBrowser, screenshot } from '../support/browser.js';
import { confirm, consoleUrl, focused, openConsole, overflows, signedIn } from '../support/console.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { assign } from '../support/people.js';
import { BY_TEST, SECRET, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describeInBrowser('an operator in the console, about access', function (openPage) {
  this.timeout(60_000);
  let roster: TestRoster;
  const faults: string[] = [];
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 0 });
    await settled(roster);
  });
  afterEach(() => assert.deepEqual(faults.splice(0), []));
  after(() => roster.close());

  const tokenOf = (role: OperatorRole) =>
    issueOperatorToken(
      roster.pool,
      SECRET,
      { label: role, role, instance: role === 'application' ? roster.instance : null },
      BY_TEST,
    );
  const scimStatus = async (scimToken: string) =>
    (await scim({ ...roster, scimToken }, 'GET', '/Users?count=1')).status;

  it('is refused with a wrong token and signed in with a right one, which a reload keeps and another tab does not have', async () => {
    const page = await openPage();
    const { signIn } = await openConsole(roster, page, faults);
    await signIn('rst_wrong');
    await page.getByRole('alert').getByText('This token is not valid').waitFor();
    assert.equal(await page.evaluate<number>('sessionStorage.length'), 0);
    await signIn(roster.adminToken);
    await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
    await page.getByRole('link', { name: 'Test', exact: true }).waitFor();
    await page.getByRole('img', { name: /^Provisioned over the last hour: / }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();

    const another = await page.context().newPage();
    await another.goto(consoleUrl(roster));
    await another.getByLabel('Operator token').waitFor();
    await another.close();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Operator token').waitFor();
    assert.equal(await page.evaluate<number>('sessionStorage.length'), 0);
  });

  it('goes where it is sent the moment it stands', async () => {
    const page = await openPage();
    const { signIn } = await openConsole(roster, page, faults);
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (document.querySelector('h1')?.textContent !== 'Instances') return;
      observer.disconnect();
      location.hash = '#/-/operator-tokens';
    }).observe(document.getElementById('app'), { childList: true, subtree: true })`);
    await signIn(roster.adminToken);
    await page.getByRole('heading', { level: 1, name: 'Operator tokens' }).waitFor();
  });

  it('is brought back to the sign-in by a token that is revoked meanwhile', async () => {
    const { id, token } = await tokenOf('operator');
    const seat = await signedIn(roster, await openPage(), faults, token);
    await revokeOperatorToken(roster.pool, id, BY_TEST);
    // A token found good is remembered for a second.
    await until('it is refused', async () => {
      const { status } = await fetch(`${roster.adminUrl}/token`, { headers: { authorization: `Bearer ${token}` } });
      return status === 401;
    });
    await seat.page.goto(`${consoleUrl(roster)}#/${roster.instance}/accounts`);
    await seat.page.getByText('Your token is not valid any more.').waitFor();
    await seat.page.getByLabel('Operator token').waitFor();
  });

  it("can't do what the role may not, and reads why", async () => {
    const seat = await signedIn(roster, await openPage(), faults, (await tokenOf('viewer')).token);
    const { page } = seat;
    await seat.go('stuck', 'Stuck users');
    await page.getByText("This token's role is viewer. To act on users takes one of role operator or above.").waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try all again' }).count(), 0, 'nobody is stuck');
    const id = await assign(roster, 'vi@acme.test', { displayName: 'Vi' });
    await seat.go(`accounts/${id}`, 'Vi');
    await page.getByText('To act on the user or set the role takes one of role operator or above.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Set role' }).isDisabled());
    await seat.go('settings', 'Settings');
    await page.getByText('To change settings takes one of role operator or above.').waitFor();
    await until('nothing can be saved', async () => {
      const saves = await page.getByRole('button', { name: 'Save' }).all();
      return saves.length === 3 && (await Promise.all(saves.map((save) => save.isDisabled()))).every(Boolean);
    });
    await seat.goOutside('operator-tokens', 'Operator tokens');
    await page.getByText('takes one of role admin').waitFor();
  });

  it("does not take an application's token", async () => {
    const page = await openPage();
    const { signIn } = await openConsole(roster, page, faults);
    await signIn((await tokenOf('application')).token);
    await page.getByRole('alert').getByText('This token is an application’s').waitFor();
  });

  it('issues a SCIM token, rotates it with both good for a while, and revokes it', async () => {
    const seat = await signedIn(roster, await openPage(), faults);
    const { page } = seat;
    const dialog = page.getByRole('dialog');
    const kept = async (): Promise<string> => {
      const secret = await dialog.getByLabel('The token').inputValue();
      await dialog.getByRole('button', { name: 'I have kept it' }).click();
      await dialog.waitFor({ state: 'detached' });
      return secret;
    };
    await seat.go('tokens', 'SCIM tokens');
    await page.getByLabel('Label').fill('Okta sandbox');
    await page.getByRole('button', { name: 'Issue' }).click();
    await dialog.getByText('It is shown this once.').waitFor();
    await screenshot(page, 'console-secret');
    const old = await kept();
    assert.equal(await scimStatus(old), 200);

    await confirm(page, page.getByRole('button', { name: 'Rotate: Okta sandbox' }));
    await dialog.getByLabel('The token').waitFor();
    const next = await kept();
    assert.equal(await focused(page), 'SCIM tokens', 'the focus is not lost with the dialog that asked');
    assert.notEqual(next, old);
    assert.deepEqual([await scimStatus(old), await scimStatus(next)], [200, 200]);
    assert.ok(!(await page.content()).includes(next.slice(4)), 'the secret is shown once');
    await page.reload();
    await page.getByRole('row').filter({ hasText: 'Okta sandbox' }).first().waitFor();
    assert.ok(!(await page.content()).includes(next.slice(4)));

    // The newest first: the last is the old one.
    await confirm(page, page.getByRole('button', { name: 'Revoke: Okta sandbox' }).last());
    await until('the old one is refused', async () => (await scimStatus(old)) === 401);
    assert.equal(await scimStatus(next), 200);
  });

  it('issues an operator token of a role, and revokes it', async () => {
    const seat = await signedIn(roster, await openPage(), faults);
    const { page } = seat;
    await seat.goOutside('operator-tokens', 'Operator tokens');
    await page.getByLabel('Label').fill('Bo, on call');
    await page.getByLabel('Role').selectOption('operator: also acts');
    await page.getByRole('button', { name: 'Issue' }).click();
    const secret = await page.getByRole('dialog').getByLabel('The token').inputValue();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    const status = async () =>
      (await fetch(`${roster.adminUrl}/token`, { headers: { authorization: `Bearer ${secret}` } })).status;
    assert.equal(await status(), 200);
    await confirm(page, page.getByRole('button', { name: 'Revoke: Bo, on call' }));
    await until('it is refused', async () => (await status()) === 401);
  });

  it('sets the switches, the wait and the default manager, and is told what is refused', async () => {
    const id = await assign(roster, 'jo@acme.test', { displayName: 'Jo Ash' });
    await settled(roster);
    const seat = await signedIn(roster, await openPage(), faults);
    const { page } = seat;
    const notice = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
    await seat.go('settings', 'Settings');
    const form = (title: string) => page.locator('section').filter({ has: page.getByRole('heading', { name: title }) });
    await form('What Okta may do').getByLabel('Update attributes').uncheck();
    await form('What Okta may do').getByRole('button', { name: 'Save' }).click();
    await notice('What Okta may do: saved.');
    await form('Wait and brake').getByLabel('Wait for a manager, seconds').fill('7');
    await form('Wait and brake').getByRole('button', { name: 'Save' }).click();
    await notice('Wait and brake: saved.');
    const manager = form('Default manager');
    await manager.getByLabel('Another').fill('jo@acme.test');
    await manager.getByRole('button', { name: 'Save' }).click();
    await manager.getByRole('alert').waitFor();

    await seat.go(`accounts/${id}`, 'Jo Ash');
    await page.getByLabel('Role', { exact: true }).selectOption('manager');
    await confirm(page, page.getByRole('button', { name: 'Set role' }));
    await notice('The role is manager now.');
    await seat.go('settings', 'Settings');
    await manager.getByLabel('Another').fill('jo@acme.test');
    await manager.getByRole('button', { name: 'Save' }).click();
    await manager.getByText('chosen here').waitFor();
    await manager.getByRole('button', { name: 'Back to the first coach' }).click();
    await manager.getByText('the coach who has been it longest').waitFor();
    const { rows } = await roster.pool.query(
      'select update_attributes, manager_wait_seconds from instances where id = $1',
      [roster.instance],
    );
    assert.deepEqual(rows, [{ update_attributes: false, manager_wait_seconds: 7 }]);
  });

  it('needs no scrolling sideways on a phone, whatever the names', async () => {
    const long = `${'a-very-long-name-that-nobody-types'.repeat(4)}@acme.test`;
    const id = await assign(roster, long, {
      displayName: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
    });
    await settled(roster);
    const seat = await signedIn(roster, await openPage(), faults);
    const { page } = seat;
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [view, heading] of [
      ['', 'Test'],
      ['stuck', 'Stuck users'],
      ['held', 'Held deactivations'],
      ['accounts', 'Accounts'],
      [`accounts/${id}`, 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'],
      ['organisation', 'Organisation'],
      ['imports', 'Imports'],
      ['requests', 'Requests'],
      ['tokens', 'SCIM tokens'],
      ['settings', 'Settings'],
    ] as const) {
      await seat.go(view, heading);
      await page.waitForLoadState('networkidle');
      assert.ok(!(await overflows(page)), `${view} is wider than a phone`);
      await screenshot(page, `console-phone-${view.split('/')[0]}`);
    }
    await seat.goOutside('operator-tokens', 'Operator tokens');
    await page.waitForLoadState('networkidle');
    assert.ok(!(await overflows(page)), 'operator tokens are wider than a phone');
  });
});
