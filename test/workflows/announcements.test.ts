import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { recordHistory } from '../support/histories.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

const toldSchema = z.object({
  type: z.string(),
  timestamp: z.string(),
  data: z.looseObject({
    id: z.string(),
    userName: z.string(),
    status: z.string(),
    title: z.string(),
    manager: z.object({ userName: z.string() }).nullable(),
    version: z.object({ revision: z.number() }),
  }),
});
type Told = z.infer<typeof toldSchema> & { readonly messageId: string };

describe('telling the application', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let application: FakeApplication;
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 1 });
    application = await startFakeApplication();
    await settled(roster);
    await connectApplication(roster, application.url);
  });
  after(async () => {
    await roster.close();
    await application.close();
  });
  beforeEach(async () => {
    await allTold();
    application.told.length = 0;
    application.answer = (response) => response.writeHead(204).end();
  });

  const record = (id: string, name: string) => recordHistory(roster, `user/${roster.instance}/${id}`, name);
  const told = (): Told[] =>
    application.told.map(({ headers, body }) => ({
      ...toldSchema.parse(JSON.parse(body)),
      messageId: String(headers['webhook-id']),
    }));
  const of = (id: string): Told[] => told().filter(({ data }) => data.id === id);
  const types = (id: string): string[] => of(id).map(({ type }) => type);
  /** Everybody settled, and the application told of them, or stuck. */
  async function allTold(): Promise<void> {
    await settled(roster);
    await until(
      'all are told',
      async () => {
        const { rowCount } = await roster.pool.query(
          `select from accounts a left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
         where a.instance_id = $1 and a.announced < a.revision and p.stage is distinct from 'stuck' limit 1`,
          [roster.instance],
        );
        return rowCount === 0 || (await nobodyIsToBeTold());
      },
      30_000,
    );
  }
  /** What was so before the endpoint was set is told to nobody. */
  const nobodyIsToBeTold = async (): Promise<boolean> => {
    const { rowCount } = await roster.pool.query(
      `select from accounts a join instances i on i.id = a.instance_id
       join events e on e.instance_id = a.instance_id and e.user_id = a.id and e.revision = a.revision and e.at >= i.application_since
       left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
       where a.instance_id = $1 and a.announced < a.revision and p.stage is distinct from 'stuck' limit 1`,
      [roster.instance],
    );
    return rowCount === 0;
  };
  const patch = async (id: string, value: object): Promise<void> => {
    const response = await fetch(`${roster.scimUrl}/Users/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${roster.scimToken}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ Operations: [{ op: 'replace', value }] }),
    });
    assert.equal(response.status, 200);
  };
  const progress = async (id: string) => {
    const { rows } = await roster.pool.query<{ stage: string; reason: string | null; message: string | null }>(
      'select stage, reason, message from progress where instance_id = $1 and user_id = $2',
      [roster.instance, id],
    );
    return rows[0];
  };

  it('a life: created once with manager and team, updated, suspended, back; in order, one id for one content', async () => {
    const boss = await assign(roster, 'boss@x.test', { displayName: 'Boss' });
    await allTold();
    const ada = await assign(roster, 'ada@x.test', { manager: 'boss@x.test' });
    await allTold();
    assert.deepEqual(types(ada), ['account.created']);
    assert.equal(of(ada)[0]?.data.manager?.userName, 'boss@x.test');
    assert.deepEqual(types(boss), ['account.created', 'account.updated'], 'and her manager has got a role with her');
    await patch(ada, { title: 'VP' });
    await allTold();
    await setActive(roster, ada, false);
    await allTold();
    await setActive(roster, ada, true);
    await allTold();
    const [, updated, suspended, ...after] = of(ada);
    assert.deepEqual([updated?.type, updated?.data.title], ['account.updated', 'VP']);
    assert.equal(suspended?.type, 'account.suspended');
    assert.equal(after.at(-1)?.data.status, 'active');
    assert.ok(after.some(({ type }) => type === 'account.reactivated'));
    const revisions = of(ada).map(({ data }) => data.version.revision);
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(of(ada).map(({ messageId }) => messageId)).size, of(ada).length);
    assert.equal(of(ada)[0]?.messageId, `${ada}.${revisions[0]}`);
    await record(ada, 'announce-reactivation');
  });

  it('a late manager: each report that moves is told of once', async () => {
    const reports = await Promise.all(
      Array.from({ length: 30 }, (_, n) => assign(roster, `report-${n}@x.test`, { manager: 'late@x.test' })),
    );
    await allTold();
    application.told.length = 0;
    const late = await assign(roster, 'late@x.test');
    await allTold();
    await record(late, 'announce-moved');
    for (const id of reports) {
      assert.deepEqual(
        of(id).map(({ type, data }) => [type, data.manager?.userName]),
        [['account.updated', 'late@x.test']],
      );
    }
  });

  it('an application that fails for a while is told again, with the same id and body, and nothing is lost', async () => {
    let failures = 2;
    application.answer = (response) => {
      if (failures-- > 0) response.writeHead(503, { 'retry-after': '1' }).end('busy');
      else response.writeHead(200).end();
    };
    const id = await assign(roster, 'patient@x.test');
    await until(
      'it is told',
      async () => of(id).length >= 3 && (await accountNow(roster, id)).stage === 'provisioned',
      20_000,
    );
    await allTold();
    assert.deepEqual(new Set(application.told.map(({ body }) => body)).size, 1);
    assert.deepEqual(new Set(of(id).map(({ messageId }) => messageId)).size, 1);
  });

  it('off is told before reports and team are seen to', async () => {
    const id = await assign(roster, 'leaver@x.test');
    await allTold();
    const unanswered: ServerResponse[] = [];
    application.answer = (response) => void unanswered.push(response);
    await setActive(roster, id, false);
    await until('it is being told', () => types(id).length === 2);
    await until(
      'the steps behind it do not wait for the answer',
      async () => (await accountNow(roster, id)).team === null,
    );
    application.answer = (response) => response.writeHead(204).end();
    for (const response of unanswered) response.writeHead(204).end();
    await allTold();
    assert.deepEqual(types(id).slice(0, 2), ['account.created', 'account.suspended']);
  });

  it('everybody is told of anew where an operator asks for it', async () => {
    const id = await assign(roster, 'again@x.test');
    await allTold();
    const [first] = of(id);
    application.told.length = 0;
    const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}/application/resend`, {
      method: 'POST',
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ userId: id }),
    });
    assert.deepEqual(await response.json(), { accounts: 1 });
    await until('it is told', () => of(id).length === 1);
    const [again] = of(id);
    assert.equal(again?.type, 'account.updated');
    assert.deepEqual({ ...again.data, version: null }, { ...first?.data, version: null });
    assert.equal(again.data.version.revision, (first?.data.version.revision ?? 0) + 1);
  });

  describe('a refusal', () => {
    const refuse = (userName: string, status: number, words: string) => {
      application.answer = (response: ServerResponse, { body }) => {
        if (toldSchema.parse(JSON.parse(body)).data.userName === userName) response.writeHead(status).end(words);
        else response.writeHead(204).end();
      };
    };

    it('of a creation undoes it: no access, no team, its reports handed over; it is tried anew as Okta changes the user', async () => {
      refuse('unwanted@x.test', 422, 'No seat left.');
      const boss = await assign(roster, 'unwanted@x.test');
      const report = await assign(roster, 'of-unwanted@x.test', { manager: 'unwanted@x.test' });
      await until('it is stuck', async () => (await progress(boss))?.stage === 'stuck', 20_000);
      await until('the report is handed over', async () => (await accountNow(roster, report)).origin === 'default');
      const now = await accountNow(roster, boss);
      assert.deepEqual([now.status, now.team, now.manager], ['refused', null, null]);
      assert.deepEqual(await progress(boss), {
        stage: 'stuck',
        reason: 'application_refused',
        message: 'No seat left.',
      });

      application.answer = (response) => response.writeHead(201).end();
      await patch(boss, { title: 'With a seat' });
      await until('it is active', async () => (await accountNow(roster, boss)).status === 'active', 20_000);
      await until('the report is back', async () => (await accountNow(roster, report)).manager === 'unwanted@x.test');
      await until('it is free', async () => (await progress(boss))?.stage === 'provisioned');
      // Its report came back with a role for it, perhaps after it was taken.
      const told = types(boss);
      const untilTaken = told.slice(0, told.lastIndexOf('account.created') + 1);
      assert.ok(untilTaken.length > 1 && !untilTaken.includes('account.updated'), 'until it is taken it is a creation');
      await record(boss, 'refused-creation');
    });

    it('of a change leaves the account as it is, and harms nobody else', async () => {
      const id = await assign(roster, 'changing@x.test');
      await allTold();
      refuse('changing@x.test', 400, 'No such title.');
      await patch(id, { title: 'Nonsense' });
      await until('it is stuck', async () => (await progress(id))?.stage === 'stuck', 20_000);
      assert.equal((await accountNow(roster, id)).status, 'active');
      const other = await assign(roster, 'unharmed@x.test');
      await until('the other is told', () => types(other).includes('account.created'));
      application.answer = (response) => response.writeHead(204).end();
      await patch(id, { title: 'Sense' });
      await until('it is free', async () => (await progress(id))?.stage === 'provisioned');
    });

    it('of a suspension leaves access off, after reports and team are done', async () => {
      const id = await assign(roster, 'clinging@x.test');
      await allTold();
      refuse('clinging@x.test', 409, 'Still signed in.');
      await setActive(roster, id, false);
      await until('it is stuck', async () => (await progress(id))?.stage === 'stuck', 20_000);
      const now = await accountNow(roster, id);
      assert.deepEqual([now.status, now.team], ['suspended', null]);
      application.answer = (response) => response.writeHead(204).end();
      await setActive(roster, id, true);
      await allTold();
      await record(id, 'refused-suspension');
    });

    it('of a suspension with 404 or 410 is none: who is not there is off', async () => {
      const id = await assign(roster, 'unknown-there@x.test');
      await allTold();
      refuse('unknown-there@x.test', 404, 'Who?');
      await setActive(roster, id, false);
      await allTold();
      assert.equal((await progress(id))?.stage, 'deactivated');
    });
  });
});
