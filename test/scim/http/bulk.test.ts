import assert from 'node:assert/strict';
import { z } from 'zod';
import { BULK_LIMITS } from '../../../src/scim/protocol/bulk.js';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

const outcomeSchema = z.looseObject({
  method: z.string().optional(),
  bulkId: z.string().optional(),
  status: z.string(),
  location: z.string().optional(),
  version: z.string().optional(),
  response: z.looseObject({ detail: z.string() }).optional(),
});
const answerSchema = z.object({
  schemas: z.tuple([z.literal('urn:ietf:params:scim:api:messages:2.0:BulkResponse')]),
  Operations: z.array(outcomeSchema),
});

describe('bulk', () => {
  let roster: TestRoster;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  let round = 0;
  beforeEach(() => round++);

  const bulk = async (Operations: unknown[], more: Record<string, unknown> = {}) =>
    answerSchema.parse(
      (
        await expectStatus(
          200,
          ask(roster, 'POST', '/Bulk', {
            schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
            Operations,
            ...more,
          }),
        )
      ).body,
    ).Operations;
  const newUser = (name: string, more: Record<string, unknown> = {}) => ({
    method: 'POST',
    path: '/Users',
    bulkId: name,
    data: { userName: `${name}-${round}@x.test`, ...more },
  });
  const idIn = (location: string | undefined): string => String(location?.split('/').at(-1));
  const statuses = (outcomes: readonly { status: string }[]) => outcomes.map(({ status }) => status);

  it('does each operation, and answers them in their order', async () => {
    const [created] = await bulk([newUser('ada')]);
    const id = idIn(created?.location);
    const outcomes = await bulk([
      { method: 'PATCH', path: `/Users/${id}`, data: { Operations: [{ op: 'replace', value: { title: 'VP' } }] } },
      newUser('bo'),
      { method: 'put', path: `/Users/${id}`, data: { userName: `ada-${round}@x.test`, title: 'CEO' } },
      { method: 'DELETE', path: `/Users/${id}`, version: 'W/"3"' },
    ]);
    assert.deepEqual(statuses(outcomes), ['200', '201', '200', '204']);
    assert.deepEqual(
      outcomes.map(({ version }) => version),
      ['W/"2"', 'W/"1"', 'W/"3"', undefined],
    );
    assert.equal(outcomes[1]?.bulkId, 'bo');
    await expectStatus(404, ask(roster, 'GET', `/Users/${id}`));
  });

  it('puts ids in place of bulkIds, in whatever order they stand, in data and in paths', async () => {
    const outcomes = await bulk([
      {
        method: 'PATCH',
        path: '/Users/bulkId:ada',
        data: { Operations: [{ op: 'replace', value: { title: 'CTO' } }] },
      },
      {
        method: 'POST',
        path: '/Groups',
        bulkId: 'g',
        data: { displayName: 'G', members: [{ value: 'bulkId:ada' }, { value: 'bulkId:bo' }] },
      },
      newUser('ada', { [ENTERPRISE_USER_SCHEMA]: { manager: { value: 'bulkId:bo' } } }),
      newUser('bo'),
    ]);
    assert.deepEqual(statuses(outcomes), ['200', '201', '201', '201']);
    const [ada, bo] = [idIn(outcomes[2]?.location), idIn(outcomes[3]?.location)];
    const { body: user } = await expectStatus(200, ask(roster, 'GET', `/Users/${ada}`));
    assert.equal(user?.['title'], 'CTO');
    assert.deepEqual(user?.[ENTERPRISE_USER_SCHEMA], { manager: { value: bo } });
    const { body: group } = await expectStatus(200, ask(roster, 'GET', `/Groups/${idIn(outcomes[1]?.location)}`));
    const members = z.array(z.looseObject({ value: z.string() })).parse(group?.['members']);
    assert.deepEqual(new Set(members.map(({ value }) => value)), new Set([ada, bo]));
    assert.equal(outcomes[0]?.location, `${roster.scimUrl}/Users/${ada}`);
  });

  it('puts ids into the path of a PATCH, and leaves a title that looks like a bulkId as it is', async () => {
    const outcomes = await bulk([
      newUser('ada', { title: 'bulkId:x' }),
      {
        method: 'POST',
        path: '/Groups',
        bulkId: 'g',
        data: { displayName: 'G', members: [{ $ref: '../Users/bulkId:ada' }, { $ref: 'bulkId:ada' }] },
      },
      {
        method: 'PATCH',
        path: '/Groups/bulkId:g',
        data: { Operations: [{ op: 'remove', path: 'members[value eq "bulkId:ada"]' }] },
      },
      {
        method: 'PATCH',
        path: '/Users/bulkId:ada',
        data: { Operations: [{ op: 'replace', path: 'nickName', value: 'bulkId:y' }] },
      },
    ]);
    assert.deepEqual(statuses(outcomes), ['201', '201', '200', '200']);
    const { body: user } = await expectStatus(200, ask(roster, 'GET', `/Users/${idIn(outcomes[0]?.location)}`));
    assert.deepEqual([user?.['title'], user?.['nickName']], ['bulkId:x', 'bulkId:y']);
    const { body: group } = await expectStatus(200, ask(roster, 'GET', `/Groups/${idIn(outcomes[1]?.location)}`));
    assert.equal(group?.['members'], undefined);
  });

  it('refuses a circle of bulkIds clearly, and nothing else', async () => {
    const manager = (bulkId: string) => ({ [ENTERPRISE_USER_SCHEMA]: { manager: { value: `bulkId:${bulkId}` } } });
    const outcomes = await bulk([
      newUser('a', manager('b')),
      newUser('b', manager('a')),
      newUser('self', manager('self')),
      newUser('fine'),
      newUser('lost', manager('nobody')),
    ]);
    assert.deepEqual(statuses(outcomes), ['409', '409', '409', '201', '400']);
    assert.match(String(outcomes[1]?.response?.detail), /circle/);
  });

  it('one bad operation takes no others with it', async () => {
    const outcomes = await bulk([
      newUser('ada'),
      newUser('ada'),
      { method: 'GET', path: '/Users' },
      { method: 'POST', path: '/Users', data: { userName: 'x' } },
      { method: 'POST', path: '/Users', bulkId: 'bad', data: { userName: 7_000, active: 'maybe' } },
      { method: 'PUT', path: '/Users/bulkId:bad', data: { userName: 'x' } },
      { method: 'DELETE', path: '/Users/unknown' },
      { method: 'POST', path: '/Nothing', bulkId: 'n', data: {} },
      { method: 'POST', path: '/Users/.search', bulkId: 's', data: {} },
      'nonsense',
      newUser('bo'),
    ]);
    assert.deepEqual(statuses(outcomes), ['201', '400', '400', '400', '400', '409', '404', '404', '405', '400', '201']);
    const taken = await bulk([newUser('ada'), newUser('cy')]);
    assert.deepEqual(statuses(taken), ['409', '201']);
    assert.equal(taken[0]?.response?.['scimType'], 'uniqueness');
  });

  it('stops after failOnErrors, and says nothing of what it did not do', async () => {
    const bad = { method: 'DELETE', path: '/Users/unknown' };
    assert.deepEqual(statuses(await bulk([newUser('a'), bad, newUser('b'), bad, newUser('c')], { failOnErrors: 2 })), [
      '201',
      '404',
      '201',
      '404',
    ]);
    assert.deepEqual(statuses(await bulk([bad, newUser('d')], { failOnErrors: 1 })), ['404']);
    const lost = { method: 'PATCH', path: '/Users/bulkId:nobody', data: {} };
    assert.deepEqual(
      statuses(await bulk([lost, newUser('d')], { failOnErrors: 1 })),
      ['400'],
      'nor after a lost bulkId',
    );
    await expectStatus(201, ask(roster, 'POST', '/Users', { userName: `c-${round}@x.test` }));
  });

  it('does operations that depend on each other in their order', async () => {
    const [created] = await bulk([newUser('ada')]);
    const path = `/Users/${idIn(created?.location)}`;
    const outcomes = await bulk([
      { method: 'DELETE', path },
      newUser('ada'),
      { method: 'PUT', path, data: { userName: 'x' } },
    ]);
    assert.deepEqual(statuses(outcomes), ['204', '201', '404']);
    assert.equal(outcomes[2]?.location, `${roster.scimUrl}${path}`);
  });

  it('does operations on one resource in their order', async () => {
    const [created] = await bulk([newUser('ada')]);
    const path = `/Users/${idIn(created?.location)}`;
    const titles = Array.from({ length: 30 }, (_, n) => `title ${n}`);
    await bulk(
      titles.map((title) => ({ method: 'PATCH', path, data: { Operations: [{ op: 'replace', value: { title } }] } })),
    );
    const { body } = await expectStatus(200, ask(roster, 'GET', path));
    assert.equal(body?.['title'], 'title 29');
  });

  it('holds to what is advertised: operations and bytes, at the limit and beyond', async function () {
    this.timeout(60_000);
    const { body } = await expectStatus(200, ask(roster, 'GET', '/ServiceProviderConfig'));
    assert.deepEqual(body?.['bulk'], { supported: true, ...BULK_LIMITS });
    const { maxOperations, maxPayloadSize } = BULK_LIMITS;
    const users = Array.from({ length: maxOperations }, (_, n) => newUser(`many${n}`));
    const outcomes = await bulk(users);
    assert.ok(outcomes.length === maxOperations && outcomes.every(({ status }) => status === '201'));
    const more = await expectStatus(413, ask(roster, 'POST', '/Bulk', { Operations: [...users, newUser('last')] }));
    assert.equal(more.body?.['scimType'], 'tooMany');
    const padded = (bytes: number): string => {
      const text = JSON.stringify({ Operations: [{ method: 'DELETE', path: '/Users/x' }], pad: '' });
      return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`);
    };
    await expectStatus(200, ask(roster, 'POST', '/Bulk', padded(maxPayloadSize)));
    await expectStatus(413, ask(roster, 'POST', '/Bulk', padded(maxPayloadSize + 1)));
  });

  for (const [name, body] of [
    ['no operations', {}],
    ['an empty list', { Operations: [] }],
    ['failOnErrors of 0', { Operations: [{}], failOnErrors: 0 }],
  ] as const) {
    it(`refuses ${name}`, async () => {
      await expectStatus(400, ask(roster, 'POST', '/Bulk', body));
    });
  }
});
