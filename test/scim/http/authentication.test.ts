import assert from 'node:assert/strict';
import { createOktaClient } from '../../../src/demo/okta-client.js';
import { seededRandom } from '../../../src/demo/random.js';
import { issueScimToken, revokeScimToken } from '../../../src/instances/scim-tokens.js';
import { requestBytes, sendBytes } from '../../support/http.js';
import { until } from '../../support/interleave.js';
import { BY_TEST, SECRET, startRoster, type TestRoster } from '../../support/roster.js';
import { ask, assertAnswer, assertError } from '../../support/validate-resource.js';

describe('rule 10: a good token, and nothing else, opens SCIM', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const TEST_CREDENTIALS = '/scim/v2/Users?startIndex=1&count=2';
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const send = async (
    authorizations: readonly string[],
    method = 'GET',
    target = TEST_CREDENTIALS,
    more: string[] = [],
  ) =>
    sendBytes(
      roster,
      requestBytes(method, target, [...authorizations.map((value) => `Authorization: ${value}`), ...more]),
    );

  for (const [what, authorization] of [
    ['Bearer', (token: string) => `Bearer ${token}`],
    ['bearer in lower case', (token: string) => `bearer ${token}`],
    ['BEARER and two spaces', (token: string) => `BEARER  ${token}`],
    ["the bare header value (Okta's Header mode)", (token: string) => token],
    ['the password of Basic', (token: string) => basic(`okta:${token}`)],
    ['the password of Basic without a user', (token: string) => basic(`:${token}`)],
  ] as const) {
    it(`Test API Credentials with the token as ${what}: 200`, async () => {
      const answer = await send([authorization(roster.scimToken)]);
      assert.equal(answer.status, 200, answer.text);
      assertAnswer(answer);
    });
  }

  for (const family of ['OIN', 'AIW'] as const) {
    it(`Test API Credentials as the ${family} family does it`, async () => {
      const { scimUrl: url, scimToken: token } = roster;
      const okta = createOktaClient({ url, token, family, random: seededRandom(1) });
      await okta.testCredentials();
      await okta.close();
    });
  }

  const assertRefused = (answer: Awaited<ReturnType<typeof send>>, what: string) => {
    assert.equal(answer.status, 401, `${what}: ${answer.text}`);
    assertError(answer);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
    assert.ok(!answer.text.includes('rst_'), 'nothing of the token is said back');
  };

  for (const [what, authorizations] of [
    ['no header', () => []],
    ['an empty header', () => ['']],
    ['Bearer', () => ['Bearer']],
    ['Bearer and a space', () => ['Bearer ']],
    ['Bearer null', () => ['Bearer null']],
    ['Bearer undefined', () => ['Bearer undefined']],
    ['a token nobody issued', () => [`Bearer rst_${'A'.repeat(43)}`]],
    ['a token with a letter more', (token) => [`Bearer ${token}A`]],
    ['a token with a letter less', (token) => [`Bearer ${token.slice(0, -1)}`]],
    ['a token in other letters', (token) => [`Bearer ${token.toLowerCase()}`]],
    ['an operator token', () => [`Bearer ${roster.adminToken}`]],
    ['another scheme', (token) => [`Token ${token}`]],
    ['the scheme twice', (token) => [`Bearer Bearer ${token}`]],
    ['the token as the user of Basic', (token) => [basic(`${token}:`)]],
    ['Basic that is no Base64', () => ['Basic ???']],
    ['two tokens in a header', (token) => [`Bearer ${token}, Bearer ${token}`]],
    ['two headers, both good', (token) => [`Bearer ${token}`, `Bearer ${token}`]],
    ['two headers, the first good', (token) => [`Bearer ${token}`, 'Bearer x']],
    ['two headers, the second good', (token) => ['Bearer x', token]],
    ['16 KB less a few of letters', () => [`Bearer ${'a'.repeat(15_000)}`]],
  ] satisfies [string, (token: string) => string[]][]) {
    it(`${what}: 401`, async () => assertRefused(await send(authorizations(roster.scimToken)), what));
  }

  it('a token anywhere else than in the header: 401', async () => {
    const target = `${TEST_CREDENTIALS}&access_token=${roster.scimToken}&token=${roster.scimToken}`;
    assertRefused(await send([], 'GET', target, [`Cookie: token=${roster.scimToken}`]), 'query and cookie');
  });

  it('an expired token: 401; a revoked one: 401 within a second, the other tokens being good as before', async () => {
    const issue = (expiresAt: Date | null) =>
      issueScimToken(roster.pool, SECRET, roster.instance, { label: 'x', expiresAt }, BY_TEST);
    const expired = await issue(new Date(Date.now() - 1));
    assertRefused(await send([expired.token]), 'expired');
    const { id, token } = await issue(null);
    assert.equal((await send([token])).status, 200);
    await revokeScimToken(roster.pool, roster.instance, id, BY_TEST);
    await until('the revocation holds', async () => (await send([token])).status === 401, 1_100);
    assertRefused(await send([token]), 'revoked');
    assert.equal((await send([roster.scimToken])).status, 200);
  });

  describe('on every path and with every verb', () => {
    const ID = '0190b2c4-0000-7000-8000-000000000001';
    const PATHS = [
      '/scim/',
      '/scim/v2',
      '/scim/v2/',
      '/scim/v1/Users',
      '/scim/v2/Users',
      '/scim/v2/Users/',
      `/scim/v2/Users/${ID}`,
      `/scim/v2/Users/${ID}/`,
      `/scim/v2/Users/${ID}/x`,
      '/scim/v2//Users',
      '/scim/v2/./Users',
      '/scim/v2/../v2/Users',
      '/scim/v2/%55sers',
      '/scim/v2/%2e%2e/Users',
      '/scim/v2%2FUsers',
      '/scim/v2/Users;x=1',
      '/scim/v2/Users%00',
      '/scim/v2/users',
      '/scim/v2/Users/%',
      '/scim/v2/Users/:id',
      '/scim/v2/Users?filter=(((',
      '/scim/v2/Users/.search',
      '/scim/v2/Groups',
      '/scim/v2/Bulk',
      '/scim/v2/Me',
      '/scim/v2/ServiceProviderConfig',
      '/scim/v2/Schemas',
      '/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User',
      '/scim/v2/ResourceTypes',
      '/scim/v2/ResourceTypes/User',
      '/scim/v2/__proto__',
      'http://elsewhere.test/scim/v2/Users',
    ];
    const VERBS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'];
    const OVERRIDE = [
      'X-HTTP-Method-Override: GET',
      'X-HTTP-Method: GET',
      'X-Original-URL: /healthz',
      'X-Forwarded-For: ::1',
    ];

    for (const path of PATHS) {
      it(`${path} without a token: 401`, async () => {
        await Promise.all(
          VERBS.flatMap((verb) => [[], OVERRIDE].map((more) => [verb, more] as const)).map(async ([verb, more]) => {
            const answer = await send([], verb, path, [...more]);
            assert.equal(answer.status, 401, `${verb} ${path}: ${answer.text}`);
            if (verb !== 'HEAD') assertError(answer);
          }),
        );
      });
    }

    for (const path of [
      '//scim/v2/Users',
      '/%73cim/v2/Users',
      '/SCIM/v2/Users',
      '/x/../scim/v2/Users',
      '\\scim\\v2\\Users',
      '*',
    ]) {
      it(`${path} is no way around: 404 with a token and without`, async () => {
        for (const verb of VERBS) {
          for (const authorizations of [[], [roster.scimToken]]) {
            const answer = await send(authorizations, verb, path);
            assert.ok(answer.status === 404 || answer.status === 400, `${verb} ${path}: ${answer.text}`);
            if (verb !== 'HEAD') assertError(answer);
          }
        }
      });
    }

    it('a verb in a header is not believed with a token either', async () => {
      const { body } = await ask(roster, 'POST', '/Users', { userName: 'kept@x.test' });
      const path = `/Users/${String(body?.['id'])}`;
      const overridden = await ask(roster, 'GET', path, undefined, { 'x-http-method-override': 'DELETE' });
      assert.equal(overridden.status, 200);
      assert.equal((await ask(roster, 'GET', path)).status, 200);
    });
  });
});
