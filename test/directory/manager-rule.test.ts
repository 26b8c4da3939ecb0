import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyAccounts } from '../../src/directory/accounts.js';
import { joinTeams } from '../../src/directory/teams.js';
import { newUserId, type UserId } from '../../src/ids.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import {
  afterWait,
  converge,
  convergeInstanceIfKicked,
  emptyInstance,
  type Said,
  say,
  sayAgain,
  untilWait,
} from '../support/steps.js';

const PEOPLE = 7;

/** References of every kind: to each person by each of their keys, to nobody, to oneself. */
const reference = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('nobody', 'nobody@x.test', '', ' ', '00000000-0000-7000-8000-000000000000'),
  fc.record({ person: fc.nat(PEOPLE - 1), key: fc.constantFrom('id', 'externalId', 'userName', 'USERNAME', 'email') }),
);
const personState = fc.record({
  active: fc.boolean(),
  externalId: fc.constantFrom('own', 'shared', 'none'),
  email: fc.constantFrom('own', 'other', 'shared'),
  displayName: fc.constantFrom(undefined, 'Name A', 'Name B'),
  manager: reference,
});
const person = fc.nat(PEOPLE - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('assert' as const),
      person,
      state: personState,
      run: fc.constantFrom('now', 'later', 'until wait'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('run' as const), person }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('coach' as const), person }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('default' as const), person: fc.option(person, { nil: undefined }) }),
  },
);

describe('rule 2: the manager is one pure function of the directory', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  it('SQL equals the model, whatever arrives in whatever order', async function () {
    this.timeout(120_000);
    const { pool } = database;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        const instance = await emptyInstance(pool);
        const ids = Array.from({ length: PEOPLE }, newUserId);
        const stored = new Set<UserId>();
        const waiting = new Set<UserId>();

        const said = (
          index: number,
          state: typeof personState extends fc.Arbitrary<infer State> ? State : never,
        ): Said => ({
          userName: `P${index}@x.test`,
          externalId: { own: `ext-${index}`, shared: 'ext-shared', none: undefined }[state.externalId],
          email: { own: `p${index}@x.test`, other: `Mail${index}@x.test`, shared: 'shared@x.test' }[state.email],
          displayName: state.displayName,
          active: state.active,
          manager: keyOf(state.manager, ids),
        });

        for (const each of steps) {
          const id = each.person === undefined ? undefined : ids[each.person];
          if (each.kind === 'default') {
            // As setInstance does, but for the check of the role, which may be lost later anyhow.
            if (id !== undefined && !stored.has(id)) continue;
            await pool.query('update instances set default_manager_id = $2 where id = $1', [instance, id ?? null]);
            await pool.query("select kick_instance($1, 'admin')", [instance]);
            await convergeInstanceIfKicked(pool, instance);
          } else if (id === undefined) {
            continue;
          } else if (each.kind === 'coach') {
            await pool.query(
              "update accounts set role = 'coach', coach_since = clock_timestamp() where instance_id = $1 and id = $2 and role <> 'coach'",
              [instance, id],
            );
            await pool.query("select kick_instance($1, 'admin')", [instance]);
          } else if (each.kind === 'run') {
            if (stored.has(id)) await converge(pool, instance, id);
          } else {
            const index = each.person;
            await (stored.has(id)
              ? sayAgain(pool, instance, id, said(index, each.state))
              : say(pool, instance, said(index, each.state), id));
            stored.add(id);
            if (each.run === 'now') await converge(pool, instance, id);
            if (each.run === 'until wait' && (await untilWait(pool, instance, id)) !== undefined) waiting.add(id);
          }
        }
        // Whoever was not run, or waits, does it now; what was settled already is not touched again.
        const { rows } = await pool.query<{ id: UserId }>(
          'select id from accounts where instance_id = $1 and applied_version < asserted_version order by id desc',
          [instance],
        );
        for (const { id } of rows)
          await (waiting.has(id) ? afterWait(pool, instance, id) : converge(pool, instance, id));
        for (const { id } of rows) await converge(pool, instance, id);
        await convergeInstanceIfKicked(pool, instance);
        await assertEqualsModel(pool, instance);
      }),
      { numRuns: Number(process.env['MANAGER_RULE_RUNS'] ?? 60), endOnFailure: false },
    );
  });

  it('a chain of 1,000 is a chain, and a circle of 50 falls back (F20)', async function () {
    this.timeout(60_000);
    const { pool } = database;
    const instance = await emptyInstance(pool);
    const said: Said[] = [
      { userName: 'coach@x.test' },
      ...Array.from({ length: 1_000 }, (_, n) => ({ userName: `c${n}@x.test`, manager: `c${n + 1}@x.test` })),
      ...Array.from({ length: 50 }, (_, n) => ({ userName: `o${n}@x.test`, manager: `o${(n + 1) % 50}@x.test` })),
    ];
    const users = said.map(() => ({ userId: newUserId(), version: 1 }));
    await Promise.all(said.map((one, at) => say(pool, instance, one, users[at]?.userId)));
    await pool.query("update accounts set role = 'coach', coach_since = now() where instance_id = $1 and id = $2", [
      instance,
      users[0]?.userId,
    ]);
    await applyAccounts(pool, instance, users);
    await joinTeams(pool, instance, users);
    await assertEqualsModel(pool, instance);
    const { rows } = await pool.query<{ kind: string; origin: string; count: number }>(
      `select left(user_name, 1) as kind, origin, count(*)::integer as count from accounts
       where instance_id = $1 and role <> 'coach' group by 1, 2 order by 1, 2`,
      [instance],
    );
    assert.deepEqual(rows, [
      { kind: 'c', origin: 'assigned', count: 999 },
      { kind: 'c', origin: 'default', count: 1 },
      { kind: 'o', origin: 'default', count: 50 },
    ]);
  });
});

function keyOf(
  manager: string | undefined | { person: number; key: string },
  ids: readonly UserId[],
): string | undefined {
  if (typeof manager !== 'object') return manager;
  const { person, key } = manager;
  switch (key) {
    case 'id':
      return ids[person];
    case 'externalId':
      return `ext-${person}`;
    case 'userName':
      return `P${person}@x.test`;
    case 'USERNAME':
      return `p${person}@X.TEST`;
    default:
      return `mail${person}@x.test`;
  }
}
