import assert from 'node:assert/strict';
import { pino } from 'pino';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { startServer } from '../../../src/server.js';
import { requestBytes, sendBytes } from '../../support/http.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, assertError, expectStatus, resourcesIn } from '../../support/validate-resource.js';
import { prototypeNames } from '../protocol/values.js';

describe('what a client could do us harm with', () => {
  let roster: TestRoster;
  let victim: Record<string, unknown>;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    victim = (await ask(roster, 'POST', '/Users', { userName: 'victim@x.test', externalId: 'v' })).body ?? {};
  });
  after(() => roster.close());

  const created = async (userName: string, more: object = {}) =>
    (await expectStatus(201, ask(roster, 'POST', '/Users', { userName, ...more }))).body ?? {};
  const get = async (id: unknown) => (await expectStatus(200, ask(roster, 'GET', `/Users/${String(id)}`))).body;
  const patch = (id: unknown, ...Operations: object[]) => ask(roster, 'PATCH', `/Users/${String(id)}`, { Operations });

  describe('ids', () => {
    for (const [what, id] of [
      ['an unknown UUID', () => '0190b2c4-0000-7000-8000-000000000001'],
      ['a UUID of zeros', () => '00000000-0000-0000-0000-000000000000'],
      ['the id in capitals', () => String(victim['id']).toUpperCase()],
      ['the id in braces', () => `%7B${String(victim['id'])}%7D`],
      ['the id without hyphens', () => String(victim['id']).replaceAll('-', '')],
      ['the id and a space', () => `${String(victim['id'])}%20`],
      ['the id and a NUL', () => `${String(victim['id'])}%00`],
      ['the id and a slash', () => `${String(victim['id'])}%2F`],
      ['the userName', () => 'victim@x.test'],
      ['the externalId', () => 'v'],
      ['a number', () => '1'],
      ['garbage', () => '!$&*+,=:@~'],
      ['a NUL', () => '%00'],
      ['half a surrogate pair', () => '%ED%A0%80'],
      ['bad percent-encoding', () => '%zz%'],
      ['other letters', () => encodeURIComponent('日本語 😀')],
      ['SQL', () => encodeURIComponent(`' or '1'='1`)],
      ['a way up', () => '%2e%2e%2fUsers'],
      ['10,000 letters', () => 'a'.repeat(10_000)],
      ['a name that objects inherit', () => '__proto__'],
    ] as const) {
      it(`${what}: 404 for every verb`, async () => {
        for (const [method, body] of [
          ['GET', ''],
          ['PUT', '{"userName":"victim@x.test","active":false}'],
          ['PATCH', '{"Operations":[{"op":"replace","value":{"active":false}}]}'],
          ['DELETE', ''],
        ] as const) {
          const authorization = `Authorization: Bearer ${roster.scimToken}`;
          const request = requestBytes(method, `/scim/v2/Users/${id()}`, [authorization], body);
          const answer = await sendBytes(roster, request);
          assert.equal(answer.status, 404, `${method} ${answer.text}`);
          assertError(answer);
        }
        assert.deepEqual(await get(victim['id']), victim);
      });
    }

    it("another user's id in a body moves nothing: the path says who is meant", async () => {
      const { id } = await created('mover@x.test');
      const stolen = { id: victim['id'], externalId: 'v', meta: victim['meta'] };
      for (const answer of [
        await ask(roster, 'PUT', `/Users/${String(id)}`, { ...stolen, userName: 'moved@x.test' }),
        await patch(id, { op: 'replace', value: { ...stolen, title: 'x' } }),
        await ask(roster, 'POST', '/Users', { ...stolen, userName: 'posted@x.test' }),
      ]) {
        assert.ok(answer.status < 300, answer.text);
        assert.notEqual(answer.body?.['id'], victim['id']);
      }
      for (const path of ['id', 'meta', 'meta.created', 'schemas', 'groups', 'groups[value eq "1"]']) {
        const { body } = await expectStatus(400, patch(id, { op: 'replace', path, value: 'x' }));
        assert.equal(body?.['scimType'], 'mutability', path);
      }
      assert.deepEqual(await get(victim['id']), victim);
    });
  });

  describe('attributes', () => {
    it('columns of ours are no attributes: sent along, they have no effect', async () => {
      const { rows: columns } = await roster.pool.query<{ name: string }>(
        `select distinct column_name as name from information_schema.columns where table_schema = 'public'`,
      );
      const schema = new Set(['id', 'title', 'active', 'name', 'manager']);
      const names = columns.map(({ name }) => name).filter((name) => !schema.has(name));
      assert.ok(names.includes('role') && names.includes('instance_id') && names.includes('default_manager_id'));
      const junk = Object.fromEntries(names.map((name) => [name, 'coach']));
      const userName = 'columns@x.test';
      const user = await created(userName, junk);
      const plain = await created('plain@x.test');
      const rows = async (id: unknown) => {
        const { rows } = await roster.pool.query(
          `select to_jsonb(a) - '{id,created_at}'::text[] as account, u.source, u.version, u.external_id, u.deleted_at
           from users u join accounts a using (instance_id, id) where id = $1`,
          [id],
        );
        return rows;
      };
      await expectStatus(200, ask(roster, 'PUT', `/Users/${String(user['id'])}`, { ...user, ...junk }));
      await expectStatus(200, patch(user['id'], { op: 'replace', value: junk }));
      for (let at = 0; at < names.length; at += 100) {
        const Operations = names.slice(at, at + 100).map((path) => ({ op: 'replace', path, value: 'coach' }));
        await expectStatus(200, patch(user['id'], ...Operations));
      }
      assert.deepEqual(await get(user['id']), user);
      assert.deepEqual(await rows(user['id']), await rows(plain['id']));
    });

    it('names that objects inherit are no attributes, in bodies and in paths, and no prototype gains any', async () => {
      const before = Reflect.ownKeys(Object.prototype).length;
      const { id } = await created('prototype@x.test');
      for (const name of [...prototypeNames, '__proto__.polluted', 'constructor.prototype.polluted']) {
        const value = `{"${name}":{"polluted":true,"active":false}}`;
        const body = `{"userName":"prototype@x.test","${name}":${value},"name":${value},"emails":[${value}]}`;
        await expectStatus(200, ask(roster, 'PUT', `/Users/${String(id)}`, body));
        const nested = `${ENTERPRISE_USER_SCHEMA}:${name}`;
        for (const path of [name, `name.${name}`, nested, `emails[type eq "work"].${name}`]) {
          const { status, text } = await patch(id, { op: 'add', path, value: true });
          assert.ok(status === 200 || status === 400, `${path}: ${text}`);
        }
        await ask(roster, 'PATCH', `/Users/${String(id)}`, `{"Operations":[{"op":"add","value":${body}}]}`);
        await expectStatus(400, ask(roster, 'GET', `/Users?filter=${name} pr`));
      }
      assert.equal(Reflect.ownKeys(Object.prototype).length, before);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
      assert.equal((await get(id))?.['active'], true);
    });

    for (const [what, text] of [
      ['a NUL', 'a\\u0000b'],
      ['the first half of a surrogate pair', 'a\\ud800b'],
      ['the second half', '\\udc00'],
      ['the halves the wrong way round', '\\udc00\\ud800'],
    ] as const) {
      it(`${what} in a text: 400 invalidValue that names the attribute, wherever it is`, async () => {
        for (const [body, name] of [
          [`{"userName":"${text}"}`, 'userName'],
          [`{"userName":"a","externalId":"${text}"}`, 'externalId'],
          [`{"userName":"a","name":{"givenName":"${text}"}}`, 'name.givenName'],
          [`{"userName":"a","emails":[{"value":"${text}"}]}`, 'emails.value'],
          [`{"userName":"a","${ENTERPRISE_USER_SCHEMA}":{"manager":"${text}"}}`, 'manager.value'],
        ] as const) {
          const answer = await expectStatus(400, ask(roster, 'POST', '/Users', body));
          assert.equal(answer.body?.['scimType'], 'invalidValue');
          assert.ok(String(answer.body['detail']).includes(name), answer.text);
        }
        const message = `{"Operations":[{"op":"add","path":"title","value":"${text}"}]}`;
        const patched = await expectStatus(400, ask(roster, 'PATCH', `/Users/${String(victim['id'])}`, message));
        assert.equal(patched.body?.['scimType'], 'invalidValue');
      });
    }

    it('every other text comes back as it was sent', async () => {
      for (const [index, text] of [
        `' " \\ / % _ ; -- $1 \${x} {{x}}`,
        '\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\ufffd\uffff',
        '😀 e\u0301 \u202e אב \u00ad',
        '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":',
        '<script>alert(1)</script>\r\n\t',
        'null',
      ].entries()) {
        const user = await created(`text-${index} ${text}`, { title: text, externalId: text, nickName: text });
        assert.deepEqual([user['title'], user['externalId'], user['nickName']], [text, text, text]);
        assert.deepEqual(await get(user['id']), user);
      }
    });
  });

  it('a password is stored nowhere, logged nowhere and never shown; nor are tokens and names logged', async () => {
    const canary = 'canary-7f3Kx9';
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
    const server = await startServer(roster.config, log);
    const logged = { ...roster, scimUrl: `http://127.0.0.1:${server.port}/scim/v2` };
    const { body: user } = await ask(logged, 'POST', '/Users', { userName: 'secret@x.test', password: canary });
    const path = `/Users/${String(user?.['id'])}`;
    for (const Operations of [
      [{ op: 'replace', path: 'password', value: canary }],
      [{ op: 'replace', value: { password: canary, title: 'z' } }],
    ]) {
      await expectStatus(200, ask(logged, 'PATCH', path, { Operations }));
    }
    for (const [status, method, where, body] of [
      [200, 'PUT', path, { userName: 'secret@x.test', password: canary, title: 'x' }],
      [200, 'GET', `${path}?attributes=password,userName`, undefined],
      [200, 'GET', '/Users?filter=userName eq "secret@x.test"', undefined],
      [400, 'GET', `/Users?filter=password eq "${canary}"`, undefined],
      [409, 'POST', '/Users', { userName: 'secret@x.test', password: canary }],
      [400, 'POST', '/Users', `{"password":"${canary}"`],
    ] as const) {
      const answer = await expectStatus(status, ask(logged, method, where, body));
      assert.ok(!answer.text.includes(canary) && !answer.text.includes('"password"'), answer.text);
    }
    await expectStatus(401, ask({ ...logged, scimToken: canary }, 'GET', '/Users'));
    await server.stop();
    const { rows: tables } = await roster.pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    assert.ok(tables.length > 8);
    for (const { name } of tables) {
      const { rows } = await roster.pool.query(`select 1 from "${name}" t where t::text like $1`, [`%${canary}%`]);
      assert.equal(rows.length, 0, name);
    }
    assert.ok(lines.length >= 9, 'each request is a line of the log');
    for (const secret of [canary, roster.scimToken, 'secret@x.test']) assert.ok(!lines.join('').includes(secret));
  });

  it('wildcards of LIKE are letters like any other', async () => {
    const names = ['100%', '100_', '1000', '100\\', '%', '_', '\\'].map((name) => `like ${name}`);
    for (const userName of names) await created(userName);
    for (const [filter, expected] of [
      ['userName co "100%"', ['like 100%']],
      ['userName ew "100_"', ['like 100_']],
      ['userName sw "like 100\\\\"', ['like 100\\']],
      ['userName sw "like" and userName ew "%"', ['like 100%', 'like %']],
      ['userName sw "like" and userName co "_"', ['like 100_', 'like _']],
      ['userName sw "like" and name.familyName co "%"', []],
    ] as const) {
      const found = resourcesIn(await ask(roster, 'GET', `/Users?filter=${encodeURIComponent(filter)}`));
      assert.deepEqual(
        found.map(({ userName }) => userName),
        expected,
        filter,
      );
    }
  });
});
