import assert from 'node:assert/strict';
import { z } from 'zod';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance } from '../../support/steps.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

const pageSchema = z.object({
  totalResults: z.int(),
  startIndex: z.int().optional(),
  itemsPerPage: z.int(),
  nextCursor: z.string().optional(),
  Resources: z.array(z.looseObject({ id: z.string(), userName: z.string() })),
});

/** Some have no title; names and titles differ in case, which sorting does not regard. */
const PEOPLE = [
  ['dora', 'Engineer', 'z@x.test'],
  ['Cleo', undefined, 'b@x.test'],
  ['adam', 'analyst', 'Y@x.test'],
  ['Bert', undefined, 'c@x.test'],
  ['emil', 'Analyst', 'a@x.test'],
  ['Élan', 'CTO', 'x@x.test'],
] as const;

describe('sorting and cursors', () => {
  let roster: TestRoster;
  let client: ScimClient;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    client = await clientOf(roster, await emptyInstance(roster.pool));
    for (const [userName, title, work] of PEOPLE) {
      const emails = [
        { value: `home-${work}`, type: 'home' },
        { value: work, type: 'work', primary: true },
      ];
      await expectStatus(201, ask(client, 'POST', '/Users', { userName, title, emails, active: userName !== 'adam' }));
    }
  });
  after(() => roster.close());

  const page = async (query: string) =>
    pageSchema.parse((await expectStatus(200, ask(client, 'GET', `/Users?${query}`))).body);
  const namesBy = async (query: string) => (await page(query)).Resources.map(({ userName }) => userName);

  for (const [query, names] of [
    ['sortBy=userName', ['adam', 'Bert', 'Cleo', 'dora', 'emil', 'Élan']],
    ['sortBy=USERNAME&sortOrder=Descending', ['Élan', 'emil', 'dora', 'Cleo', 'Bert', 'adam']],
    ['sortBy=title', ['adam', 'emil', 'Élan', 'dora', 'Cleo', 'Bert']],
    ['sortBy=title&sortOrder=descending', ['Cleo', 'Bert', 'dora', 'Élan', 'adam', 'emil']],
    ['sortBy=emails', ['emil', 'Cleo', 'Bert', 'Élan', 'adam', 'dora']],
    ['sortBy=emails.type&count=1', ['dora']],
    ['sortBy=active&count=1', ['adam']],
    ['sortBy=meta.created&sortOrder=descending&count=1', ['Élan']],
    ['sortBy=urn:ietf:params:scim:schemas:core:2.0:User:userName&count=2', ['adam', 'Bert']],
    ['sortBy=userName&startIndex=3&count=2', ['Cleo', 'dora']],
    ['sortBy=userName&filter=active eq true&count=1', ['Bert']],
    ['sortOrder=descending', ['dora', 'Cleo', 'adam', 'Bert', 'emil', 'Élan']],
  ] as const) {
    it(`${query}: ${names.join(', ')}`, async () => assert.deepEqual(await namesBy(query), names));
  }

  for (const [query, scimType] of [
    ['sortBy=nope', 'invalidPath'],
    ['sortBy=name', 'invalidPath'],
    ['sortBy=userName&sortOrder=up', 'invalidValue'],
    ['cursor=x', 'invalidCursor'],
    ['cursor=%00', 'invalidCursor'],
    ['cursor&cursor', 'invalidValue'],
  ] as const) {
    it(`${query} is refused: ${scimType}`, async () => {
      const { body } = await expectStatus(400, ask(client, 'GET', `/Users?${query}`));
      assert.equal(body?.['scimType'], scimType);
    });
  }

  for (const query of [
    '',
    'sortBy=userName',
    'sortBy=userName&sortOrder=descending',
    'sortBy=title',
    'sortBy=title&sortOrder=descending',
    'sortBy=active',
    'filter=title pr&sortBy=title',
  ]) {
    it(`pages by cursor hold everybody once, in order: ${query || 'no order'}`, async () => {
      const all = await namesBy(query);
      for (const count of [1, 2, 3, 4]) {
        const seen: string[] = [];
        let pages = 0;
        for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
          const each = await page(`${query}&count=${count}&cursor=${encodeURIComponent(cursor)}`);
          assert.equal(each.startIndex, undefined);
          assert.equal(each.totalResults, all.length);
          seen.push(...each.Resources.map(({ userName }) => userName));
          cursor = each.nextCursor;
        }
        assert.deepEqual(seen, all);
        assert.equal(pages, Math.ceil(all.length / count), 'no page is empty');
      }
    });
  }

  it('a cursor goes on where its page ended, whoever came or went since', async () => {
    const first = await page('count=2&cursor');
    const { body } = await expectStatus(201, ask(client, 'POST', '/Users', { userName: 'late' }));
    await expectStatus(204, ask(client, 'DELETE', `/Users/${first.Resources[0]?.id}`));
    const rest = await page(`count=10&cursor=${first.nextCursor}`);
    assert.deepEqual(
      rest.Resources.map(({ userName }) => userName),
      ['adam', 'Bert', 'emil', 'Élan', 'late'],
    );
    await expectStatus(204, ask(client, 'DELETE', `/Users/${String(body?.['id'])}`));
    await expectStatus(201, ask(client, 'POST', '/Users', { userName: 'dora', title: 'Engineer' }));
  });

  it('a cursor whose id was changed is refused', async () => {
    const { nextCursor = '' } = await page('count=2&cursor');
    const [mark] = z.array(z.unknown()).parse(JSON.parse(Buffer.from(nextCursor, 'base64url').toString()));
    for (const id of ['x', '', 'FFFFFFFF', null, 7]) {
      const cursor = Buffer.from(JSON.stringify([mark, id, null])).toString('base64url');
      const { body } = await expectStatus(400, ask(client, 'GET', `/Users?cursor=${cursor}`));
      assert.equal(body?.['scimType'], 'invalidCursor');
    }
  });

  it('a cursor belongs to its query', async () => {
    const { nextCursor } = await page('count=2&cursor');
    for (const other of ['sortBy=userName', 'filter=title pr']) {
      const { body } = await expectStatus(400, ask(client, 'GET', `/Users?${other}&cursor=${nextCursor}`));
      assert.equal(body?.['scimType'], 'invalidCursor');
    }
  });

  it('pages by index go on where the last one ended', async () => {
    const names = await namesBy('');
    const seen = [];
    for (let startIndex = 1; startIndex <= names.length; startIndex += 2) {
      const { totalResults, Resources } = await page(`startIndex=${startIndex}&count=2`);
      assert.equal(totalResults, names.length);
      seen.push(...Resources.map(({ userName }) => userName));
    }
    assert.deepEqual(seen, names);
  });

  it('a search says the same in its body, names in any case', async () => {
    const search = async (body: unknown) =>
      pageSchema.parse((await expectStatus(200, ask(client, 'POST', '/Users/.search', body))).body);
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'];
    const { Resources, startIndex, totalResults } = await search({
      schemas,
      Filter: 'title pr',
      sortby: 'title',
      startIndex: 2,
      count: '2',
    });
    assert.deepEqual([startIndex, totalResults], [2, 4]);
    assert.deepEqual(
      Resources.map(({ userName }) => userName),
      ['emil', 'Élan'],
    );
    const first = await search({ schemas, cursor: '', count: 5 });
    assert.equal((await search({ schemas, cursor: first.nextCursor, count: 5 })).itemsPerPage, 1);
    const { body } = await expectStatus(400, ask(client, 'POST', '/Users/.search', { schemas, count: 'many' }));
    assert.equal(body?.['scimType'], 'invalidValue');
  });
});
