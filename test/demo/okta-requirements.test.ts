import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { OktaRequirementError, OktaTaskError } from '../../src/demo/okta-answers.js';
import type { OktaProfile } from '../../src/demo/okta-bodies.js';
import { createOktaClient, type OktaClient } from '../../src/demo/okta-client.js';
import { seededRandom } from '../../src/demo/random.js';
import { type Answer, ERROR, type PlainServer, plainUser, startPlainServer } from './plain-scim-server.js';

const eve: OktaProfile = {
  externalId: '00uEVE',
  userName: 'Eve@x.example',
  givenName: 'Eve',
  familyName: 'Novak',
  email: 'eve@x.example',
};

type Json = Record<string, unknown>;
/** Replaces members of the answer's body. */
const body = (changes: Json) => (answer: Answer) => {
  answer.body = { ...(answer.body as Json), ...changes };
};

/** What a server gets wrong, in the answer to which method; Okta's complaint. */
const onCreate: readonly [string, (answer: Answer) => void, RegExp][] = [
  ['200 for a create', (answer) => (answer.status = 200), /needs 201, not 200/],
  ['an empty answer', (answer) => (answer.body = ''), /Create new user returned empty user/],
  ['no id', body({ id: undefined }), /a full User: id /],
  ['an id with bulkId in it', body({ id: 'bulkId:1' }), /bulkId/],
  ['the userName in lower case', body({ userName: 'eve@x.example' }), /userName in the case it was sent/],
  ['another externalId', body({ externalId: 'x' }), /externalId 00uEVE/],
  ['active as a text', body({ active: 'true' }), /active must be a real boolean/],
  ['a new user who is inactive', body({ active: false }), /a new user to be active/],
  ['no family name', body({ name: { givenName: 'Eve', familyName: null } }), /name\.familyName must be a string/],
  ['a blank given name', body({ name: { givenName: ' ', familyName: 'N' } }), /name\.givenName must not be empty/],
  ['no e-mail', body({ emails: [] }), /emails must have an entry/],
  ['an e-mail that is no list', body({ emails: { value: 'x' } }), /emails must be an array/],
  ['no schemas', body({ schemas: undefined }), /schemas must be an array/],
  ['another resource type', body({ meta: { resourceType: 'user' } }), /meta\.resourceType must be "User"/],
  [
    'HTML',
    (answer) => void Object.assign(answer, { headers: { 'content-type': 'text/html' }, body: '<p>' }),
    /needs JSON as the answer, not text\/html/,
  ],
  ['no JSON', (answer) => (answer.body = 'error code: 502'), /Unrecognized token: error code: 502/],
];

const onList: readonly [string, Json, RegExp][] = [
  ['startIndex as a text', { startIndex: '1' }, /startIndex must be an integer/],
  ['the requested itemsPerPage', { itemsPerPage: 100 }, /itemsPerPage to be the 1 of this page, not 100/],
  ['another startIndex', { startIndex: 0 }, /startIndex 1 as asked/],
  ['no Resources', { Resources: undefined }, /Resources must be an array/],
  ['no schemas', { schemas: [] }, /ListResponse/],
  ['somebody else', { Resources: [plainUser('8', 'other@x.example')] }, /the user of this userName, not other@x/],
  [
    'a system account without names',
    { Resources: [plainUser('8', 'Eve@x.example', { name: {} })] },
    /Resources\.0\.name\.givenName/,
  ],
  ['two users', { Resources: [plainUser('8', 'a'), plainUser('9', 'b')], itemsPerPage: 2 }, /one user or none/],
];

const onError: readonly [string, unknown, RegExp][] = [
  ['a number as status', { schemas: [ERROR], status: 409, detail: 'x' }, /status must be a string/],
  ['another status', { schemas: [ERROR], status: '400', detail: 'x' }, /status to be "409", not "400"/],
  ['no detail', { schemas: [ERROR], status: '409', detail: '' }, /detail must not be empty/],
  ["a framework's JSON", { error: 'Conflict' }, /SCIM Error JSON with status 409/],
];

describe('the simulated Okta, as strict as Okta', () => {
  let server: PlainServer;
  let client: OktaClient;
  beforeEach(async () => {
    server = await startPlainServer();
    client = createOktaClient({ url: server.url, token: 't', family: 'OIN', random: seededRandom(1) });
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof OktaRequirementError && message.test(error.message) ? true : assert.fail(String(error));

  for (const [what, spoil, message] of onCreate) {
    it(`refuses a create answered with ${what}`, async () => {
      server.tamper = (answer, { method }) => void (method === 'POST' && spoil(answer));
      await assert.rejects(client.assign(eve), refused(message));
    });
  }

  for (const [what, changes, message] of onList) {
    it(`refuses a list with ${what}`, async () => {
      server.users.set('7', plainUser('7', 'eve@x.example'));
      server.tamper = body(changes);
      await assert.rejects(client.assign(eve), refused(message));
    });
  }

  for (const [what, error, message] of onError) {
    it(`refuses an error with ${what}`, async () => {
      server.tamper = (answer) => void Object.assign(answer, { status: 409, body: error });
      await assert.rejects(client.testCredentials(), refused(message));
    });
  }

  it('refuses a deactivation that is not echoed, by PATCH and by PUT', async () => {
    server.users.set('7', plainUser('7', 'eve@x.example'));
    const wizard = createOktaClient({ url: server.url, token: 't', family: 'AIW', random: seededRandom(1) });
    for (const okta of [client, wizard]) {
      server.tamper = () => undefined;
      await okta.assign(eve);
      server.tamper = body({ active: true });
      await assert.rejects(okta.unassign(eve), refused(/active as it was sent, not true/));
    }
    await wizard.close();
  });

  it('refuses another id after a change, and an order that changes between pages', async () => {
    await client.assign(eve);
    server.tamper = (answer, { method }) => void (method === 'PUT' && body({ id: 'other' })(answer));
    await assert.rejects(client.pushProfile(eve), refused(/id to stay id-1, not to become other/));
    for (let number = 0; number < 150; number += 1) server.users.set(`${number}`, plainUser(`${number}`, `${number}`));
    server.tamper = (answer, { url }) => {
      if (url.includes('startIndex=101')) body({ Resources: [...server.users.values()].slice(0, 51) })(answer);
    };
    await assert.rejects(client.importUsers(), refused(/a stable order/));
  });

  it('takes a 204 for a PATCH, and a compressed answer', async () => {
    await client.assign(eve);
    server.tamper = (answer) => void Object.assign(answer, { status: 204, body: undefined });
    await client.unassign(eve);
    server.tamper = (answer) => {
      answer.headers['content-encoding'] = 'gzip';
      answer.body = gzipSync(JSON.stringify(answer.body));
    };
    await client.testCredentials();
  });

  it("tells the human the server's own words, and that nothing answers", async () => {
    server.tamper = (answer) =>
      void Object.assign(answer, {
        status: 403,
        body: { schemas: [ERROR], status: '403', detail: 'Creating is off.' },
      });
    await assert.rejects(
      client.assign(eve),
      (error) =>
        error instanceof OktaTaskError && error.status === 403 && error.message.endsWith('server: Creating is off.'),
    );
    const nobody = createOktaClient({ url: 'http://127.0.0.1:1', token: 't', family: 'OIN', random: seededRandom(1) });
    await assert.rejects(nobody.testCredentials(), (error) => error instanceof OktaTaskError && error.status === 0);
    await nobody.close();
  });
});
