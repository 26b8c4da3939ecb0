import assert from 'node:assert/strict';
import type { InstanceId } from '../../../src/ids.js';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { until } from '../../support/interleave.js';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance } from '../../support/steps.js';
import { ask, expectStatus, resourcesIn } from '../../support/validate-resource.js';

interface Customer extends ScimClient {
  readonly instance: InstanceId;
  readonly ids: readonly string[];
}

const PEOPLE = ['boss@x.test', 'report@x.test', 'leaver@x.test'];

describe('a token sees its own instance and nothing of another', () => {
  let roster: TestRoster;
  let acme: Customer;
  let globex: Customer;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    [acme, globex] = [await customer(), await customer()];
  });
  after(() => roster.close());

  /** The same people in each. */
  async function customer(): Promise<Customer> {
    const instance = await emptyInstance(roster.pool);
    const client = await clientOf(roster, instance);
    const ids: string[] = [];
    for (const userName of PEOPLE) {
      const body = {
        userName,
        externalId: `00u-${userName}`,
        active: !userName.startsWith('leaver'),
        [ENTERPRISE_USER_SCHEMA]: { manager: 'boss@x.test' },
      };
      const { body: user } = await expectStatus(201, ask(client, 'POST', '/Users', body));
      ids.push(String(user?.['id']));
    }
    await until('the dispatcher has done with them', async () => {
      const { rows } = await roster.pool.query('select 1 from kicks where instance_id = $1', [instance]);
      return rows.length === 0;
    });
    return { instance, ids, ...client };
  }

  /** Everything that is stored of an instance, of its requests those since a moment, but for when its token was last used. */
  async function everything({ instance }: Customer, since: Date): Promise<Record<string, unknown[]>> {
    const { rows: tables } = await roster.pool.query<{ name: string }>(
      `select table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'instance_id'`,
    );
    assert.ok(tables.length >= 5);
    const stored: Record<string, unknown[]> = {};
    for (const { name } of tables) {
      const { rows } = await roster.pool.query(
        // Requests are written down a moment later.
        `select to_jsonb(t) - 'last_used_at' as row from "${name}" t where instance_id = $1${name === 'requests' ? ' and at >= $2' : ' and $2::timestamptz is not null'} order by 1`,
        [instance, since],
      );
      stored[name] = rows;
    }
    return stored;
  }

  it("every verb on another instance's id is the 404 of an id that nobody has, and changes nothing there", async () => {
    const since = new Date();
    const before = await everything(globex, since);
    const nobody = '0190b2c4-0000-7000-8000-000000000001';
    for (const id of globex.ids) {
      for (const [method, body] of [
        ['GET', undefined],
        ['HEAD', undefined],
        ['PUT', { userName: 'boss@x.test', active: false }],
        ['PUT', { id, userName: 'unheard-of@x.test' }],
        ['PATCH', { Operations: [{ op: 'replace', value: { active: false, userName: 'x@x.test' } }] }],
        ['PATCH', { Operations: [{ op: 'remove', path: 'name' }] }],
        ['DELETE', undefined],
      ] as const) {
        const foreign = await expectStatus(404, ask(acme, method, `/Users/${id}`, body));
        const unknown = await ask(acme, method, `/Users/${nobody}`, body);
        assert.equal(foreign.text.replace(id, nobody), unknown.text, 'nothing tells the two apart');
      }
    }
    assert.deepEqual(await everything(globex, since), before);
  });

  for (const filter of [
    'id pr',
    'userName eq "report@x.test"',
    'externalId eq "00u-boss@x.test"',
    'emails.value eq "leaver@x.test"',
    'active eq false',
    'not (userName eq "nobody")',
    'userName ne "x" or id pr',
    'meta.created gt "2000-01-01T00:00:00Z"',
    `${ENTERPRISE_USER_SCHEMA}:manager.value eq "boss@x.test"`,
  ]) {
    it(`a list filtered by ${filter} holds one's own only`, async () => {
      for (const own of [acme, globex]) {
        const answer = await expectStatus(200, ask(own, 'GET', `/Users?filter=${encodeURIComponent(filter)}`));
        const ids = resourcesIn(answer).map(({ id }) => id);
        assert.ok(ids.length > 0 && ids.every((id) => own.ids.includes(id)));
        assert.equal(answer.body?.['totalResults'], ids.length);
      }
    });
  }

  it("another's id finds nobody, in a filter or as a way round it", async () => {
    for (const id of globex.ids) {
      for (const filter of [`id eq "${id}"`, `id eq "${id}" or id eq "${id}"`, `meta.location ew "${id}"`]) {
        const { body } = await ask(acme, 'GET', `/Users?filter=${encodeURIComponent(filter)}`);
        assert.deepEqual([body?.['totalResults'], body?.['Resources']], [0, []]);
      }
    }
    const ids = resourcesIn(await ask(acme, 'GET', '/Users')).map(({ id }) => id);
    assert.deepEqual(ids, acme.ids);
  });

  it('names of one are free in the other, and what one does with its own leaves the other as it was', async () => {
    const since = new Date();
    const before = await everything(globex, since);
    const { body: user } = await expectStatus(201, ask(acme, 'POST', '/Users', { userName: 'passing@x.test' }));
    const path = `/Users/${String(user?.['id'])}`;
    await expectStatus(409, ask(acme, 'PUT', path, { userName: 'BOSS@x.test' }));
    await expectStatus(200, ask(acme, 'PUT', path, { userName: 'only-here@x.test', instance_id: globex.instance }));
    const [boss] = acme.ids;
    await expectStatus(
      200,
      ask(acme, 'PATCH', `/Users/${boss}`, { Operations: [{ op: 'replace', value: { active: false } }] }),
    );
    await expectStatus(204, ask(acme, 'DELETE', path));
    assert.deepEqual(await everything(globex, since), before);
    await expectStatus(201, ask(globex, 'POST', '/Users', { userName: 'only-here@x.test' }));
  });
});
