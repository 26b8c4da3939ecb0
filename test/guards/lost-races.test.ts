import assert from 'node:assert/strict';
import { on, type Query, run, within } from '../../src/database/pool.js';
import { findUsers } from '../../src/directory/users.js';
import { type Assertion, updateUsers } from '../../src/directory/write-users.js';
import type { RefusedError } from '../../src/errors.js';
import { type InstanceId, newId, type UserId } from '../../src/ids.js';
import { actOnUser } from '../../src/instances/operator-actions.js';
import { changedUser } from '../../src/scim/asserted-user.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { scim } from '../support/http.js';
import { overtaken, until } from '../support/interleave.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { converge, emptyInstance, say } from '../support/steps.js';

describe('guard 10: lost races', () => {
  let roster: TestRoster;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  afterEach(() => roster.proxy.set('pass'));

  const created = async (userName: string): Promise<string> => {
    const { status, body } = await scim(roster, 'POST', '/Users', { userName });
    assert.equal(status, 201);
    return String(body?.['id']);
  };
  const patchNick = (id: string, nickName: string) =>
    scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'nickName', value: nickName }] });

  it('many writers of one user all succeed, each on a version of its own', async () => {
    const id = await created('ada@x.test');
    const numbers = Array.from({ length: 24 }, (_, index) => `+1 555 ${100 + index}`);
    const answers = await Promise.all(
      numbers.map((value) =>
        scim(roster, 'PATCH', `/Users/${id}`, {
          Operations: [{ op: 'add', path: 'phoneNumbers', value: [{ value }] }],
        }),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const tags = new Set(answers.map(({ headers }) => headers.get('etag')));
    assert.equal(tags.size, 24);
    const { body } = await scim(roster, 'GET', `/Users/${id}`);
    const { meta, phoneNumbers } = body as { meta: { version: string }; phoneNumbers: { value: string }[] };
    assert.equal(meta.version, 'W/"25"');
    assert.deepEqual(new Set(phoneNumbers.map(({ value }) => value)), new Set(numbers), 'nobody’s change is lost');
    const { rows } = await roster.pool.query<{ versions: number; last: number }>(
      'select count(distinct version)::int as versions, max(version)::int as last from audit_log where user_id = $1',
      [id],
    );
    assert.deepEqual(rows, [{ versions: 25, last: 25 }], 'an audit row for each version');
  });

  it('64 identical creates: one 201, the others 409', async () => {
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        Array.from({ length: 64 }, () => scim(roster, 'POST', '/Users', { userName: `twin${round}@x.test` })),
      );
      const count = (status: number) => answers.filter((answer) => answer.status === status).length;
      assert.deepEqual([count(201), count(409)], [1, 63]);
      const refused = answers.find(({ status }) => status === 409);
      assert.equal(refused?.body?.['scimType'], 'uniqueness');
    }
  });

  it('a user whom somebody holds makes nobody else wait', async () => {
    const [held, free] = [await created('held@x.test'), await created('free@x.test')];
    const client = await roster.pool.connect();
    try {
      await client.query('begin');
      await client.query('select from accounts where id = $1 for update', [held]);
      const first = patchNick(held, 'waits');
      const others = await Promise.all([patchNick(free, 'a'), patchNick(free, 'b'), patchNick(free, 'c')]);
      assert.deepEqual(
        others.map(({ status }) => status),
        [200, 200, 200],
      );
      await client.query('commit');
      assert.equal((await first).status, 200);
    } finally {
      client.release();
    }
  });

  it('a deadlock or a serialisation failure is tried again', async () => {
    await roster.pool.query('create sequence attempts');
    await roster.pool.query(`create function fail_twice() returns bigint language plpgsql as $$
      declare v bigint := nextval('attempts');
      begin
        if v < 3 then raise exception 'again' using errcode = case v when 1 then '40P01' else '40001' end; end if;
        return v;
      end $$`);
    assert.deepEqual(await run(roster.pool, { name: 'fail_twice', text: 'select fail_twice() as n' }, []), [
      { n: '3' },
    ]);
  });

  it('one that does not end is a 429, since nothing was done, and no fault of ours', async () => {
    const id = await created('no-end@x.test');
    await roster.pool.query(`create function fail_always() returns trigger language plpgsql as $$
      begin raise exception 'again' using errcode = '40001'; end $$;
      create trigger fail_always before update on users for each statement execute function fail_always()`);
    try {
      const answer = await patchNick(id, 'no end');
      assert.equal(answer.status, 429, answer.text);
      assert.match(String(answer.headers.get('retry-after')), /^\d+$/);
    } finally {
      await roster.pool.query('drop function fail_always cascade');
    }
    assert.equal((await patchNick(id, 'an end')).status, 200);
  });

  for (const [name, request, status] of [
    ['a create', (id: string) => scim(roster, 'POST', '/Users', { userName: `lost-${id}@x.test` }), 201],
    ['a change', (id: string) => patchNick(id, 'lost'), 200],
  ] as const) {
    const cut = name === 'a create' ? 'insert_users' : 'update_free_users';

    it(`${name} whose COMMIT answer is lost is found by reading back`, async () => {
      const id = await created(`${cut}@x.test`);
      // The second time a statement is sent it goes by its name.
      roster.proxy.set({ cut, after: 'pass' });
      const answer = await request(id);
      assert.equal(answer.status, status, answer.text);
      const { body } = await scim(roster, 'GET', `/Users/${String(answer.body?.['id'])}`);
      assert.deepEqual(body, answer.body);
    });

    it(`${name} that can't be told to be stored is a 429, never a success`, async () => {
      const id = await created(`unknown-${cut}@x.test`);
      roster.proxy.set({ cut, after: 'refuse' });
      const answer = await request(id);
      assert.equal(answer.status, 429, answer.text);
      assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
    });
  }
});

describe('abandoning a deactivation', () => {
  let database: TestDatabase;
  let instance: InstanceId;
  let id: UserId;
  before(async () => {
    database = await testDatabase();
    const { pool } = database;
    instance = await emptyInstance(pool);
  });
  after(() => database.close());
  beforeEach(async () => {
    ({ id } = await say(database.pool, instance, { userName: `${newId()}@x.test` }));
    await converge(database.pool, instance, id);
    await assertActive(false);
  });

  const assertion = async (query: Query, active: boolean): Promise<Assertion> => {
    const [stored] = await findUsers(query, [{ instance, id }]);
    const user = stored && changedUser(stored, (before) => ({ ...before, active }));
    return { instance, user: user ?? assert.fail('nothing changes'), by: BY_TEST };
  };
  const assertActive = async (active: boolean, query = on(database.pool)): Promise<void> => {
    assert.deepEqual(await updateUsers(query, [await assertion(query, active)]), [true]);
  };
  const abandon = () => actOnUser(database.pool, instance, id, 'abandon', 'a mistake', BY_TEST);
  /** What of it is in the audit log. */
  const written = async () => {
    const { rows } = await database.pool.query<{ action: string }>(
      `select action from audit_log where instance_id = $1 and user_id = $2 and action in ('user.activate', 'user.abandon') order by entry`,
      [instance, id],
    );
    return rows.map(({ action }) => action);
  };

  it('many at once do it once, and the others are told that there is nothing to do', async () => {
    const results = await Promise.allSettled(Array.from({ length: 6 }, abandon));
    const codes = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as RefusedError).code] : [],
    );
    assert.deepEqual(
      codes,
      Array.from({ length: 5 }, () => 'nothing_to_do'),
    );
    assert.deepEqual(await written(), ['user.activate', 'user.abandon']);
  });

  it('whom Okta assigns in that very moment was not given back by the operator, and no row says so', async () => {
    const both = overtaken(database, (client) => assertActive(true, within(client)), abandon);
    await assert.rejects(both, { code: 'nothing_to_do' });
    assert.deepEqual(await written(), ['user.activate']);
  });

  it('is done whole or not at all', async () => {
    await database.pool.query(
      `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
       create trigger fail before insert on audit_log for each row when (new.action = 'user.abandon') execute function fail()`,
    );
    await assert.rejects(abandon(), /no/);
    await database.pool.query('drop trigger fail on audit_log');
    assert.deepEqual(await written(), []);
  });
});

describe('PostgreSQL away', () => {
  let roster: TestRoster;
  let database: TestDatabase;

  before(async function () {
    this.timeout(60_000);
    [roster, database] = await Promise.all([startRoster({ worker: false }), testDatabase()]);
  });
  after(async () => {
    await roster.close();
    await database.close();
  });

  for (const mode of ['refuse', 'blackhole'] as const) {
    it(`every request is answered 429 with whole seconds in Retry-After (${mode}), and works again by itself`, async function () {
      this.timeout(40_000);
      const { body } = await scim(roster, 'POST', '/Users', { userName: `${mode}@x.test` });
      const path = `/Users/${String(body?.['id'])}`;
      roster.proxy.set(mode);
      const requests = [
        ['GET', '/Users?startIndex=1&count=2'],
        ['GET', path],
        ['POST', '/Users', { userName: `${mode}-2@x.test` }],
        ['PATCH', path, { Operations: [{ op: 'replace', value: { active: false } }] }],
        ['PUT', path, { userName: `${mode}@x.test`, active: false }],
        ['DELETE', path],
      ] as const;
      for (const [method, where, content] of requests) {
        const began = performance.now();
        const answer = await scim(roster, method, where, content);
        const ms = performance.now() - began;
        assert.equal(answer.status, 429, `${method} ${answer.text}`);
        assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
        assert.equal(answer.body?.['status'], '429');
        assert.ok(ms < 3_000, `${method} took ${ms} ms`);
      }
      roster.proxy.set('pass');
      await until('requests work again', async () => (await scim(roster, 'GET', path)).status === 200, 5_000);
      assert.equal((await scim(roster, 'GET', path)).body?.['active'], true, 'what was refused was not done');
    });
  }
});
