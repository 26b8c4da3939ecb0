import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import {
  type ConsolePage,
  confirm,
  type FrontDoor,
  focused,
  passUntil,
  refusal,
  signedIn,
  startFrontDoor,
  stuckUsers,
  tabTo,
} from '../support/console.js';
import { until } from '../support/interleave.js';

const PROGRESS = /\/progress\?stage=stuck$/;
const ACTIONS = /\/accounts\/[^/]*\/actions$/;

describeInBrowser('a dialog of the console', function (openPage) {
  this.timeout(60_000);
  let door: FrontDoor;
  let seat: ConsolePage;
  let page: Page;
  const faults: string[] = [];
  let stuck: string[] = [];
  before(async () => {
    door = await startFrontDoor();
  });
  beforeEach(async () => {
    page = await openPage();
    await page.clock.install();
    seat = await signedIn(door, page, faults);
    stuck = ['ada', 'bea'];
    await page.route(PROGRESS, (route) => route.fulfill(stuckUsers(stuck)));
  });
  afterEach(async () => {
    await page.context().close();
    assert.deepEqual(faults.splice(0), []);
  });
  after(() => door.close());

  const dialog = () => page.getByRole('dialog');
  const tryAgain = (name: string) => page.getByRole('button', { name: `Try again: ${name}@acme.test` });
  const label = async () => {
    await seat.go('tokens', 'SCIM tokens');
    return page.getByRole('button', { name: 'Revoke: test' });
  };

  it('is not pressed by the key that opened it and is still down', async () => {
    await (await label()).focus();
    await page.keyboard.down('Enter');
    await dialog().waitFor();
    assert.equal(await focused(page), 'Revoke: test', 'the heading has the focus, and no button');
    await page.keyboard.down('Enter');
    await tabTo(page, 'Revoke');
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await page.reload();
    await (await label()).waitFor();
  });

  it('stays until what it does is done, and says how that failed', async () => {
    const late: Route[] = [];
    await page.route(ACTIONS, (route) => void late.push(route));
    await seat.go('stuck', 'Stuck users');
    await confirm(page, tryAgain('ada'), 'There are seats again.');
    await until('it is asked', () => Promise.resolve(late.length === 1));
    for (let press = 0; press < 3; press++) await page.keyboard.press('Escape');
    assert.ok(await dialog().getByRole('button', { name: 'Cancel' }).isDisabled());
    await late[0]?.fulfill(refusal(409, 'nothing_to_do', 'There is nothing to do.'));
    await dialog().getByRole('alert').getByText('There is nothing to do.').waitFor();
    assert.equal(await dialog().getByLabel('Reason').inputValue(), 'There are seats again.');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('stays with what is typed, also where its row would go', async () => {
    await seat.go('stuck', 'Stuck users');
    await tryAgain('ada').click();
    await dialog().getByLabel('Reason').fill('A long reason, typed by hand.');
    stuck = ['bea'];
    await page.clock.runFor(11_000);
    assert.equal(await dialog().getByLabel('Reason').inputValue(), 'A long reason, typed by hand.');
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await passUntil(page, 'her row is gone', async () => !(await tryAgain('ada').isVisible()));
  });

  it('leaves the focus on the heading, where what was done takes the row away', async () => {
    await page.route(ACTIONS, async (route) => {
      stuck = ['bea'];
      await route.fulfill({ json: { accounts: 1 } });
    });
    await seat.go('stuck', 'Stuck users');
    await confirm(page, tryAgain('ada'), 'There are seats again.');
    await tryAgain('ada').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Stuck users');
  });

  it('is answered by an announcement that is heard, also where the same was said before', async () => {
    await page.route(ACTIONS, (route) => route.fulfill({ json: { accounts: 1 } }));
    await seat.go('stuck', 'Stuck users');
    await page.evaluate(`window.heard = [];
      new MutationObserver((changes) => heard.push(...changes.flatMap(({ addedNodes }) => [...addedNodes].map((node) => node.textContent))))
        .observe(document.querySelector('.notice'), { subtree: true, childList: true, characterData: true });`);
    const isHidden = `getComputedStyle(document.querySelector('.notice')).visibility === 'hidden'`;
    assert.equal(await page.evaluate<boolean>(isHidden), false, 'what is hidden is not listened to');
    const said = 'Try again: asked for ada@acme.test. What comes of it shows here in a moment.';
    for (const times of [1, 2]) {
      await confirm(page, tryAgain('ada'), 'Again.');
      await dialog().waitFor({ state: 'detached' });
      await until('it is said', async () => {
        const heard = await page.evaluate<string[]>('heard');
        return heard.filter((text) => text === said).length === times;
      });
    }
  });
});
