import assert from 'node:assert/strict';
import { z } from 'zod';
import { on } from '../../src/database/pool.js';
import { seededRandom } from '../../src/demo/random.js';
import { insertUsers } from '../../src/directory/write-users.js';
import { newUserId } from '../../src/ids.js';
import { newUser } from '../../src/scim/asserted-user.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { resourceTypes } from '../../src/scim/protocol/schema.js';
import { BY_TEST, clientOf, startRoster, type TestRoster } from '../support/roster.js';
import { emptyInstance } from '../support/steps.js';
import { ask, expectStatus } from '../support/validate-resource.js';

const MEMBERS = 5_000;
/** Okta pushes a large group in pieces. */
const CHUNK = 250;

const groupSchema = z.looseObject({ members: z.array(z.looseObject({ value: z.string() })).default([]) });

describe('a group of 5,000, pushed by two clients at once', () => {
  let roster: TestRoster;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  it('has in the end whom both left in it, under the last name', async function () {
    this.timeout(120_000);
    const instance = await emptyInstance(roster.pool);
    const users = Array.from({ length: MEMBERS }, (_, n) =>
      newUser(newUserId(), readResource(resourceTypes.User, { userName: `member-${n}@x.test` })),
    );
    for (let at = 0; at < MEMBERS; at += 500) {
      await insertUsers(
        on(roster.pool),
        users.slice(at, at + 500).map((user) => ({ instance, user, by: BY_TEST })),
      );
    }
    const client = await clientOf(roster, instance);
    const created = await expectStatus(201, ask(client, 'POST', '/Groups', { displayName: 'All', members: [] }));
    const id = String(created.body?.['id']);
    const patch = (operations: unknown[]) =>
      expectStatus(
        200,
        ask(client, 'PATCH', `/Groups/${id}`, {
          Operations: [...operations, { op: 'replace', value: { id, displayName: 'Everybody' } }],
        }),
      );

    /** Adds its half in chunks, takes some away again, one by one as deltas do, and says who is left. */
    const push = async (seed: number, half: readonly string[]): Promise<string[]> => {
      const random = seededRandom(seed);
      const left = new Set<string>();
      for (let at = 0; at < half.length; at += CHUNK) {
        const chunk = half.slice(at, at + CHUNK);
        await patch([{ op: 'add', path: 'members', value: chunk.map((value) => ({ value, display: 'm@x.test' })) }]);
        for (const value of chunk) left.add(value);
        const gone = chunk.filter(() => random.chance(0.5));
        await patch(gone.map((value) => ({ op: 'remove', path: `members[value eq "${value}"]` })));
        for (const value of gone) left.delete(value);
      }
      return [...left];
    };
    const ids = users.map((user) => user.id);
    const [even, odd] = await Promise.all([
      push(
        1,
        ids.filter((_, n) => n % 2 === 0),
      ),
      push(
        2,
        ids.filter((_, n) => n % 2 === 1),
      ),
    ]);
    const { body } = await expectStatus(200, ask(client, 'GET', `/Groups/${id}`));
    const { members } = groupSchema.parse(body);
    assert.deepEqual(members.map(({ value }) => value).toSorted(), [...even, ...odd].toSorted());
    assert.equal(body?.['displayName'], 'Everybody');
    assert.ok(members.length < MEMBERS * 0.6 && members.length > MEMBERS * 0.4);

    await expectStatus(
      200,
      ask(client, 'PUT', `/Groups/${id}`, { displayName: 'All', members: ids.map((value) => ({ value })) }),
    );
    const whole = await expectStatus(200, ask(client, 'GET', `/Groups/${id}`));
    assert.equal(groupSchema.parse(whole.body).members.length, MEMBERS);
  });
});
