import assert from 'node:assert/strict';
import type { InstanceId } from '../../../src/ids.js';
import { scimRoutes } from '../../../src/scim/routes/scim-routes.js';
import { createLog } from '../../../src/telemetry/log.js';
import { type Answer, scim } from '../../support/http.js';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance } from '../../support/steps.js';
import { expectStatus } from '../../support/validate-resource.js';

interface Customer extends ScimClient {
  readonly instance: InstanceId;
  readonly user: string;
  readonly group: string;
}

const NOBODY = '0190b2c4-0000-7000-8000-000000000001';

/** A body for each verb that takes one, which would do something if the id were its client's. */
const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  PUT: { userName: 'taken@x.test', displayName: 'taken', active: false, members: [{ value: NOBODY }] },
  PATCH: { Operations: [{ op: 'replace', value: { active: false, displayName: 'taken' } }] },
};

/** Every route, as the router has them, so that a new one is tried by itself. */
const ROUTES = (roster: TestRoster) =>
  scimRoutes({
    pool: roster.pool,
    listPool: roster.pool,
    log: createLog({ logLevel: 'silent' }, 'server'),
    keepRefusedChange: async () => undefined,
    onWritten: () => undefined,
  });

describe('with another instance’s token', () => {
  let roster: TestRoster;
  let acme: Customer;
  let globex: Customer;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    [acme, globex] = [await customer('acme'), await customer('globex')];
  });
  after(() => roster.close());

  async function customer(name: string): Promise<Customer> {
    const instance = await emptyInstance(roster.pool);
    const client = await clientOf(roster, instance);
    const idOf = async (path: string, body: unknown) =>
      String((await expectStatus(201, scim(client, 'POST', path, body))).body?.['id']);
    const user = await idOf('/Users', { userName: `${name}@x.test`, externalId: `00u-${name}` });
    const group = await idOf('/Groups', { displayName: `${name} group`, members: [{ value: user }] });
    return { instance, user, group, ...client };
  }

  const seen = async ({ instance }: Customer): Promise<unknown> => {
    const { rows } = await roster.pool.query(
      `select u.resource, a.status, g.version, g.display_name, m.member_key
       from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
       join groups g on g.instance_id = u.instance_id join group_members m on m.instance_id = u.instance_id
       where u.instance_id = $1`,
      [instance],
    );
    return rows;
  };
  const without = ({ status, text }: Answer, ...ids: string[]): [number, string] => [
    status,
    ids.reduce((left, id) => left.replaceAll(id, 'ID'), text),
  ];

  it('each route answers to each kind of id as to one that nobody has, and changes nothing', async () => {
    const before = await seen(globex);
    let tried = 0;
    for (const { path, handlers } of ROUTES(roster)) {
      if (!path.endsWith('/:id')) continue;
      for (const verb of Object.keys(handlers)) {
        for (const id of [globex.user, globex.group, '00u-globex', 'globex@x.test', globex.instance]) {
          const at = (named: string) => scim(acme, verb, path.replace(':id', named), BODIES[verb]);
          const [foreign, unknown] = [await at(id), await at(NOBODY)];
          assert.deepEqual(without(foreign, id), without(unknown, NOBODY), `${verb} ${path} ${id}`);
          assert.equal(foreign.status, 404);
          tried++;
        }
      }
    }
    assert.ok(tried > 40);
    assert.deepEqual(await seen(globex), before);
  });

  it('no list and no search finds anything of the other', async () => {
    for (const { path, handlers } of ROUTES(roster)) {
      if (/^\/(?:Schemas|ResourceTypes|ServiceProviderConfig|Me|Bulk)/.test(path) || path.endsWith('/:id')) continue;
      for (const filter of [
        `id eq "${globex.user}"`,
        `id eq "${globex.group}"`,
        'externalId eq "00u-globex"',
        'meta.resourceType pr',
        ...(path.includes('Groups') ? [`members.value eq "${globex.user}"`, 'displayName co "globex"'] : []),
        ...(path.includes('Users') ? ['userName eq "globex@x.test"', `groups.value eq "${globex.group}"`] : []),
      ]) {
        const answer = path.endsWith('.search')
          ? await scim(acme, 'POST', path, { filter })
          : 'GET' in handlers
            ? await scim(acme, 'GET', `${path}?filter=${encodeURIComponent(filter)}`)
            : undefined;
        if (answer === undefined) continue;
        assert.equal(answer.status, 200, `${path} ${answer.text}`);
        assert.ok(!answer.text.includes('globex') && !answer.text.includes(globex.user), `${path} ${filter}`);
      }
    }
  });

  it('no operation of a Bulk request reaches the other, and its names are free', async () => {
    const before = await seen(globex);
    const { body } = await scim(acme, 'POST', '/Bulk', {
      Operations: [
        ...['PUT', 'PATCH', 'DELETE'].flatMap((method) => [
          { method, path: `/Users/${globex.user}`, data: BODIES[method] ?? {} },
          { method, path: `/Groups/${globex.group}`, data: BODIES[method] ?? {} },
        ]),
        { method: 'POST', path: '/Users', bulkId: 'u', data: { userName: 'globex@x.test', externalId: '00u-globex' } },
        { method: 'POST', path: '/Groups', bulkId: 'g', data: { displayName: 'x', members: [{ value: globex.user }] } },
      ],
    });
    const outcomes = body?.['Operations'] as { status: string }[];
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [...Array.from({ length: 6 }, () => '404'), '201', '201'],
    );
    assert.deepEqual(await seen(globex), before);
  });

  it('not even the time tells a foreign id from one that nobody has', async function () {
    this.timeout(60_000);
    // A name that both have and one that only the asker has: refused in the same time.
    for (const userName of ['globex@x.test', 'of acme alone']) await scim(acme, 'POST', '/Users', { userName });
    const taken = { foreign: [] as number[], unknown: [] as number[] };
    for (let n = 0; n < 200; n++) {
      for (const [kind, userName] of [
        ['foreign', 'globex@x.test'],
        ['unknown', 'of acme alone'],
      ] as const) {
        const began = performance.now();
        const { status } = await scim(acme, 'POST', '/Users', { userName });
        taken[kind].push(performance.now() - began);
        assert.equal(status, 409);
      }
    }
    const median = (times: number[]): number => times.toSorted((one, other) => one - other)[times.length >> 1] ?? 0;
    assert.ok(Math.abs(median(taken.foreign) - median(taken.unknown)) < 2, '409');
    for (const path of ['/Users/', '/Groups/']) {
      const times = { foreign: [] as number[], unknown: [] as number[] };
      const foreignId = path === '/Users/' ? globex.user : globex.group;
      for (let n = 0; n < 200; n++) {
        for (const [kind, id] of [
          ['foreign', foreignId],
          ['unknown', NOBODY],
        ] as const) {
          const began = performance.now();
          await scim(acme, 'GET', `${path}${id}`);
          times[kind].push(performance.now() - began);
        }
      }
      const apart = Math.abs(median(times.foreign) - median(times.unknown));
      assert.ok(apart < 2, `${path}: ${apart} ms between the medians`);
    }
  });
});
