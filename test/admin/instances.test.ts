import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import { account, auditRow, instance as instanceSchema, problem } from '../../src/admin/schemas.js';
import { newApplicationSecret } from '../../src/application/signature.js';
import { isInstanceId, isUserId } from '../../src/ids.js';
import { converge, convergeInstanceIfKicked, emptyInstance, say } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe('instances in the admin API', () => {
  let admin: AdminServer;
  before(async () => {
    admin = await startAdmin();
  });
  after(() => admin.close());

  it('are created with their first coach, who is the default manager once provisioned', async () => {
    const { pool } = admin.database;
    const wakes = admin.wakes();
    const created = (
      await admin.ask('POST', '/instances', {
        body: {
          slug: 'acme',
          name: 'Acme Inc.',
          managerWaitSeconds: 5,
          coach: { userName: 'Ada@Acme.test', givenName: 'Ada', familyName: 'Lovelace', title: 'Head coach' },
        },
      })
    ).as(instanceSchema, 201);
    assert.deepEqual(
      { ...created, createdAt: '' },
      {
        slug: 'acme',
        name: 'Acme Inc.',
        managerWaitSeconds: 5,
        rateLimit: { perSecond: 100, burst: 1_000 },
        logBodiesUntil: null,
        switches: { createUsers: true, updateAttributes: true, deactivateUsers: true },
        scimRoles: false,
        brake: { percent: 20, minimum: 10, windowMinutes: 10 },
        application: null,
        defaultManager: null,
        createdAt: '',
      },
    );
    assert.ok(admin.wakes() > wakes, 'the dispatcher is told that there is a user to provision');

    const { items } = (await admin.ask('GET', '/instances/acme/accounts')).as(listOf(account).loose());
    const [coach] = items;
    assert.ok(coach !== undefined && isUserId(coach.id) && isInstanceId(created.slug));
    assert.deepEqual(
      [coach.userName, coach.displayName, coach.role, coach.status],
      ['Ada@Acme.test', 'Ada Lovelace', 'coach', 'pending'],
    );
    await converge(pool, created.slug, coach.id);
    const shown = (await admin.ask('GET', '/instances/acme')).as(instanceSchema);
    assert.deepEqual(shown.defaultManager, { id: coach.id, userName: 'Ada@Acme.test', explicit: false });
    const list = (await admin.ask('GET', '/instances')).as(listOf(instanceSchema));
    assert.deepEqual(list, { items: [shown], nextCursor: null });
  });

  it('wait 60 s for a manager unless told', async () => {
    const body = { slug: 'unless-told', name: 'Unless told', coach: { userName: 'c@x.test' } };
    const created = (await admin.ask('POST', '/instances', { body })).as(instanceSchema, 201);
    assert.equal(created.managerWaitSeconds, 60);
  });

  it('are not created twice', async () => {
    const body = { slug: 'twice', name: 'Twice', coach: { userName: 'c@x.test' } };
    assert.equal((await admin.ask('POST', '/instances', { body })).status, 201);
    assert.equal((await admin.ask('POST', '/instances', { body })).code(409), 'instance_exists');
  });

  for (const slug of ['', '-a', 'a-', 'A', 'a b', 'a/b', 'x'.repeat(41), 'é']) {
    it(`have no slug like ${JSON.stringify(slug.slice(0, 10))}`, async () => {
      const answer = await admin.ask('POST', '/instances', {
        body: { slug, name: 'x', coach: { userName: 'c@x.test' } },
      });
      assert.match(answer.as(problem, 400).detail, /^slug: /);
    });
  }

  it('change one setting and leave the others', async () => {
    const slug = await emptyInstance(admin.database.pool, 60);
    const set = (body: object) => admin.ask('PATCH', `/instances/${slug}`, { body, as: 'operator' });
    const renamed = (await set({ name: 'New name' })).as(instanceSchema);
    assert.deepEqual([renamed.name, renamed.managerWaitSeconds], ['New name', 60]);
    for (const managerWaitSeconds of [0, 86_400]) {
      const changed = (await set({ managerWaitSeconds })).as(instanceSchema);
      assert.deepEqual([changed.name, changed.managerWaitSeconds], ['New name', managerWaitSeconds]);
    }
    for (const managerWaitSeconds of [-1, 86_401, 1.5, '5', null]) {
      assert.equal((await set({ managerWaitSeconds })).code(400), 'invalid_request');
    }
  });

  it('leave in the audit log the names of what was set, and never what it was set to', async () => {
    const application = { url: 'https://app.test/roster' };
    const body = { slug: 'audited', name: 'Audited', coach: { userName: 'c@x.test' }, application, scimRoles: true };
    await admin.ask('POST', '/instances', { body });
    const set = (settings: object) => admin.ask('PATCH', '/instances/audited', { body: settings });
    await set({ brake: null, switches: { createUsers: false }, defaultManager: null, managerWaitSeconds: 7 });
    await set({ application: { url: 'https://app.test/other', secret: newApplicationSecret() } });
    await set({ application: null });
    await set({});
    const { items } = (await admin.ask('GET', '/instances/audited/audit')).as(listOf(auditRow));
    assert.deepEqual(
      items.flatMap(({ action, changed }) => (action.startsWith('instance.') ? [[action, changed]] : [])),
      [
        ['instance.set', 'application.url'],
        ['instance.set', 'application.url,application.secret'],
        ['instance.set', 'managerWaitSeconds,brake,defaultManager,switches.createUsers'],
        ['instance.create', 'name,scimRoles,application.url,application.secret'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(items), /app\.test|whsec_/);
  });

  it('take a default manager by id or by e-mail, and null for the first coach', async () => {
    const { pool } = admin.database;
    const slug = await emptyInstance(pool);
    const people = new Map<string, string>();
    for (const userName of ['coach@x.test', 'boss@x.test', 'worker@x.test']) {
      const { id } = await say(pool, slug, { userName });
      await converge(pool, slug, id);
      people.set(userName, id);
    }
    const setRole = (userName: string, role: string) =>
      admin.ask('PATCH', `/instances/${slug}/accounts/${people.get(userName)}`, { body: { role } });
    await setRole('coach@x.test', 'coach');
    await setRole('boss@x.test', 'manager');
    const set = (defaultManager: string | null | undefined) =>
      admin.ask('PATCH', `/instances/${slug}`, { body: { defaultManager } });
    const boss = { id: people.get('boss@x.test'), userName: 'boss@x.test' };
    const coach = { id: people.get('coach@x.test'), userName: 'coach@x.test' };
    const wakes = admin.wakes();

    for (const reference of ['BOSS@x.test', boss.id]) {
      assert.deepEqual((await set(reference)).as(instanceSchema).defaultManager, { ...boss, explicit: true });
      assert.deepEqual((await set(null)).as(instanceSchema).defaultManager, { ...coach, explicit: false });
    }
    await set(boss.id);
    assert.ok(admin.wakes() > wakes);
    await convergeInstanceIfKicked(pool, slug);
    const worker = await admin.ask('GET', `/instances/${slug}/accounts/${people.get('worker@x.test')}`);
    assert.deepEqual(worker.as(account).manager, { ...boss, origin: 'default' });
  });

  it('refuse a default manager who can not be it, and say why', async () => {
    const { pool } = admin.database;
    const slug = await emptyInstance(pool);
    const other = await emptyInstance(pool);
    const individual = await say(pool, slug, { userName: 'individual@x.test' });
    await converge(pool, slug, individual.id);
    await say(pool, slug, { userName: 'pending@x.test' });
    const stranger = await say(pool, other, { userName: 'stranger@x.test' });
    const cases: [string, RegExp][] = [
      ['individual@x.test', /role is individual/],
      ['pending@x.test', /account is pending/],
      ['nobody@x.test', /no such account/],
      [stranger.id, /no such account/],
    ];
    for (const [defaultManager, why] of cases) {
      const answer = await admin.ask('PATCH', `/instances/${slug}`, { body: { defaultManager } });
      const { code, detail } = answer.as(problem, 409);
      assert.equal(code, 'default_manager_refused');
      assert.match(detail, why);
    }
  });
});
