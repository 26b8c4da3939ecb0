import assert from 'node:assert/strict';
import { account, applicationSecret, auditRow, event, progress, team } from '../../src/admin/schemas.js';
import { scimToken } from '../../src/admin/token-schemas.js';
import type { InstanceId } from '../../src/ids.js';
import { issueScimToken } from '../../src/instances/scim-tokens.js';
import { BY_TEST, SECRET } from '../support/roster.js';
import { converge, emptyInstance, say } from '../support/steps.js';
import { type AdminServer, everyItem, pathOf, startAdmin } from './admin-server.js';

/** Whatever an instance has an id for. */
interface Things {
  readonly instance: InstanceId;
  readonly accounts: string;
  readonly teams: string;
  readonly tokens: string;
  /** A secret of its application. */
  readonly application: string;
}

/** What to send, by the last segment of the path. */
const BODIES: Readonly<Record<string, object>> = { actions: { action: 'retryNow', reason: 'x' }, rotate: {} };

describe('instances are walls in the admin API', () => {
  let admin: AdminServer;
  let acme: Things;
  let globex: Things;
  before(async () => {
    admin = await startAdmin();
    acme = await fill();
    globex = await fill();
  });
  after(() => admin.close());

  /** The same people in each instance. */
  async function fill(): Promise<Things> {
    const { pool } = admin.database;
    const instance = await emptyInstance(pool);
    const boss = await say(pool, instance, { userName: 'boss@x.test' });
    await converge(pool, instance, boss.id);
    const report = await say(pool, instance, { userName: 'report@x.test', manager: 'boss@x.test' });
    await converge(pool, instance, report.id);
    const { id } = await issueScimToken(pool, SECRET, instance, { label: 'x' }, BY_TEST);
    const [only] = await everyItem(admin, `/instances/${instance}/teams`, team);
    await admin.ask('PATCH', `/instances/${instance}`, { body: { application: { url: 'https://x.test/' } } });
    const [secret] = await everyItem(admin, `/instances/${instance}/application/secrets`, applicationSecret);
    return { instance, accounts: boss.id, teams: only?.id ?? '', tokens: id, application: secret?.id ?? '' };
  }

  /** Everything that the API shows of an instance. */
  const everything = async ({ instance }: Things) => ({
    instance: (await admin.ask('GET', `/instances/${instance}`)).body,
    accounts: await everyItem(admin, `/instances/${instance}/accounts`, account),
    teams: await everyItem(admin, `/instances/${instance}/teams`, team),
    tokens: await everyItem(admin, `/instances/${instance}/tokens`, scimToken),
    secrets: await everyItem(admin, `/instances/${instance}/application/secrets`, applicationSecret),
    progress: await everyItem(admin, `/instances/${instance}/progress`, progress),
    events: await everyItem(admin, `/instances/${instance}/events`, event),
    audit: await everyItem(admin, `/instances/${instance}/audit`, auditRow),
  });

  it("another instance's id is a 404 on every route that takes one, and changes nothing", async () => {
    const before = await everything(globex);
    const routes = admin.routes.filter(({ path }) => path.includes('{slug}') && path.includes('{id}'));
    assert.equal(routes.length, 8);
    for (const route of routes) {
      const noun = route.path.split('/')[3];
      assert.ok(noun === 'accounts' || noun === 'teams' || noun === 'tokens' || noun === 'application');
      const body = BODIES[route.path.split('/').at(-1) ?? ''] ?? { role: 'coach' };
      const asked = route.input.body === undefined ? {} : { body };
      const foreign = await admin.ask(route.method, pathOf(route, { slug: acme.instance, id: globex[noun] }), asked);
      assert.equal(foreign.status, 404, `${route.method} ${route.path}`);
    }
    assert.deepEqual(await everything(globex), before);
  });

  it('an unknown instance is a 404 on every route that names one', async () => {
    const routes = admin.routes.filter(({ path }) => path.includes('{slug}'));
    assert.ok(routes.length > 8);
    for (const route of routes) {
      const path = pathOf(route, { slug: 'not-there', id: acme.accounts });
      const answer = await admin.ask(route.method, path, route.input.body === undefined ? {} : { body: {} });
      assert.equal(answer.code(404), 'instance_unknown', `${route.method} ${path}`);
    }
  });

  it("a list names only the instance's own, whatever the filter", async () => {
    const { accounts, events, audit } = await everything(acme);
    const own = new Set(accounts.map(({ id }) => id));
    for (const { account: told } of events) assert.ok(told === undefined || own.has(told.id));
    for (const { userId } of audit) assert.ok(userId === null || own.has(userId));
    assert.ok(events.length > 2 && audit.length > 2);
    assert.deepEqual(
      accounts.map(({ userName }) => userName),
      ['boss@x.test', 'report@x.test'],
    );
    for (const filter of [`managerId=${globex.accounts}`, `teamId=${globex.teams}`]) {
      assert.deepEqual(await everyItem(admin, `/instances/${acme.instance}/accounts?${filter}`, account), []);
    }
    const cursor = Buffer.from(acme.accounts).toString('base64url');
    const ids = new Set(accounts.map(({ id }) => id));
    for (const { id } of await everyItem(admin, `/instances/${globex.instance}/accounts?limit=1000`, account)) {
      assert.ok(!ids.has(id));
    }
    const beyond = await admin.ask('GET', `/instances/${globex.instance}/accounts?cursor=${cursor}`);
    assert.ok(!JSON.stringify(beyond.body).includes(acme.accounts));
  });
});
