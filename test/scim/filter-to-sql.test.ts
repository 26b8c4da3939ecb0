import assert from 'node:assert/strict';
import fc from 'fast-check';
import type pg from 'pg';
import { on } from '../../src/database/pool.js';
import { createGroup } from '../../src/directory/groups.js';
import { insertUsers } from '../../src/directory/write-users.js';
import { isInstanceId, isUserId, newGroupId, type UserId } from '../../src/ids.js';
import { toAssertedUser } from '../../src/scim/asserted-user.js';
import { filterToSql, groupSource, userSource } from '../../src/scim/filter-to-sql.js';
import { presentGroup, toAssertedGroup } from '../../src/scim/present-group.js';
import { presentUser } from '../../src/scim/present-user.js';
import { parseFilter } from '../../src/scim/protocol/filter.js';
import { matchFilter } from '../../src/scim/protocol/match-filter.js';
import { parseProjection } from '../../src/scim/protocol/projection.js';
import { readResource, type ScimObject } from '../../src/scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../../src/scim/protocol/schema.js';
import { testDatabase } from '../support/database.js';
import { BY_TEST } from '../support/roster.js';
import { filterText, text } from './protocol/filter-arbitrary.js';

const BASE_URL = 'https://roster.test/scim/v2';
const USERS_URL = `${BASE_URL}/Users`;

/** `npm run soak` tries many more. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 400);

const compile = (filter: string, firstParameter = 1) =>
  filterToSql(parseFilter(filter, resourceTypes.User), userSource, firstParameter, USERS_URL);

describe('filters as SQL', () => {
  it('look a user up by the folded name, the id and the externalId as indexes have them', () => {
    assert.deepEqual(compile('userName eq "Ada@X.test"', 2), { sql: 'u.user_name_key = $2', values: ['ada@x.test'] });
    const id = '0190b2c4-0000-7000-8000-000000000001';
    assert.deepEqual(compile(`id eq "${id}"`), { sql: 'u.id = $1', values: [id] });
    assert.deepEqual(compile('id eq "1"'), { sql: 'false', values: [] });
    assert.deepEqual(compile('externalId eq "00uA"'), {
      sql: '(u.external_id_key = $1 and u.external_id = $2)',
      values: ['00uA', '00uA'],
    });
    assert.deepEqual(compile('active eq false'), { sql: "u.active = 'false'", values: [] });
  });

  it('have values in parameters only, and wildcards escaped', () => {
    const { sql, values } = compile('title co "50%_\\\\\'; drop" or emails[type eq "\'x"]', 5);
    assert.deepEqual(values, ["%50\\%\\_\\\\'; drop%", "'x"]);
    assert.ok(!sql.includes('drop') && !sql.includes("'x") && sql.includes('$5') && sql.includes('$6'));
  });
});

describe('filters in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let users: ScimObject[];

  before(async function () {
    this.timeout(60_000);
    database = await testDatabase();
    await database.pool.query(`insert into instances (id, name) values ('acme', 'Acme')`);
    users = [];
    for (const [at, body] of fc.sample(bodies, { numRuns: 80, seed: 7 }).entries()) {
      users.push(...(await store(database.pool, at, body)));
    }
  });

  after(() => database.close());

  const idsFound = async (filter: string): Promise<unknown[]> => {
    const { sql, values } = compile(filter, 2);
    const found = await database.pool.query<{ id: string }>(
      `select u.id from users u where u.instance_id = $1 and ${sql} order by u.id`,
      ['acme', ...values],
    );
    return found.rows.map(({ id }) => id);
  };

  const idsMatching = (filter: string): unknown[] => {
    const parsed = parseFilter(filter, resourceTypes.User);
    return users.filter((user) => matchFilter(parsed, user)).map(({ id }) => id);
  };

  it(`find exactly whom the evaluator in memory finds, ${RUNS} times`, async function () {
    this.timeout(20_000 + RUNS * 20);
    await fc.assert(
      fc.asyncProperty(filterText, async (filter) => {
        assert.deepEqual(await idsFound(filter), idsMatching(filter));
      }),
      { numRuns: RUNS },
    );
  });

  it(`find exactly the groups that the evaluator in memory finds, ${RUNS} times`, async function () {
    this.timeout(20_000 + RUNS * 20);
    const groups: ScimObject[] = [];
    for (const body of fc.sample(groupBodies(users.map(idIn)), { numRuns: 40, seed: 7 })) {
      groups.push(await storeGroup(database.pool, body));
    }
    const inOrder = groups.map(idIn).toSorted();
    await fc.assert(
      fc.asyncProperty(groupFilterText, async (filter) => {
        const parsed = parseFilter(filter, resourceTypes.Group);
        const { sql, values } = filterToSql(parsed, groupSource, 2, `${BASE_URL}/Groups`);
        const found = await database.pool.query<{ id: string }>(
          `select g.id from groups g where g.instance_id = $1 and ${sql} order by g.id`,
          ['acme', ...values],
        );
        const matching = new Set(groups.filter((group) => matchFilter(parsed, group)).map(({ id }) => id));
        assert.deepEqual(
          found.rows.map(({ id }) => id),
          inOrder.filter((id) => matching.has(id)),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('find by id and location', async () => {
    const id = JSON.stringify(users[0]?.['id']).slice(1, -1);
    for (const filter of [`id eq "${id}"`, `meta.location eq "${USERS_URL}/${id}"`, `meta[location ew "${id}"]`]) {
      assert.deepEqual(await idsFound(filter), [id], filter);
    }
    assert.equal((await idsFound(`id ne "${id}"`)).length, users.length - 1);
  });
});

const assigned = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const element = fc.record({
  value: assigned(text),
  type: assigned(fc.constantFrom('work', 'Work', 'home', '')),
  primary: assigned(fc.boolean()),
});

const bodies = fc.record({
  userName: fc
    .oneof(
      text,
      fc.tuple(text, text).map((parts) => parts.join('')),
    )
    .filter((name) => name.trim() !== ''),
  externalId: assigned(text),
  active: fc.boolean(),
  title: assigned(text),
  displayName: assigned(text),
  nickName: assigned(text),
  name: assigned(fc.record({ givenName: assigned(text), familyName: assigned(text) })),
  emails: assigned(fc.array(element, { maxLength: 3 })),
  roles: assigned(fc.array(element, { maxLength: 2 })),
  addresses: assigned(
    fc.array(fc.record({ locality: assigned(text), primary: assigned(fc.boolean()) }), { maxLength: 2 }),
  ),
  [ENTERPRISE_USER_SCHEMA]: assigned(
    fc.record({
      department: assigned(text),
      manager: assigned(fc.record({ value: assigned(text), displayName: assigned(text) })),
    }),
  ),
});

const groupBodies = (userIds: readonly string[]) =>
  fc.record({
    displayName: text.filter((name) => name.trim() !== ''),
    externalId: assigned(text),
    members: assigned(
      fc.array(
        fc.record({
          value: fc.oneof(
            fc.constantFrom(...userIds),
            text.filter((value) => value.trim() !== ''),
          ),
          display: assigned(text),
        }),
        { maxLength: 4 },
      ),
    ),
  });

const groupTest = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'displayName',
        'externalId',
        'members.value',
        'members.display',
        'members.type',
        'schemas',
        'meta.version',
      ),
      fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'le'),
      fc.oneof(text, fc.constant('User')),
    )
    .map(([name, operator, value]) => `${name} ${operator} ${JSON.stringify(value)}`),
  fc.constantFrom('members pr', 'externalId pr', 'members.display pr', 'members[type eq "User"]', 'meta pr'),
);
const groupFilterText = fc.oneof(
  groupTest,
  groupTest.map((test) => `not (${test})`),
  fc.tuple(groupTest, fc.constantFrom('and', 'or'), groupTest).map((parts) => parts.join(' ')),
);

/** Stores a group, and gives back the resource a client would see. */
async function storeGroup(pool: pg.Pool, body: unknown): Promise<ScimObject> {
  const instance = 'acme';
  if (!isInstanceId(instance)) throw new TypeError('not a slug');
  const asserted = toAssertedGroup(readResource(resourceTypes.Group, JSON.parse(JSON.stringify(body))));
  const group = await createGroup(pool, { instance, id: newGroupId() }, asserted, BY_TEST);
  return JSON.parse(presentGroup(group, BASE_URL, parseProjection({}, resourceTypes.Group)));
}

const idIn = ({ id }: ScimObject): string => (typeof id === 'string' ? id : '');

function userIdAt(at: number): UserId {
  const id = `0190b2c4-0000-7000-8000-${String(at).padStart(12, '0')}`;
  if (!isUserId(id)) throw new TypeError('not a user id');
  return id;
}

/** Stores a user, unless the name is taken, and gives back the resource a client would see. */
async function store(pool: pg.Pool, at: number, body: unknown): Promise<ScimObject[]> {
  const state = {
    id: userIdAt(at),
    version: (at % 3) + 1,
    createdAt: `2026-01-01T00:00:00.00${at % 3}Z`,
    updatedAt: `2025-12-31T23:59:59.99${at % 10}Z`,
  };
  const user = toAssertedUser(state, readResource(resourceTypes.User, JSON.parse(JSON.stringify(body))), []);
  const instance = 'acme';
  if (!isInstanceId(instance)) throw new TypeError('not a slug');
  const [stored] = await insertUsers(on(pool), [{ instance, user, by: BY_TEST }]);
  return stored === true ? [JSON.parse(presentUser(user, BASE_URL, parseProjection({}, resourceTypes.User)))] : [];
}
