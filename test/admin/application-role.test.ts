import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import * as schemas from '../../src/admin/schemas.js';
import * as tokenSchemas from '../../src/admin/token-schemas.js';
import { listAudit } from '../../src/directory/audit-list.js';
import { INSTALLATION, type InstanceId, type UserId } from '../../src/ids.js';
import { until } from '../support/interleave.js';
import { converge, emptyInstance, say } from '../support/steps.js';
import { type AdminServer, pathOf, startAdmin } from './admin-server.js';

/** All that an application may ask. */
const READABLE = ['accounts', 'accounts/{id}', 'teams', 'teams/{id}', 'events'].map(
  (rest) => `/instances/{slug}/${rest}`,
);

interface Own {
  readonly instance: InstanceId;
  readonly boss: UserId;
  readonly team: string;
}

describe('the operator token of an application', () => {
  let admin: AdminServer;
  let acme: Own;
  let globex: Own;
  let token: string;
  before(async () => {
    admin = await startAdmin();
    acme = await fill();
    globex = await fill();
    ({ token } = await issue(acme.instance));
  });
  after(() => admin.close());

  /** A boss with one report. */
  async function fill(): Promise<Own> {
    const { pool } = admin.database;
    const instance = await emptyInstance(pool);
    const { id: boss } = await say(pool, instance, { userName: 'boss@x.test' });
    await converge(pool, instance, boss);
    const report = await say(pool, instance, { userName: 'report@x.test', manager: 'boss@x.test' });
    await converge(pool, instance, report.id);
    const [team] = (await admin.ask('GET', `/instances/${instance}/teams`)).as(listOf(schemas.team)).items;
    return { instance, boss, team: team?.id ?? '' };
  }

  const issue = async (instance: string) => {
    const body = { label: 'feed', role: 'application', instance };
    return (await admin.ask('POST', '/operator-tokens', { body })).as(tokenSchemas.issuedOperatorToken, 201);
  };
  const get = (path: string) => admin.ask('GET', path, { token });
  const idIn = ({ boss, team }: Own, path: string): string => (path.includes('/teams') ? team : boss);

  it('reads the accounts, teams and events of its instance', async () => {
    const own = `/instances/${acme.instance}`;
    const accounts = (await get(`${own}/accounts`)).as(listOf(schemas.account).loose());
    assert.deepEqual(
      accounts.items.map(({ userName }) => userName),
      ['boss@x.test', 'report@x.test'],
    );
    assert.equal((await get(`${own}/accounts/${acme.boss}`)).as(schemas.account).userName, 'boss@x.test');
    const teams = (await get(`${own}/teams`)).as(listOf(schemas.team));
    assert.deepEqual(
      teams.items.map(({ id }) => id),
      [acme.team],
    );
    assert.equal((await get(`${own}/teams/${acme.team}`)).as(schemas.teamWithMembers).members.length, 1);
    const events = (await get(`${own}/events`)).as(listOf(schemas.event)).items;
    assert.ok(events.some(({ account }) => account?.id === acme.boss));
    const [, second] = events;
    const rest = (await get(`${own}/events?after=${events[0]?.cursor}`)).as(listOf(schemas.event)).items;
    assert.deepEqual(rest[0], second);
    assert.equal((await admin.ask('HEAD', `${own}/events`, { token })).status, 200);
  });

  it('is told of any other instance what it is told of one that is not there', async () => {
    for (const path of READABLE) {
      const told = async (slug: string) => {
        const answer = await get(path.replace('{slug}', slug).replace('{id}', idIn(globex, path)));
        assert.equal(answer.code(404), 'instance_unknown', path);
        return { ...schemas.problem.parse(answer.body), requestId: '' };
      };
      const { detail, ...problem } = await told(globex.instance);
      const unknown = await told('not-there');
      assert.deepEqual({ ...problem, detail: detail.replace(globex.instance, 'not-there') }, unknown);
    }
    for (const noun of ['accounts', 'teams'] as const) {
      const foreign = await get(`/instances/${acme.instance}/${noun}/${idIn(globex, `/${noun}`)}`);
      assert.equal(foreign.code(404), 'not_found');
    }
  });

  it('may do nothing else, in its own instance or another, whatever it sends', async () => {
    const others = admin.routes.filter(({ method, path }) => method !== 'GET' || !READABLE.includes(path));
    assert.equal(others.length, admin.routes.length - READABLE.length);
    for (const route of others) {
      for (const { instance, boss } of [acme, globex]) {
        const text = route.method === 'GET' ? {} : { text: '{', headers: { 'content-type': 'text/plain' } };
        const answer = await admin.ask(route.method, pathOf(route, { slug: instance, id: boss }), { token, ...text });
        assert.equal(answer.code(403), 'forbidden', `${route.method} ${route.path}`);
      }
    }
  });

  it('is refused within a second of being revoked', async () => {
    const { id, token: leaked } = await issue(acme.instance);
    const status = async () => (await admin.ask('GET', `/instances/${acme.instance}/events`, { token: leaked })).status;
    assert.equal(await status(), 200);
    assert.equal((await admin.ask('DELETE', `/operator-tokens/${id}`)).status, 204);
    await until('it is refused', async () => (await status()) === 401, 1_500);
  });

  it('is listed with its instance, and audited with it', async () => {
    const { id, instance } = await issue(globex.instance);
    assert.equal(instance, globex.instance);
    const { items } = (await admin.ask('GET', '/operator-tokens')).as(listOf(tokenSchemas.operatorToken));
    const listed = items.find((item) => item.id === id);
    assert.deepEqual([listed?.role, listed?.instance], ['application', globex.instance]);
    for (const item of items) assert.equal(item.instance !== null, item.role === 'application');
    const [newest] = await listAudit(admin.database.pool, INSTALLATION, {}, { before: undefined, limit: 1 });
    assert.equal(newest?.action, `operator-token.issue:application:${globex.instance}:${id}`);
  });

  it('names an instance that is there, and no other role names one', async () => {
    const refusal = async (body: object) => admin.ask('POST', '/operator-tokens', { body: { label: 'x', ...body } });
    for (const none of [{}, { instance: null }]) {
      assert.equal((await refusal({ role: 'application', ...none })).code(400), 'invalid_token_instance');
    }
    for (const role of ['viewer', 'operator', 'admin']) {
      assert.equal((await refusal({ role, instance: acme.instance })).code(400), 'invalid_token_instance');
    }
    for (const instance of ['not-there', '', INSTALLATION, 'a\u0000b', 'Acme']) {
      assert.equal((await refusal({ role: 'application', instance })).code(404), 'instance_unknown', instance);
    }
    assert.equal((await refusal({ role: 'application', instance: 5 })).code(400), 'invalid_request');
  });
});
