import assert from 'node:assert/strict';
import type { InstanceId } from '../../../src/ids.js';
import { groupRequests } from '../../support/groups.js';
import { untilBlocked } from '../../support/interleave.js';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance, say } from '../../support/steps.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('groups that are large, or changed by many at once', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let client: ScimClient;
  let instance: InstanceId;
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  beforeEach(async () => {
    instance = await emptyInstance(roster.pool);
    client = await clientOf(roster, instance);
  });
  const { group, membersOf, create, patch } = groupRequests(() => client);
  const user = async (name: string): Promise<string> =>
    (await say(roster.pool, instance, { userName: `${name}@x.test` })).id;

  it('parallel changes by two clients lose nobody', async () => {
    const id = await create();
    const references = (from: number) =>
      Array.from({ length: 400 }, (_, n) => `00u-${String(from + n).padStart(5, '0')}`);
    const push = async (all: string[]) => {
      for (let at = 0; at < all.length; at += 100) {
        const value = all.slice(at, at + 100).map((each) => ({ value: each }));
        await expectStatus(
          200,
          patch(id, { op: 'add', path: 'members', value }, { op: 'replace', value: { displayName: 'West' } }),
        );
      }
    };
    const [one, two, three] = [references(0), references(1_000), references(2_000)];
    await Promise.all([push(one), push(two), push(three)]);
    assert.deepEqual(await membersOf(id), [...one, ...two, ...three].toSorted());
  });

  it('of two changes with the same tag one wins', async () => {
    const id = await create();
    const headers = { 'If-Match': 'W/"1"' };
    const answers = await Promise.all(
      (await Promise.all(['ada', 'bo', 'cy'].map(user))).map((value) =>
        ask(
          client,
          'PATCH',
          `/Groups/${id}`,
          { Operations: [{ op: 'add', path: 'members', value: [{ value }] }] },
          headers,
        ),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => String(status)).toSorted(), ['200', '412', '412']);
    assert.equal((await membersOf(id)).length, 1);
  });

  it('whoever waits for a group holds up nobody else', async () => {
    const id = await create();
    const other = await clientOf(roster, await emptyInstance(roster.pool));
    const holder = await roster.pool.connect();
    try {
      await holder.query('begin');
      await holder.query('select from groups where id = $1 for update', [id]);
      const waiting = Array.from({ length: 30 }, (_, n) =>
        ask(client, 'PATCH', `/Groups/${id}`, {
          Operations: [{ op: 'add', path: 'members', value: [{ value: `w${n}` }] }],
        }),
      );
      await untilBlocked(roster, 2);
      for (const path of ['/Groups', '/Users', '/Users?filter=title+pr', `/Groups/${id}`]) {
        const { status } = await ask(other, 'GET', path);
        assert.ok(status === 200 || status === 404, `${path}: ${status}`);
      }
      await expectStatus(200, ask(client, 'GET', `/Users/${await user('ada')}`));
      await expectStatus(201, ask(client, 'POST', '/Users', { userName: 'meanwhile@x.test' }));
      await holder.query('rollback');
      for (const { status, text } of await Promise.all(waiting)) assert.equal(status, 200, text);
    } finally {
      holder.release();
    }
    assert.equal((await membersOf(id)).length, 30);
    await expectStatus(204, ask(client, 'DELETE', `/Groups/${id}`));
  });

  it('20,000 members by PUT', async () => {
    const id = await create();
    const members = Array.from({ length: 20_000 }, (_, n) => ({
      value: `00u${String(n).padStart(17, '0')}`,
      display: `m${n}@x.test`,
    }));
    await expectStatus(
      200,
      ask(client, 'PUT', `/Groups/${id}`, { displayName: 'All', members: [...members, { value: await user('ada') }] }),
    );
    assert.equal((await group(id)).members.length, 20_001);
    await expectStatus(200, patch(id, { op: 'remove', path: 'members[value eq "00u00000000000000007"]' }));
    assert.equal((await group(id)).members.length, 20_000);
  });

  it('a body of 16 MiB is taken, and one byte more is not', async () => {
    const id = await create();
    const limit = 16 * 1024 * 1024;
    const padded = (bytes: number): string => {
      const text = JSON.stringify({ displayName: 'West', pad: '' });
      return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`);
    };
    for (const [bytes, status] of [
      [limit - 1, 200],
      [limit, 200],
      [limit + 1, 413],
    ] as const) {
      await expectStatus(status, ask(client, 'PUT', `/Groups/${id}`, padded(bytes)));
    }
  });
});
