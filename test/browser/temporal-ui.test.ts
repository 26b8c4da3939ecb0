import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { describeInBrowser, screenshot } from '../support/browser.js';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { until } from '../support/interleave.js';
import { accountNow, assign } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';
import { offeredUpdates, runPage, sendUpdate } from '../support/temporal-ui.js';

const progressAnswer = z.object({
  items: z.array(z.object({ message: z.string(), workflow: z.object({ id: z.string(), url: z.string() }) })),
  stuckUrl: z.string(),
});
const toldSchema = z.object({
  type: z.string(),
  data: z.object({ id: z.string(), status: z.string(), manager: z.object({ userName: z.string() }).nullable() }),
});

describeInBrowser('an operator in the Temporal Web UI', function (openPage) {
  this.timeout(120_000);
  let roster: TestRoster;
  let application: FakeApplication;
  before(async () => {
    roster = await startRoster();
    application = await startFakeApplication();
    await settled(roster);
    await connectApplication(roster, application.url);
  });
  after(async () => {
    await roster.close();
    await application.close();
  });

  const stuck = async () => {
    const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}/progress?stage=stuck`, {
      headers: { authorization: `Bearer ${roster.adminToken}` },
    });
    return progressAnswer.parse(await response.json());
  };
  /** The ids of the runs that a list shows. It is behind what is so by a moment, and does not follow by itself. */
  const untilListed = (page: Page, url: string, ids: readonly string[]): Promise<void> =>
    until(
      `the list is ${ids.join(', ')}`,
      async () => {
        await page.goto(url);
        await page.getByRole('heading', { name: /^\d+ Workflows?$/ }).waitFor();
        const shown = await page.getByRole('link', { name: /^user\// }).allInnerTexts();
        return shown.join() === ids.join();
      },
      30_000,
    );
  const toldOf = (id: string): string[] =>
    application.told
      .map(({ body }) => toldSchema.safeParse(JSON.parse(body)).data)
      .flatMap((told) =>
        told?.data.id === id
          ? [`${told.type}: ${told.data.status}, of ${told.data.manager?.userName ?? 'nobody'}`]
          : [],
      );

  it('finds who is stuck by the link, reads why, tries it again there, and sees it complete', async () => {
    application.answer = (response) => response.writeHead(422).end('No seat left.');
    const id = await assign(roster, 'ada@acme.test');
    await until('she is stuck', async () => (await accountNow(roster, id)).stage === 'stuck', 20_000);
    const { items, stuckUrl } = await stuck();
    const [{ message, workflow } = assert.fail('nobody is stuck')] = items;
    assert.equal(message, 'No seat left.');

    const page = await openPage();
    await untilListed(page, stuckUrl, [workflow.id]);
    await screenshot(page, 'stuck-list');

    const run = runPage(page);
    await page.goto(workflow.url);
    await run.untilStatus('Running');
    await page.getByRole('heading', { name: workflow.id }).waitFor();
    await run.openTab('Search Attributes');
    await page.getByText('"application_refused"').waitFor();
    await run.openTab('User Metadata');
    const details = run.markdown('Stuck:').contentFrame();
    await details.getByText('the application refused this user').waitFor();
    await screenshot(page, 'temporal-stuck');

    application.answer = (response) => response.writeHead(204).end();
    const dialog = await run.openUpdates();
    const updates = await offeredUpdates(dialog);
    const retryNow = updates.filter({ hasText: 'retryNow' });
    await retryNow.getByText('Try again now what this user is stuck with').waitFor();
    assert.deepEqual(
      (await updates.allInnerTexts()).map((text) => text.split('\n')[0]),
      ['retryNow', 'takeDefaultManager', 'abandon', 'Custom'],
    );
    await screenshot(page, 'temporal-retry');
    await retryNow.click();
    await sendUpdate(dialog, { who: 'Grace' });
    await dialog.getByText('Say why').waitFor();
    await screenshot(page, 'temporal-refused');
    await sendUpdate(dialog, { who: 'Grace', why: 'There are seats again.' });
    await dialog.waitFor({ state: 'hidden' });
    await run.untilStatus('Completed');
    await run.openTab('Timeline');
    await page.getByRole('button', { name: 'retryNow' }).waitFor();
    await screenshot(page, 'temporal-completed');

    const { status, stage } = await accountNow(roster, id);
    assert.deepEqual({ status, stage }, { status: 'active', stage: 'provisioned' });
    assert.deepEqual(toldOf(id), [
      'account.created: active, of coach@roster.test',
      'account.created: active, of coach@roster.test',
      'account.updated: active, of coach@roster.test',
    ]);
    const { rows } = await roster.pool.query(
      `select action, actor, note from audit_log where instance_id = $1 and user_id = $2 and note is not null`,
      [roster.instance, id],
    );
    assert.deepEqual(rows, [{ action: 'user.retryNow', actor: 'temporal:Grace', note: 'There are seats again.' }]);
    await untilListed(page, stuckUrl, []);
  });
});
