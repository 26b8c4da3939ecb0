import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import * as schemas from '../../src/admin/schemas.js';
import { isSigned, newApplicationSecret } from '../../src/application/signature.js';
import type { InstanceId } from '../../src/ids.js';
import { type FakeApplication, startFakeApplication, webhookHeaders } from '../support/fake-application.js';
import { emptyInstance } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe("an instance's application in the admin API", () => {
  let admin: AdminServer;
  let application: FakeApplication;
  let instance: InstanceId;
  before(async () => {
    admin = await startAdmin();
    application = await startFakeApplication();
  });
  after(async () => {
    await application.close();
    await admin.close();
  });
  beforeEach(async () => {
    instance = await emptyInstance(admin.database.pool);
    application.told.length = 0;
    application.answer = (response) => response.writeHead(204).end();
  });

  const set = (body: unknown, as: 'admin' | 'operator' = 'admin') =>
    admin.ask('PATCH', `/instances/${instance}`, { as, body: { application: body } });
  const show = async () => (await admin.ask('GET', `/instances/${instance}`)).as(schemas.instance).application;
  const secrets = async () =>
    (await admin.ask('GET', `/instances/${instance}/application/secrets`)).as(listOf(schemas.applicationSecret)).items;
  const add = () => admin.ask('POST', `/instances/${instance}/application/secrets`);
  const end = (id: string) => admin.ask('DELETE', `/instances/${instance}/application/secrets/${id}`);
  const test = async () =>
    (await admin.ask('POST', `/instances/${instance}/application/test`, { as: 'operator' })).as(schemas.delivery);
  const isProven = async () => {
    const { rows } = await admin.database.pool.query('select application_proven_at from instances where id = $1', [
      instance,
    ]);
    return rows[0].application_proven_at !== null;
  };
  const signedBy = (secret: string) =>
    application.told.map(({ headers, body }) => isSigned(webhookHeaders(headers), body, secret, new Date()));

  it('is set with a secret that is shown once, tested by a signed event, and proven by a 2xx', async () => {
    assert.equal(await show(), null);
    assert.equal((await admin.ask('POST', `/instances/${instance}/application/test`)).code(404), 'application_unknown');
    const made = (await set({ url: application.url })).as(schemas.instance).application;
    assert.match(made?.secret ?? '', /^whsec_/);
    assert.deepEqual(await show(), { url: application.url });
    application.answer = (response) => response.writeHead(404).end('Nothing here.');
    const missed = await test();
    assert.deepEqual([missed.status, missed.words, await isProven()], [404, 'Nothing here.', false]);
    application.answer = (response) => response.writeHead(200).end('ok');
    const { status, words } = await test();
    assert.deepEqual([status, words, await isProven()], [200, 'ok', true]);
    assert.deepEqual(signedBy(made?.secret ?? ''), [true, true]);
    assert.equal((JSON.parse(application.told[0]?.body ?? '') as { type: string }).type, 'application.test');
  });

  it('another URL needs its secret, and is not proven; the same URL changes nothing', async () => {
    await set({ url: application.url });
    await test();
    assert.equal((await set({ url: `${application.url}/other` })).code(400), 'application_secret_needed');
    assert.equal((await set({ url: application.url })).as(schemas.instance).application?.secret, undefined);
    assert.equal(await isProven(), true);
    const secret = newApplicationSecret();
    const moved = (await set({ url: `${application.url}/other`, secret })).as(schemas.instance).application;
    assert.deepEqual(moved, { url: `${application.url}/other` }, 'a secret that was given is not shown');
    assert.equal(await isProven(), false);
    application.told.length = 0;
    await test();
    assert.deepEqual(signedBy(secret), [true]);
    assert.equal((await set(null)).as(schemas.instance).application, null);
    assert.deepEqual(await secrets(), []);
  });

  it('one secret takes the place of another without a gap', async () => {
    const first = (await set({ url: application.url })).as(schemas.instance).application?.secret ?? '';
    const [old] = await secrets();
    const second = (await add()).as(schemas.newApplicationSecret, 201).secret;
    assert.equal((await add()).code(409), 'too_many_secrets');
    await test();
    assert.deepEqual([...signedBy(first), ...signedBy(second)], [true, true]);
    assert.equal((await end(old?.id ?? '')).status, 204);
    const [left] = await secrets();
    assert.equal((await end(left?.id ?? '')).code(409), 'last_secret');
    assert.equal((await end(old?.id ?? '')).code(404), 'not_found');
    application.told.length = 0;
    await test();
    assert.deepEqual([...signedBy(first), ...signedBy(second)], [false, true]);
  });

  it('of many who add a second one at once one does', async () => {
    await set({ url: application.url });
    const answers = await Promise.all(Array.from({ length: 6 }, add));
    assert.deepEqual(
      answers.filter(({ status }) => status !== 409).map(({ status }) => status),
      [201],
    );
  });

  it('is reached by https alone, unless private applications are allowed', async () => {
    const production = await startAdmin(false);
    try {
      const slug = await emptyInstance(production.database.pool);
      const give = (url: string) => production.ask('PATCH', `/instances/${slug}`, { body: { application: { url } } });
      const refused = await give('http://app.test/roster');
      assert.equal(refused.code(400), 'invalid_application');
      assert.match(refused.as(schemas.problem, 400).detail, /must be https/);
      const coach = { userName: 'c@x.test' };
      const body = { slug: 'by-http', name: 'x', coach, application: { url: 'http://app.test/roster' } };
      assert.equal((await production.ask('POST', '/instances', { body })).code(400), 'invalid_application');
      assert.equal((await give('https://app.test/roster')).status, 200);
    } finally {
      await production.close();
    }
  });

  it('is for an admin to say', async () => {
    assert.equal((await set({ url: application.url }, 'operator')).code(403), 'forbidden');
    assert.equal(await show(), null);
  });

  for (const body of [
    { url: 'ftp://x.test' },
    { url: 'nowhere' },
    { url: 'https://name:word@x.test/' },
    { url: `https://x.test/${'a'.repeat(1_100)}` },
    { url: 'https://x.test', secret: 'whsec_short' },
    {},
  ]) {
    it(`${JSON.stringify(body).slice(0, 60)} is refused`, async () => {
      assert.equal((await set(body)).status, 400);
      assert.equal(await show(), null);
    });
  }
});
