import assert from 'node:assert/strict';
import { ENTERPRISE_USER, OktaTaskError } from '../../src/demo/okta-answers.js';
import type { OktaProfile } from '../../src/demo/okta-bodies.js';
import { createOktaClient, type OktaClient, type OktaClientOptions } from '../../src/demo/okta-client.js';
import { seededRandom } from '../../src/demo/random.js';
import { ERROR, type PlainServer, plainUser, startPlainServer } from './plain-scim-server.js';

const ada: OktaProfile = {
  externalId: '00uADA',
  userName: 'Ada.Lane@acme.example',
  givenName: 'Ada',
  familyName: 'Lane',
  email: 'ada.lane@acme.example',
  title: 'AE',
  manager: { reference: '00uBO', displayName: 'Bo Kim' },
};

describe('the simulated Okta', () => {
  let server: PlainServer;
  let clients: OktaClient[];
  beforeEach(async () => {
    server = await startPlainServer();
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await server.close();
  });

  const okta = (options: Partial<OktaClientOptions> = {}): OktaClient => {
    const client = createOktaClient({
      url: server.url,
      token: 'secret',
      family: 'OIN',
      random: seededRandom('test'),
      ...options,
    });
    clients.push(client);
    return client;
  };
  /** What was asked, without the base and without how a filter is encoded. */
  const asked = (): string[] =>
    server.seen.map(
      ({ method, url }) => `${method} ${decodeURIComponent(url.replaceAll('+', ' ')).replace('/tenant/scim/v2', '')}`,
    );
  const FILTER = 'GET /Users?filter=userName eq "Ada.Lane@acme.example"&startIndex=1&count=100';

  describe('sends what Okta sends', () => {
    it('the headers, and a content type only with a body', async () => {
      await okta().assign(ada);
      const [get, post] = server.seen.map(({ headers }) => headers);
      const always = {
        host: get?.host,
        connection: 'keep-alive',
        accept: 'application/scim+json',
        'accept-charset': 'utf-8',
        'accept-encoding': 'gzip,deflate',
        'user-agent': 'Okta SCIM Client 1.0.0',
        authorization: 'Bearer secret',
      };
      assert.deepEqual(get, always);
      assert.deepEqual(
        { ...post, 'content-length': undefined },
        { ...always, 'content-type': 'application/scim+json; charset=utf-8', 'content-length': undefined },
      );
    });

    it('the token in each of the three ways', async () => {
      for (const authorization of ['bearer', 'header', 'basic'] as const)
        await okta({ authorization }).testCredentials();
      const basic = `Basic ${Buffer.from('okta:secret').toString('base64')}`;
      assert.deepEqual(
        server.seen.map(({ headers }) => headers.authorization),
        ['Bearer secret', 'secret', basic],
      );
      assert.equal(asked()[0], 'GET /Users?startIndex=1&count=2');
    });

    it('a filter with a space as %20 and as +', async () => {
      const client = okta();
      for (let number = 0; number < 20; number += 1) await client.assign({ ...ada, userName: `a+${number}@x.example` });
      const filters = server.seen.filter(({ method }) => method === 'GET').map(({ url }) => url);
      assert.ok(filters.some((url) => url.includes('filter=userName%20eq%20%22a%2B')));
      assert.ok(filters.some((url) => url.includes('filter=userName+eq+%22a%2B')));
      assert.equal(server.users.size, 20);
    });

    it('a create with password, externalId and groups, and the enterprise block only where something is mapped', async () => {
      const client = okta();
      for (let number = 0; number < 20; number += 1) {
        const profile = { ...ada, userName: `${number}@x.example`, externalId: `00u${number}` };
        await client.assign(number % 2 === 0 ? profile : { ...profile, manager: undefined });
      }
      const bodies = server.seen.flatMap(({ method, body }) => (method === 'POST' && body !== undefined ? [body] : []));
      for (const [number, body] of bodies.entries()) {
        assert.equal(typeof body['password'], 'string');
        assert.deepEqual([body['externalId'], body['groups'], body['active']], [`00u${number}`, [], true]);
        const enterprise = number % 2 === 0 ? { manager: { value: '00uBO', displayName: 'Bo Kim' } } : undefined;
        assert.deepEqual(body[ENTERPRISE_USER], enterprise);
      }
      assert.ok(new Set(bodies.map((body) => Object.keys(body).join())).size > 10, 'the order of keys hardly varies');
      assert.ok(
        bodies.some((body) => 'favouriteColour' in body) && bodies.some((body) => !('favouriteColour' in body)),
      );
    });

    it('the same bodies for the same seed', async () => {
      const bodies = [];
      for (const client of [okta(), okta()]) {
        server.users.clear();
        server.seen.length = 0;
        await client.assign(ada);
        bodies.push(JSON.stringify(server.seen.map(({ url, body }) => [url, body])));
      }
      assert.equal(bodies[0], bodies[1]);
    });
  });

  describe('follows the flows', () => {
    it('OIN: link who is there, PUT the profile, PATCH active', async () => {
      server.users.set('7', plainUser('7', 'ADA.LANE@acme.example', { active: false, groups: [], surprise: { a: 1 } }));
      const client = okta();
      assert.deepEqual(await client.assign(ada), { id: '7', linked: true });
      await client.unassign(ada);
      await client.syncPassword(ada);
      assert.deepEqual(asked(), [
        FILTER,
        'GET /Users/7',
        'PUT /Users/7',
        'PATCH /Users/7',
        'PATCH /Users/7',
        'PATCH /Users/7',
      ]);
      const [, , put, on, off] = server.seen;
      assert.deepEqual([put?.body?.['active'], put?.body?.['surprise'], put?.body?.['id']], [false, { a: 1 }, '7']);
      const patch = (active: boolean) => ({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', value: { active } }],
      });
      assert.deepEqual([on?.body, off?.body], [patch(true), patch(false)]);
    });

    it('AIW: PUT for everything', async () => {
      server.users.set('7', plainUser('7', 'ada.lane@ACME.example', { active: false }));
      const client = okta({ family: 'AIW' });
      await client.assign(ada);
      await client.unassign(ada);
      await client.syncPassword(ada);
      const getPut = ['GET /Users/7', 'PUT /Users/7'];
      assert.deepEqual(asked(), [FILTER, ...getPut, ...getPut, ...getPut, ...getPut]);
      const puts = server.seen.flatMap(({ method, body }) => (method === 'PUT' ? [body?.['active']] : []));
      assert.deepEqual(puts, [false, true, false, false]);
    });

    it('a profile change is laid over what the server returns, and what is gone is said to be gone', async () => {
      const client = okta({ managerPath: 'managerId' });
      await client.assign(ada);
      await client.pushProfile({ ...ada, email: 'new@acme.example', title: undefined, manager: undefined });
      const { body } = server.seen.at(-1) ?? {};
      assert.deepEqual(body?.['emails'], [{ primary: true, value: 'new@acme.example', type: 'work' }]);
      assert.ok([null, ''].includes(body?.['title'] as never));
      const block = JSON.stringify(body?.[ENTERPRISE_USER]);
      const empty = ['null', '{}', '{"displayName":"","managerId":""}'].map((manager) => `{"manager":${manager}}`);
      assert.ok(empty.includes(block), block);
    });

    it('an import reads pages of a hundred until there are no more', async () => {
      for (let number = 1; number <= 250; number += 1)
        server.users.set(`${number}`, plainUser(`${number}`, `${number}@x.example`));
      assert.equal((await okta().importUsers()).length, 250);
      assert.deepEqual(
        asked(),
        [1, 101, 201].map((from) => `GET /Users?startIndex=${from}&count=100`),
      );
    });
  });

  describe('comes back after 429', () => {
    const busy = (times: number, retryAfter?: string): void => {
      let left = times;
      server.tamper = (answer) => {
        if ((left -= 1) < 0) return;
        answer.status = 429;
        answer.body = { schemas: [ERROR], status: '429', detail: 'Busy.' };
        if (retryAfter !== undefined) answer.headers['retry-after'] = retryAfter;
      };
    };
    const waitsOf = async (times: number, retryAfter?: string): Promise<number[]> => {
      const waits: number[] = [];
      busy(times, retryAfter);
      const wait = async (milliseconds: number) => void waits.push(milliseconds / 1000);
      await okta({ wait }).testCredentials();
      return waits;
    };

    it('after Retry-After, doubled each time', async () => {
      assert.deepEqual(await waitsOf(4, '3'), [3, 6, 12, 24]);
    });
    for (const [what, header] of [
      ['none', undefined],
      ['a decimal', '1.5'],
      ['a date', 'Wed, 21 Oct 2026 07:28:00 GMT'],
    ] as const) {
      it(`after five minutes where Retry-After is ${what}`, async () => {
        assert.deepEqual(await waitsOf(1, header), [300]);
      });
    }
    it('ten times at most', async () => {
      await assert.rejects(waitsOf(10, '1'), (error) => error instanceof OktaTaskError && error.status === 429);
      assert.equal(server.seen.length, 10);
      server.seen.length = 0;
      assert.equal((await waitsOf(9, '1')).length, 9);
    });
  });
});
