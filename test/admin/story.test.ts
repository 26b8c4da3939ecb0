import assert from 'node:assert/strict';
import { z } from 'zod';
import type { UserId } from '../../src/ids.js';
import { resendAccounts } from '../../src/instances/application.js';
import { setInstance } from '../../src/instances/instances.js';
import { type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

const storyPage = z.object({
  user: z.object({ userName: z.string(), managerReference: z.string().nullable(), stage: z.string().nullable() }),
  items: z.array(z.object({ at: z.string(), kind: z.string(), code: z.string(), text: z.string() })),
  nextCursor: z.string().nullable(),
});

describe('the story of one user, as operators read it', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let application: FakeApplication;
  before(async () => {
    roster = await startRoster();
    application = await startFakeApplication();
    await settled(roster);
    await setInstance(roster.pool, roster.instance, { application: { url: application.url } }, BY_TEST);
  });
  after(async () => {
    await roster.close();
    await application.close();
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${roster.adminUrl}/instances/${roster.instance}${path}`, {
      headers: { authorization: `Bearer ${roster.adminToken}`, ...headers },
    });
  const story = async (id: string, query = '') =>
    storyPage.parse(await (await get(`/accounts/${id}/story${query}`)).json());
  const told = async (id: string) =>
    until('all is told', async () => {
      const { rows } = await roster.pool.query(
        'select from accounts where instance_id = $1 and id = $2 and announced = revision',
        [roster.instance, id],
      );
      return rows.length === 1;
    });

  it('is told in order: what Okta asserted, what was decided and why, what the application answered', async () => {
    const id = await assign(roster, 'reads@x.test', { manager: 'late@x.test' });
    await settled(roster);
    await assign(roster, 'boss@x.test', { externalId: 'late@x.test' });
    await settled(roster);
    await told(id);
    await scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'title', value: 'Chief' }] });
    await settled(roster);
    await told(id);
    await setActive(roster, id, false);
    await settled(roster);
    await told(id);

    await fetch(`${roster.adminUrl}/instances/${roster.instance}/accounts/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'publisher' }),
    });
    await resendAccounts(roster.pool, roster.instance, id as UserId, BY_TEST);

    const { user, items } = await story(id);
    assert.deepEqual(
      [user.userName, user.managerReference, user.stage],
      ['reads@x.test', 'late@x.test', 'deactivated'],
    );
    const texts = items.map(({ kind, text }) => `${kind}: ${text}`);
    const inOrder = [
      /^asserted: Created: userName, manager, .*\(version 1\)$/,
      /^decided: .*active, individual, no manager yet: whom the reference names is looked for/,
      /^told: .*account\.created .*answer 204, taken/,
      /^decided: .*manager coach@roster\.test \(the default manager: the reference means nobody\), team First Coach/,
      /^decided: .*manager boss@x\.test \(as named, by externalId\)/,
      /^asserted: Changed: title \(version 2\)$/,
      /^asserted: Unassigned: access ended in the same moment \(version 3\)$/,
      /^told: .*account\.suspended .*taken/,
      /^acted: The role was set to publisher/,
      /^acted: The application is told of the account anew/,
    ];
    let at = -1;
    for (const pattern of inOrder) {
      const next = texts.findIndex((text, index) => index > at && pattern.test(text));
      assert.ok(next > at, `${pattern} after ${texts[at]}, in:\n${texts.join('\n')}`);
      at = next;
    }
    assert.deepEqual(
      items.map((item) => item.at),
      items.map((item) => item.at).toSorted(),
    );
  });

  it('comes in pages, and of nobody else’s users', async () => {
    const id = await assign(roster, 'pages@x.test');
    await settled(roster);
    await told(id);
    const whole = (await story(id)).items;
    const paged = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: z.infer<typeof storyPage> = await story(id, `?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    assert.deepEqual(paged, whole);
    assert.equal((await get('/accounts/0190b2c4-0000-7000-8000-000000000000/story')).status, 404);
    const at = '2026-01-01T00:00:00.000Z';
    for (const forged of [
      'x',
      at,
      `${at} 1`,
      `${at} 1 1.5`,
      `${at} 1.5 1`,
      `${at} 4 1`,
      `${at} -1 1`,
      `${at} 99999999999 1`,
      `${at} 1 1e99`,
      `${at} 1 01`,
      `${at} 1 1 1`,
      '2026-01-01 1 1',
      '+275760-09-13T00:00:00.000Z 1 1',
      '-000001-01-01T00:00:00.000Z 1 1',
    ]) {
      const cursor = Buffer.from(forged).toString('base64url');
      assert.equal((await get(`/accounts/${id}/story?cursor=${cursor}`)).status, 400, forged);
    }
    const good = Buffer.from(`${at} 1 1`).toString('base64url');
    assert.equal((await get(`/accounts/${id}/story?cursor=${good}`)).status, 200);
    assert.equal((await get(`/accounts/${id}/story?cursor=${good}=`)).status, 400);
  });

  it('the audit log is exported as CSV and as NDJSON, all of it', async () => {
    const { items } = z
      .object({ items: z.array(z.object({ position: z.number(), action: z.string() })) })
      .parse(await (await get('/audit?limit=1000')).json());
    const csv = await (await get('/audit', { accept: 'text/csv' })).text();
    const [header, first = ''] = csv.split('\r\n');
    assert.match(header ?? '', /^position,at,receivedAt,actor,action/);
    assert.ok(first.startsWith(`${items[0]?.position},`));
    const lines = (await (await get('/audit?format=ndjson')).text()).trim().split('\n');
    assert.ok(lines.length >= items.length);
    assert.equal((JSON.parse(lines[0] ?? '') as { hash: string }).hash.length, 64);
  });

  it('the deactivations of a period are evidence: received, off, told, and what is open', async () => {
    const { listDeactivations } = await import('../../src/directory/evidence.js');
    const from = new Date();
    const id = await assign(roster, 'leaves@x.test');
    await settled(roster);
    await told(id);
    await setActive(roster, id, false);
    await settled(roster);
    await told(id);
    const list = () =>
      listDeactivations(
        roster.pool,
        roster.instance,
        { from, to: new Date(Date.now() + 1_000) },
        { after: 0, limit: 10 },
      );
    const [done] = await list();
    assert.equal(done?.userId, id);
    assert.ok(done.receivedAt !== null && done.receivedAt <= done.committedAt && done.toldAt !== null);
    assert.deepEqual([done.open, done.assignedAgainAt], ['', null]);
    assert.equal((await accountNow(roster, id)).status, 'suspended');
    // A server whose clock is ahead.
    await roster.pool.query('alter table audit_log disable trigger audit_log_append_only');
    await roster.pool.query(
      `update audit_log set received_at = at + interval '1 hour' where instance_id = $1 and user_id = $2 and action = 'user.deactivate'`,
      [roster.instance, id],
    );
    const [early] = await list();
    assert.deepEqual([early?.secondsUntilOff, early?.secondsUntilTold], [0, 0]);
    await roster.pool.query(
      `update audit_log set received_at = null where instance_id = $1 and user_id = $2 and action = 'user.deactivate'`,
      [roster.instance, id],
    );
    assert.equal((await list())[0]?.secondsUntilOff, null);

    const refuses = await assign(roster, 'open@x.test');
    await settled(roster);
    await told(refuses);
    application.answer = (response) => response.writeHead(422).end('No.');
    await setActive(roster, refuses, false);
    await until('stuck', async () => (await accountNow(roster, refuses)).stage === 'stuck');
    const open = (await list()).find(({ userId }) => userId === refuses);
    assert.deepEqual([open?.toldAt, open?.open], [null, 'the application is not told; stuck: application_refused']);
    application.answer = (response) => response.writeHead(204).end();
    await setActive(roster, refuses, true);
    await until('back', async () => (await accountNow(roster, refuses)).stage === 'provisioned');
    const back = (await list()).find(({ userId }) => userId === refuses);
    assert.deepEqual([back?.open, back?.assignedAgainAt !== null], ['', true]);
  });
});
