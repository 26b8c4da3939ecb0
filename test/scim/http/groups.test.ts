import assert from 'node:assert/strict';
import { z } from 'zod';
import { evaluateReports, findManagers } from '../../../src/directory/managers.js';
import type { InstanceId, UserId } from '../../../src/ids.js';
import { groupRequests, groupSchema } from '../../support/groups.js';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { afterWait, converge, emptyInstance, say } from '../../support/steps.js';
import { ask, expectStatus, resourcesIn } from '../../support/validate-resource.js';

describe('groups', () => {
  let roster: TestRoster;
  let instance: InstanceId;
  let client: ScimClient;
  let [ada, bo, cy]: UserId[] = [];

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  beforeEach(async () => {
    instance = await emptyInstance(roster.pool);
    client = await clientOf(roster, instance);
    [ada, bo, cy] = await Promise.all(
      ['ada', 'bo', 'cy'].map(async (name) => {
        const { id } = await say(roster.pool, instance, { userName: `${name}@x.test`, externalId: `00u-${name}` });
        await converge(roster.pool, instance, id);
        return id;
      }),
    );
  });

  const { group, membersOf, create, patch } = groupRequests(() => client);
  const sorted = (...ids: (string | undefined)[]) => ids.map(String).toSorted();

  it('are found by name, created, read and deleted as Okta pushes them; their members stay users', async () => {
    const find = async (filter: string) =>
      (
        await expectStatus(
          200,
          ask(client, 'GET', `/Groups?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`),
        )
      ).body;
    assert.equal((await find('displayName eq "West"'))?.['totalResults'], 0);
    const id = await create({ members: [] });
    await expectStatus(200, patch(id, { op: 'add', path: 'members', value: [{ value: ada, display: 'a@x.test' }] }));
    for (const filter of [
      'displayName eq "WEST"',
      `members.value eq "${ada}"`,
      `members[value eq "${ada}" and type eq "User"]`,
      `id eq "${id}"`,
      'displayName sw "we" and meta.resourceType eq "Group"',
    ]) {
      const { totalResults, Resources } = (await find(filter)) as { totalResults: number; Resources: { id: string }[] };
      assert.deepEqual([totalResults, Resources[0]?.id], [1, id], filter);
    }
    assert.equal((await find(`members.value eq "${bo}"`))?.['totalResults'], 0);
    await expectStatus(204, ask(client, 'DELETE', `/Groups/${id}`));
    await expectStatus(404, ask(client, 'GET', `/Groups/${id}`));
    await expectStatus(404, ask(client, 'DELETE', `/Groups/${id}`));
    await expectStatus(200, ask(client, 'GET', `/Users/${ada}`));
  });

  for (const [name, operations, members, displayName] of [
    ['a rename that repeats the id', [{ op: 'replace', value: { id: 'ID', displayName: 'East' } }], ['ada'], 'East'],
    [
      'a delta',
      [
        { op: 'remove', path: 'members[value eq "ADA"]' },
        { op: 'add', path: 'members', value: [{ value: 'BO', display: 'b' }] },
      ],
      ['bo'],
      'West',
    ],
    [
      'a replacement of all members',
      [{ op: 'replace', path: 'members', value: [{ value: 'CY', display: null }] }],
      ['cy'],
      'West',
    ],
    ['a replacement by nobody', [{ op: 'replace', path: 'members', value: [] }], [], 'West'],
    [
      'members without a path',
      [{ op: 'replace', value: { members: [{ value: 'BO' }, { value: 'CY' }] } }],
      ['bo', 'cy'],
      'West',
    ],
    ['Entra’s removal by value', [{ op: 'Remove', path: 'members', value: [{ value: 'ADA' }] }], [], 'West'],
    [
      'an addition of whom it has',
      [{ op: 'Add', path: 'members', value: [{ value: 'ADA' }, { value: 'ADA' }] }],
      ['ada'],
      'West',
    ],
    [
      'a rename with a delta',
      [
        { op: 'replace', value: { displayName: 'W' } },
        { op: 'add', path: 'members', value: [{ value: 'CY' }] },
      ],
      ['ada', 'cy'],
      'W',
    ],
    ['a removal of all', [{ op: 'remove', path: 'members' }], [], 'West'],
  ] as const) {
    it(`${name} does what it says`, async () => {
      const id = await create({ members: [{ value: ada }] });
      const ids: Record<string, string | undefined> = { ADA: ada, BO: bo, CY: cy, ID: id };
      const body = JSON.stringify(operations).replaceAll(/ADA|BO|CY|ID/g, (word) => String(ids[word]));
      await expectStatus(200, patch(id, ...(JSON.parse(body) as unknown[])));
      const now = await group(id);
      assert.equal(now.displayName, displayName);
      assert.deepEqual(
        now.members.map(({ value }) => value).toSorted(),
        sorted(...members.map((member) => ids[member.toUpperCase()])),
      );
    });
  }

  it('a PUT is the whole group, and of what was read changes nothing', async () => {
    const id = await create({ externalId: 'g1', members: [{ value: ada }, { value: 'nobody@x.test' }] });
    const before = await group(id);
    const same = groupSchema.parse((await expectStatus(200, ask(client, 'PUT', `/Groups/${id}`, before))).body);
    assert.deepEqual(same, before);
    await expectStatus(200, ask(client, 'PUT', `/Groups/${id}`, { displayName: 'North', members: [{ value: cy }] }));
    const after = await group(id);
    assert.deepEqual([after.displayName, after['externalId']], ['North', undefined]);
    assert.deepEqual(await membersOf(id), [cy]);
    await expectStatus(400, ask(client, 'PUT', `/Groups/${id}`, { members: [] }));
  });

  it('members who are not known yet are kept, and join when somebody fits', async () => {
    const id = await create({ members: [{ value: '00u-dee' }, { value: 'EVE@x.test' }, { value: 'dee@x.test' }] });
    assert.deepEqual(await membersOf(id), ['00u-dee', 'EVE@x.test', 'dee@x.test']);
    const dee = await say(roster.pool, instance, { userName: 'dee@x.test', externalId: '00u-dee' });
    await converge(roster.pool, instance, dee.id);
    assert.deepEqual(await membersOf(id), sorted('EVE@x.test', dee.id), 'two names of one user are one member');
    const eve = await say(roster.pool, instance, { userName: 'eve@x.test' });
    await converge(roster.pool, instance, eve.id);
    assert.deepEqual(await membersOf(id), sorted(dee.id, eve.id));
    await expectStatus(
      200,
      patch(id, { op: 'add', path: 'members', value: [{ value: '00u-ada' }, { value: 'BO@x.test' }] }),
    );
    assert.deepEqual(await membersOf(id), sorted(ada, bo, dee.id, eve.id), 'whoever is known is found at once');
  });

  it('a member who is named while its account is being made joins all the same', async () => {
    const { id: eve } = await say(roster.pool, instance, { userName: 'eve@x.test' });
    const client = await roster.pool.connect();
    let id = '';
    try {
      await client.query('begin');
      await client.query('select apply_accounts($1, $2, $3)', [instance, [eve], [1]]);
      id = await create({ members: [{ value: 'eve@x.test' }] });
      assert.deepEqual(await membersOf(id), ['eve@x.test']);
      await client.query('commit');
    } finally {
      client.release();
    }
    // What its run does after the step that made the account.
    await evaluateReports(roster.pool, instance, [eve], undefined);
    await findManagers(roster.pool, instance, [{ userId: eve, version: 1 }]);
    await afterWait(roster.pool, instance, eve);
    assert.deepEqual(await membersOf(id), [eve]);
  });

  it('a name that was a deleted user’s waits for the next who has it', async () => {
    const [gone] = [await say(roster.pool, instance, { userName: 'gone@x.test' })];
    await converge(roster.pool, instance, gone.id);
    const before = await create({ members: [{ value: gone.id }] });
    const { headers } = await ask(client, 'GET', `/Groups/${before}`);
    await expectStatus(204, ask(client, 'DELETE', `/Users/${gone.id}`));
    await converge(roster.pool, instance, gone.id);
    await expectStatus(
      200,
      ask(client, 'GET', `/Groups/${before}`, undefined, { 'If-None-Match': String(headers.get('etag')) }),
    );
    const id = await create({ members: [{ value: 'gone@x.test' }] });
    assert.deepEqual(await membersOf(id), ['gone@x.test']);
    const next = await say(roster.pool, instance, { userName: 'gone@x.test' });
    await converge(roster.pool, instance, next.id);
    assert.deepEqual(await membersOf(id), [next.id]);
  });

  it('a create whose answer from PostgreSQL is lost is found by reading back, and makes no second group', async () => {
    await create({ displayName: 'warm', members: [{ value: 'x@x.test' }] });
    for (const [cut, displayName] of [
      ['commit', 'North'],
      ['resolve_members', 'South'],
    ] as const) {
      roster.proxy.set({ cut, after: 'pass' });
      await create({ displayName, members: [{ value: 'x@x.test' }] });
      roster.proxy.set('pass');
      const filter = encodeURIComponent(`displayName eq "${displayName}"`);
      assert.equal((await ask(client, 'GET', `/Groups?filter=${filter}`)).body?.['totalResults'], 1, cut);
    }
  });

  it('a cursor that is none of ours is refused, and a list without members reads none', async () => {
    const id = await create({ members: [{ value: ada }] });
    for (const cursor of ['bad', Buffer.from('["x","x",null]').toString('base64url')]) {
      await expectStatus(400, ask(client, 'GET', `/Groups?cursor=${cursor}`));
    }
    const { body } = await expectStatus(200, ask(client, 'GET', '/Groups?excludedAttributes=members&cursor&count=1'));
    const [first] = z.array(z.looseObject({ id: z.string() })).parse(body?.['Resources']);
    assert.deepEqual([first?.id, first?.['members']], [id, undefined]);
  });

  it('a user shows the groups it is in, wherever it is shown, and cannot set them', async () => {
    await expectStatus(200, ask(client, 'GET', '/Users'));
    const [west, east] = [
      await create({ members: [{ value: ada }] }),
      await create({ displayName: 'East', members: [{ value: ada }, { value: bo }] }),
    ];
    const expected = [
      { value: west, $ref: `../Groups/${west}`, display: 'West', type: 'direct' },
      { value: east, $ref: `../Groups/${east}`, display: 'East', type: 'direct' },
    ];
    const groupsIn = (user: unknown) => (user as { groups?: unknown }).groups;
    const one = await expectStatus(200, ask(client, 'GET', `/Users/${ada}`));
    assert.deepEqual(groupsIn(one.body), expected);
    for (const query of [
      '',
      `?filter=${encodeURIComponent('userName eq "ada@x.test"')}`,
      `?filter=${encodeURIComponent(`groups.value eq "${west}"`)}`,
      '?sortBy=userName&count=1',
      '?cursor&count=1&sortBy=userName',
    ]) {
      const { body } = await expectStatus(200, ask(client, 'GET', `/Users${query}`));
      const [first] = z.array(z.unknown()).parse(body?.['Resources']);
      assert.deepEqual(groupsIn(first), expected, query);
    }
    const put = await expectStatus(200, ask(client, 'PUT', `/Users/${ada}`, { ...one.body, title: 'VP', groups: [] }));
    assert.deepEqual(groupsIn(put.body), expected);
    // The tag changes with the groups, though the user's version does not; changes are held against it too.
    const withBoth = String(put.headers.get('etag'));
    const asKnown = { 'If-None-Match': withBoth };
    await expectStatus(304, ask(client, 'GET', `/Users/${ada}`, undefined, asKnown));
    const found = await ask(
      client,
      'GET',
      `/Users?filter=${encodeURIComponent(`meta.version eq ${JSON.stringify(withBoth)}`)}`,
    );
    assert.deepEqual(
      resourcesIn(found).map(({ id }) => id),
      [ada],
    );
    await expectStatus(
      200,
      ask(client, 'PATCH', `/Groups/${west}`, { Operations: [{ op: 'remove', path: 'members' }] }),
    );
    await expectStatus(200, ask(client, 'GET', `/Users/${ada}`, undefined, asKnown));
    await expectStatus(412, ask(client, 'PUT', `/Users/${ada}`, { userName: 'x' }, { 'If-Match': withBoth }));
    const { body } = await expectStatus(200, ask(client, 'GET', `/Users/${cy}`));
    assert.equal(groupsIn(body), undefined);
    await expectStatus(204, ask(client, 'DELETE', `/Users/${ada}`));
    assert.deepEqual(await membersOf(east), [bo], 'who is deleted is in no group');
  });

  it('references lead from a user to its groups, and from a group to its members', async () => {
    const id = await create({ members: [{ value: bo }, { value: 'nobody yet' }] });
    const { body: group } = await expectStatus(200, ask(client, 'GET', `/Groups/${id}`));
    const located = z.looseObject({ id: z.string(), meta: z.object({ location: z.url() }) });
    const { meta, members } = located
      .extend({ members: z.array(z.looseObject({ value: z.string(), $ref: z.string().optional() })) })
      .parse(group);
    assert.deepEqual(
      new Map(members.map(({ value, $ref }) => [value, $ref])),
      new Map([
        [bo, `../Users/${bo}`],
        ['nobody yet', undefined],
      ]),
    );
    const follow = async (reference: string, from: string) => {
      const url = new URL(reference, from).href.slice(client.scimUrl.length);
      return located.loose().parse((await expectStatus(200, ask(client, 'GET', url))).body);
    };
    const user = await follow(`../Users/${bo}`, meta.location);
    assert.equal(user.id, bo);
    assert.equal((await follow(`../Groups/${id}`, user.meta.location)).id, id);
    const found = await ask(client, 'GET', `/Groups?filter=${encodeURIComponent(`members.$ref ew "${bo}"`)}`);
    assert.ok(resourcesIn(found).some((one) => one.id === id));
    await expectStatus(204, ask(client, 'DELETE', `/Groups/${id}`));
  });

  it('another instance’s group and users are unknown', async () => {
    const id = await create({ members: [{ value: ada }] });
    const stranger = await clientOf(roster, await emptyInstance(roster.pool));
    for (const [method, body] of [
      ['GET'],
      ['PUT', { displayName: 'x' }],
      ['PATCH', { Operations: [{ op: 'remove', path: 'members' }] }],
      ['DELETE'],
    ] as const) {
      await expectStatus(404, ask(stranger, method, `/Groups/${id}`, body));
    }
    const made = await expectStatus(
      201,
      ask(stranger, 'POST', '/Groups', { displayName: 'x', members: [{ value: ada }, { value: '00u-ada' }] }),
    );
    assert.ok(
      groupSchema.parse(made.body).members.every(({ type }) => type === undefined),
      'nobody of another instance',
    );
    assert.deepEqual(await membersOf(id), [ada]);
  });

  it('a search at the root finds users and then groups, as one list', async () => {
    await create({ displayName: 'ada and friends' });
    const search = async (body: Record<string, unknown>) =>
      (await expectStatus(200, ask(client, 'POST', '/.search', body))).body as {
        totalResults: number;
        Resources: { meta: { resourceType: string } }[];
      };
    const types = ({ Resources }: { Resources: { meta: { resourceType: string } }[] }) =>
      Resources.map(({ meta }) => meta.resourceType);
    const all = await search({});
    assert.deepEqual([all.totalResults, types(all)], [4, ['User', 'User', 'User', 'Group']]);
    assert.deepEqual(types(await search({ startIndex: 3, count: 2 })), ['User', 'Group']);
    assert.deepEqual(types(await search({ startIndex: 4 })), ['Group']);
    assert.deepEqual(types(await search({ filter: 'userName pr', count: 1 })), ['User']);
    assert.equal((await search({ sortBy: 'userName' })).totalResults, 4, 'groups have no userName, and come unsorted');
    await expectStatus(400, ask(client, 'POST', '/.search', { sortBy: 'nope' }));
    assert.deepEqual(types(await search({ filter: 'members pr or displayName co "ada"' })), ['Group']);
    const refused = await expectStatus(400, ask(client, 'POST', '/.search', { filter: 'nope eq "x"' }));
    assert.equal(refused.body?.['scimType'], 'invalidFilter');
  });
});
