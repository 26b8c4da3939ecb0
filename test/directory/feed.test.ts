import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { seededRandom } from '../../src/demo/random.js';
import { feedEnds, listEvents } from '../../src/directory/events.js';
import { removeOldEvents } from '../../src/directory/retention.js';
import { setRole } from '../../src/directory/roles.js';
import { seal } from '../../src/directory/seals.js';
import { userDirectory } from '../../src/directory/user-directory.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { changedUser } from '../../src/scim/asserted-user.js';
import { overlay } from '../../src/scim/protocol/multi-valued.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { wrapped } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';
import { converge, emptyInstance, type Said, say, sayAgain } from '../support/steps.js';

describe('the event feed (guard 8)', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let instance: InstanceId;
  before(async () => {
    database = await testDatabase();
    ({ pool } = database);
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(pool);
  });

  const provisioned = async (said: Said): Promise<UserId> => {
    const { id } = await say(pool, instance, said);
    await converge(pool, instance, id);
    return id;
  };
  type Told = { id: string; name?: string; status?: string; title?: string; role?: string; deleted?: boolean };
  type Body = Told & {
    manager?: { userName: string } | null;
    team?: { name: string } | null;
    version?: { revision: number };
  };
  const bodyOf = ({ account, team }: { account?: unknown; team?: unknown }) => (account ?? team) as Body;
  const feed = (after = 0) => listEvents(pool, instance, after, 1_000);
  /** The types of what came since a place, with whom they are about. */
  const news = async (after: number) => (await feed(after)).map((event) => [event.type, bodyOf(event).id]);
  const end = async () => (await feedEnds(pool, instance)).last;

  it('tells a life: created, moved into a team, changed, raised, suspended, back, gone', async () => {
    const boss = await provisioned({ userName: 'boss@x.test', displayName: 'Boss' });
    let seen = await end();
    const ada = await provisioned({ userName: 'ada@x.test', manager: 'boss@x.test' });
    const joined = await feed(seen);
    assert.deepEqual(
      joined.map((event) => event.type),
      ['account.created', 'team.created', 'account.updated', 'account.updated'],
      'a team is there before anybody is in it',
    );
    const [, team, ...accounts] = joined.map(bodyOf);
    assert.equal(team?.name, 'Boss');
    const moved = accounts.find(({ id }) => id === ada);
    assert.deepEqual([moved?.manager?.userName, moved?.team?.name], ['boss@x.test', 'Boss']);
    assert.equal(accounts.find(({ id }) => id === boss)?.role, 'manager', 'the first report raises the role');

    seen = await end();
    await sayAgain(pool, instance, boss, { userName: 'boss@x.test', displayName: 'Chief' });
    await converge(pool, instance, boss);
    assert.deepEqual(await news(seen), [
      ['team.renamed', team?.id],
      ['account.updated', boss],
    ]);

    seen = await end();
    await setRole(pool, instance, ada, 'coach', BY_TEST);
    assert.deepEqual(await news(seen), [['account.updated', ada]]);

    seen = await end();
    await sayAgain(pool, instance, ada, { userName: 'ada@x.test', manager: 'boss@x.test', active: false });
    assert.deepEqual(await news(seen), [['account.suspended', ada]], 'with the very statement that asserts it');
    await converge(pool, instance, ada);
    assert.deepEqual((await news(seen)).slice(1), [
      ['account.updated', ada],
      ['team.removed', team?.id],
    ]);
    seen = await end();
    await sayAgain(pool, instance, ada, { userName: 'ada@x.test', manager: 'boss@x.test' });
    await converge(pool, instance, ada);
    assert.equal((await news(seen))[0]?.[0], 'account.reactivated');
  });

  it('says of who is deleted that it is, whatever its run writes after', async () => {
    await provisioned({ userName: 'boss@x.test' });
    const ada = await provisioned({ userName: 'ada@x.test', manager: 'boss@x.test' });
    const seen = await end();
    await userDirectory(pool).change({ instance, id: ada }, (stored) => {
      const user = changedUser(stored, (before) => overlay(before, { active: false }));
      return user && { instance, user, by: BY_TEST, removed: true };
    });
    await converge(pool, instance, ada);
    const told = (await feed(seen)).map(bodyOf).filter(({ id }) => id === ada);
    assert.deepEqual(
      told.map(({ status, deleted, manager }) => [status, deleted, manager?.userName]),
      [
        ['suspended', true, 'boss@x.test'],
        ['suspended', true, undefined],
      ],
    );
  });

  it('has one event for each revision, which says what was so then', async () => {
    const boss = await provisioned({ userName: 'boss@x.test' });
    const ada = await provisioned({ userName: 'ada@x.test', manager: 'boss@x.test' });
    for (const title of ['A', 'B', 'B']) {
      await sayAgain(pool, instance, ada, { userName: 'ada@x.test', manager: 'boss@x.test', title });
      await converge(pool, instance, ada);
    }
    await sayAgain(pool, instance, boss, { userName: 'boss@x.test', active: false });
    await converge(pool, instance, boss);
    const events = await feed();
    assert.deepEqual(
      events.map(({ cursor }) => cursor),
      events.map((_, at) => at + 1),
      'places have no gaps',
    );
    for (const id of [boss, ada]) {
      const revisions = events.map(bodyOf).filter((body) => body.id === id && body.version !== undefined);
      const { rows } = await pool.query<{ revision: number }>(
        'select revision::integer from accounts where instance_id = $1 and id = $2',
        [instance, id],
      );
      assert.deepEqual(
        revisions.map(({ version }) => version?.revision),
        Array.from({ length: rows[0]?.revision ?? 0 }, (_, n) => n + 1),
      );
    }
    assert.deepEqual(
      events
        .map(bodyOf)
        .filter(({ id, title }) => id === ada && title !== '')
        .map(({ title }) => title)
        .slice(0, 2),
      ['A', 'B'],
    );
  });

  it('a follower misses nothing, whatever commits late, and nothing comes in before what it has read', async function () {
    this.timeout(60_000);
    const random = seededRandom('late commits');
    const written: string[] = [];
    const WRITERS = 8;
    const EACH = 40;
    const write = async (writer: number): Promise<void> => {
      const client = await pool.connect();
      try {
        for (let n = 0; n < EACH; n++) {
          await client.query('begin');
          await client.query(`insert into events (instance_id, type, body) values ($1, 'account.updated', $2)`, [
            instance,
            JSON.stringify({ id: `${writer}/${n}` }),
          ]);
          // Others who began later commit before.
          await delay(random.below(12));
          await client.query(random.chance(0.1) ? 'rollback' : 'commit').then(({ command }) => {
            if (command === 'COMMIT') written.push(`${writer}/${n}`);
          });
        }
      } finally {
        client.release();
      }
    };
    const read: { cursor: number; id: string }[] = [];
    let writing = true;
    const isWriting = () => writing;
    const follow = async (): Promise<void> => {
      for (;;) {
        const wasWriting = writing;
        const events = await feed(read.at(-1)?.cursor ?? 0);
        read.push(...events.map((event) => ({ cursor: event.cursor, id: bodyOf(event).id })));
        if (!wasWriting && events.length === 0) return;
      }
    };
    const sealMeanwhile = async (): Promise<void> => {
      do await seal(pool, instance);
      while (isWriting());
    };
    const following = Promise.all([follow(), sealMeanwhile(), sealMeanwhile(), sealMeanwhile()]);
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    writing = false;
    await following;
    assert.deepEqual(read.map(({ id }) => id).toSorted(), written.toSorted());
    assert.deepEqual(
      read.map(({ cursor }) => cursor),
      read.map((_, at) => at + 1),
    );
    for (let writer = 0; writer < WRITERS; writer++) {
      const own = read.map(({ id }) => id).filter((id) => id.startsWith(`${writer}/`));
      assert.deepEqual(
        own,
        written.filter((id) => id.startsWith(`${writer}/`)),
        'each in its order',
      );
    }
  });

  it('keeps events for 30 days, and says of an older cursor that it is too old', async () => {
    await provisioned({ userName: 'ada@x.test' });
    await provisioned({ userName: 'bo@x.test' });
    const last = await end();
    await pool.query(`update events set at = now() - interval '31 days' where instance_id = $1 and position <= 1`, [
      instance,
    ]);
    await removeOldEvents(pool);
    await assert.rejects(feed(0), { code: 'cursor_too_old' });
    assert.deepEqual(
      (await feed(1)).map(({ cursor }) => cursor),
      Array.from({ length: last - 1 }, (_, n) => n + 2),
    );
    const removes = wrapped(
      pool,
      () => undefined,
      async (statement) => {
        if (statement !== 'list_events') return;
        await pool.query(`update events set at = now() - interval '31 days' where instance_id = $1`, [instance]);
        await removeOldEvents(pool);
      },
    );
    await assert.rejects(listEvents(removes, instance, 1, 1_000), { code: 'cursor_too_old' }, 'at any moment');
    await provisioned({ userName: 'cy@x.test' });
    assert.equal((await feed(last))[0]?.cursor, last + 1, 'and places are never given twice');
  });
});
