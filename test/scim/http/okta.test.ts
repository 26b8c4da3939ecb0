import assert from 'node:assert/strict';
import { createOktaClient } from '../../../src/demo/okta-client.js';
import { seededRandom } from '../../../src/demo/random.js';
import { ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, assertError, expectStatus, resourcesIn } from '../../support/validate-resource.js';

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** What Okta sends, as okta.md section 2 has it. */
const create = (userName: string) => ({
  schemas: [USER_SCHEMA, ENTERPRISE_USER_SCHEMA],
  userName,
  name: { givenName: 'Ada', familyName: 'Lane' },
  emails: [{ primary: true, value: userName.toLowerCase(), type: 'work' }],
  displayName: 'Ada Lane',
  title: 'AE',
  locale: 'en-US',
  externalId: `00u${userName}`,
  groups: [],
  password: 'x9Kq2',
  active: true,
  [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: '00uMANAGER', displayName: 'Bo Kim' } },
});

const OKTA_HEADERS = {
  accept: 'application/scim+json',
  'accept-charset': 'utf-8',
  'accept-encoding': 'gzip,deflate',
  'content-type': 'application/scim+json; charset=utf-8',
  'user-agent': 'Okta SCIM Client 1.0.0',
};

describe('what Okta needs back', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const okta = (method: string, path: string, body?: unknown) => ask(roster, method, path, body, OKTA_HEADERS);
  const created = async (userName: string) =>
    (await expectStatus(201, okta('POST', '/Users', create(userName)))).body ?? {};

  it('POST: 201 and the full user with id and Location, all that was sent except password and groups', async () => {
    const { schemas, groups: _groups, password: _password, ...sent } = create('Ada.Lane@x.test');
    const { headers, body } = await expectStatus(201, okta('POST', '/Users', create('Ada.Lane@x.test')));
    const { schemas: shown, id, meta, ...rest } = body ?? {};
    assert.deepEqual(rest, sent);
    assert.deepEqual(shown, schemas);
    assert.equal(headers.get('location'), `${roster.scimUrl}/Users/${String(id)}`);
    assert.equal((meta as { location: string }).location, headers.get('location'));
  });

  it('the look-up before a create: 200 with no Resources; after it: the user, in whatever case it is asked for', async () => {
    const path = (name: string) => `/Users?filter=userName+eq+%22${encodeURIComponent(name)}%22&startIndex=1&count=100`;
    const none = await expectStatus(200, okta('GET', path('New@x.test')));
    const { schemas: _schemas, ...page } = none.body ?? {};
    assert.deepEqual(page, { totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    const user = await created('New@x.test');
    for (const name of ['New@x.test', 'new@X.TEST']) {
      assert.deepEqual((await okta('GET', path(name))).body?.['Resources'], [user]);
    }
  });

  it('PUT of its own GET answer with a change: 200 and the full user; unchanged, nothing changes', async () => {
    const user = await created('put@x.test');
    const path = `/Users/${String(user['id'])}`;
    const got = (await okta('GET', path)).body ?? {};
    const same = await expectStatus(200, okta('PUT', path, { ...got, custom: 1, groups: [], password: 'y' }));
    assert.deepEqual(same.body, got);
    const { body: titled } = await expectStatus(200, okta('PUT', path, { ...got, title: 'VP' }));
    assert.deepEqual({ ...titled, meta: undefined }, { ...got, title: 'VP', meta: undefined });
    const { body: off } = await expectStatus(200, okta('PUT', path, { ...titled, active: false }));
    assert.deepEqual({ ...off, meta: undefined }, { ...titled, active: false, meta: undefined });
  });

  for (const [what, operation] of [
    ['without a path, as Okta sends it', { op: 'replace', value: { active: false } }],
    ['with a path', { op: 'replace', path: 'active', value: false }],
    ['as Entra sends it', { op: 'Replace', path: 'active', value: 'False' }],
    ['as Entra sends it without a path', { op: 'Add', value: { active: 'false' } }],
  ] as const) {
    it(`PATCH of active ${what}: 200, the full user, and nothing else of it changed`, async () => {
      const user = await created(`patch ${what}@x.test`);
      const path = `/Users/${String(user['id'])}`;
      const message = { schemas: [PATCH_OP], Operations: [operation] };
      const { body } = await expectStatus(200, okta('PATCH', path, message));
      assert.deepEqual({ ...body, meta: undefined }, { ...user, active: false, meta: undefined });
      assert.deepEqual((await okta('GET', path)).body, body);
    });
  }

  it("Entra's other habits", async () => {
    const user = await created('entra@x.test');
    const path = `/Users/${String(user['id'])}`;
    const { body } = await expectStatus(
      200,
      okta('PATCH', path, {
        schemas: [PATCH_OP],
        Operations: [
          { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@x.test' },
          { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1' },
          { op: 'Add', path: `${ENTERPRISE_USER_SCHEMA}:manager`, value: 'boss' },
          { op: 'Add', path: 'roles', value: [{ primary: 'True', value: 'x' }] },
          { op: 'Replace', value: { 'name.givenName': 'Adeline', [`${ENTERPRISE_USER_SCHEMA}:department`]: 'HR' } },
          { op: 'Remove', path: 'title' },
        ],
      }),
    );
    assert.deepEqual(body?.['emails'], [{ value: 'new@x.test', type: 'work', primary: true }]);
    assert.deepEqual(body['phoneNumbers'], [{ value: '+1', type: 'mobile' }]);
    assert.deepEqual(body[ENTERPRISE_USER_SCHEMA], { department: 'HR', manager: { value: 'boss' } });
    assert.deepEqual(body['roles'], [{ value: 'x', primary: true }]);
    assert.deepEqual(body['name'], { givenName: 'Adeline', familyName: 'Lane' });
    assert.equal('title' in body, false);
  });

  it('PATCH of the password: 200, and no word of it', async () => {
    const user = await created('password@x.test');
    for (const operation of [
      { op: 'replace', value: { password: 'secret' } },
      { op: 'replace', path: 'password', value: 'secret' },
    ]) {
      const path = `/Users/${String(user['id'])}`;
      assert.deepEqual((await expectStatus(200, okta('PATCH', path, { Operations: [operation] }))).body, user);
    }
  });

  it('a duplicate create: 409 uniqueness; an unknown id: 404; a bad token: 401; each in words for a human', async () => {
    const { id } = await created('twice@x.test');
    const twice = await expectStatus(409, okta('POST', '/Users', create('TWICE@x.test')));
    assert.equal(twice.body?.['scimType'], 'uniqueness');
    await expectStatus(204, okta('DELETE', `/Users/${String(id)}`));
    await expectStatus(404, okta('GET', `/Users/${String(id)}`));
    assertError(await expectStatus(401, ask({ ...roster, scimToken: 'x' }, 'GET', '/Users?startIndex=1&count=2')));
  });

  for (const contentType of ['application/json', 'application/json;charset=UTF-8', 'Application/SCIM+JSON']) {
    it(`takes ${contentType}, and any Accept`, async () => {
      const headers = { 'content-type': contentType, accept: 'text/html, */*;q=0.1' };
      await expectStatus(201, ask(roster, 'POST', '/Users', create(`${contentType}@x.test`), headers));
    });
  }

  for (const family of ['OIN', 'AIW'] as const) {
    it(`the whole life of a user as the ${family} family drives it`, async () => {
      const { scimUrl: url, scimToken: token } = roster;
      const client = createOktaClient({ url, token, family, random: seededRandom(7) });
      const userName = `Life.${family}@x.test`;
      const profile = { externalId: `00u${family}`, userName, givenName: 'Life', familyName: family, email: userName };
      await client.assign(profile);
      await client.pushProfile({ ...profile, title: 'VP' });
      await client.unassign({ ...profile, title: 'VP' });
      await client.assign({ ...profile, title: 'VP' });
      const found = resourcesIn(await ask(roster, 'GET', `/Users?filter=userName eq "${userName}" and title eq "VP"`));
      assert.deepEqual(
        found.map(({ active }) => active),
        [true],
      );
      assert.ok((await client.importUsers()).length > 1);
      await client.close();
    });
  }
});

describe('discovery', () => {
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const get = async (path: string) => (await expectStatus(200, ask(roster, 'GET', path))).body ?? {};

  it('says what is there', async () => {
    const config = await get('/ServiceProviderConfig');
    assert.deepEqual(config['patch'], { supported: true });
    assert.deepEqual(config['filter'], { supported: true, maxResults: 200 });
    assert.deepEqual(config['sort'], { supported: true });
    assert.deepEqual(config['etag'], { supported: true });
    assert.equal((config['meta'] as { location: string }).location, `${roster.scimUrl}/ServiceProviderConfig`);
  });

  for (const [path, ids] of [
    ['/ResourceTypes', ['User', 'Group']],
    ['/Schemas', [USER_SCHEMA, ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA]],
  ] as const) {
    it(`${path} lists what ${path}/{id} shows, and each one's location is where it is`, async () => {
      const { Resources, totalResults } = await get(path);
      assert.equal(totalResults, ids.length);
      const documents = Resources as { id: string; meta: { location: string } }[];
      assert.deepEqual(
        documents.map(({ id }) => id),
        ids,
      );
      for (const document of documents) {
        assert.equal(document.meta.location, `${roster.scimUrl}${path}/${document.id}`);
        assert.deepEqual(await get(`${path}/${document.id}`), document);
      }
      await expectStatus(404, ask(roster, 'GET', `${path}/unknown`));
      await expectStatus(405, ask(roster, 'POST', path, {}));
    });
  }
});
