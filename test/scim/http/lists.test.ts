import assert from 'node:assert/strict';
import { z } from 'zod';
import { clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance, say } from '../../support/steps.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

const pageSchema = z.object({
  totalResults: z.int(),
  startIndex: z.int(),
  itemsPerPage: z.int(),
  Resources: z.array(z.looseObject({ id: z.string(), userName: z.string().optional() })),
});
type Page = z.infer<typeof pageSchema>;

describe('lists of users', () => {
  let roster: TestRoster;
  /** Client of an instance with these 25 and nobody else. */
  let people: ScimClient;
  const names = Array.from({ length: 25 }, (_, index) => `person-${String(index).padStart(2, '0')}@x.test`);

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    people = await clientOf(roster, await emptyInstance(roster.pool));
    for (const userName of names) await create(people, userName);
  });
  after(() => roster.close());

  const create = (client: Pick<ScimClient, 'scimUrl' | 'scimToken'>, userName: string) =>
    expectStatus(201, ask(client, 'POST', '/Users', { userName, title: 'AE' }));
  const page = async (query: string, client: Pick<ScimClient, 'scimUrl' | 'scimToken'> = people) =>
    pageSchema.parse((await expectStatus(200, ask(client, 'GET', `/Users${query}`))).body);
  const namesIn = ({ Resources }: Page) => Resources.map(({ userName }) => userName);

  for (const [query, from, to, startIndex] of [
    ['', 0, 25, 1],
    ['?startIndex=1&count=2', 0, 2, 1],
    ['?startIndex=1&count=100', 0, 25, 1],
    ['?startIndex=0&count=3', 0, 3, 1],
    ['?startIndex=-7&count=3', 0, 3, 1],
    ['?startIndex=24', 23, 25, 24],
    ['?startIndex=25&count=1', 24, 25, 25],
    ['?startIndex=26', 0, 0, 26],
    ['?startIndex=9999999999', 0, 0, 9_999_999_999],
    ['?count=0', 0, 0, 1],
    ['?count=-1', 0, 0, 1],
    ['?count=201', 0, 25, 1],
    ['?count=99999999999999999999', 0, 25, 1],
  ] as const) {
    it(`${query || 'no parameters'}: ${to - from} of 25, from ${startIndex}`, async () => {
      const { totalResults, startIndex: first, itemsPerPage, ...rest } = await page(query);
      assert.deepEqual([totalResults, first, itemsPerPage], [25, startIndex, to - from]);
      assert.deepEqual(
        rest.Resources.map(({ userName }) => userName),
        names.slice(from, to),
      );
    });
  }

  it('pages hold everybody once, in one order, while others are created', async () => {
    const client = await clientOf(roster, await emptyInstance(roster.pool));
    for (let index = 0; index < 30; index += 1) await create(client, `before-${index}`);
    const seen: (string | undefined)[] = [];
    for (let startIndex = 1; startIndex <= 30; startIndex += 10) {
      const [found] = await Promise.all([
        page(`?startIndex=${startIndex}&count=10`, client),
        create(client, `meanwhile-${startIndex}`),
      ]);
      seen.push(...namesIn(found));
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 30 }, (_, index) => `before-${index}`),
    );
  });

  it('a full page never shows more people than totalResults says there are', async () => {
    const client = await clientOf(roster, await emptyInstance(roster.pool));
    await create(client, 'first');
    assert.equal((await page('?count=0', client)).totalResults, 1);
    for (const userName of ['second', 'third']) await create(client, userName);
    const { totalResults, itemsPerPage } = await page('?count=3', client);
    assert.deepEqual([totalResults, itemsPerPage], [3, 3]);
  });

  it('a page holds as many as is advertised, at most', async () => {
    const { body: config } = await ask(roster, 'GET', '/ServiceProviderConfig');
    const most = 200;
    assert.deepEqual(config?.['filter'], { supported: true, maxResults: most });
    assert.deepEqual(config['pagination'], {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: most,
    });
    const instance = await emptyInstance(roster.pool);
    const client = await clientOf(roster, instance);
    for (let index = 0; index <= most; index += 1) await say(roster.pool, instance, { userName: `many-${index}` });
    for (const count of [most - 1, most, most + 1]) {
      for (const query of [`?count=${count}`, `?count=${count}&filter=userName+sw+"many"`]) {
        assert.equal((await page(query, client)).itemsPerPage, Math.min(count, most), query);
      }
      const { body } = await expectStatus(200, ask(client, 'GET', `/Users?cursor&count=${count}`));
      assert.equal(body?.['itemsPerPage'], Math.min(count, most), 'by cursor');
    }
    assert.equal((await page('', client)).itemsPerPage, 100, 'and 100 where nothing is asked');
    assert.deepEqual(namesIn(await page('?startIndex=201', client)).length, 1);
  });

  it('a filter that takes too long is refused as that, while look-ups by name go on', async () => {
    const holder = await roster.pool.connect();
    try {
      await holder.query('begin');
      await holder.query('lock table users in access exclusive mode');
      const { body } = await expectStatus(400, ask(people, 'GET', '/Users?filter=title+co+"x"'));
      assert.equal(body?.['scimType'], 'tooMany');
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    assert.equal((await page('?filter=title+co+"A"')).totalResults, names.length);
  });

  describe('filters', () => {
    const one = names.slice(7, 8);
    for (const [query, expected] of [
      ['filter=userName%20eq%20%22person-07%40x.test%22', one],
      ['filter=userName+eq+%22person-07%40x.test%22&startIndex=1&count=100', one],
      ['filter=userName+eq+"PERSON-07@X.TEST"', one],
      ['filter=++userName++EQ++"person-07@x.test"++', one],
      ['filter=USERNAME eq "person-07@x.test"', one],
      ['filter=urn:ietf:params:scim:schemas:core:2.0:User:userName eq "person-07@x.test"', one],
      ['filter=userName eq "person-07"', []],
      ['filter=userName eq "person-07@x.test" and active eq false', []],
      ['filter=userName sw "person-0" and not (userName le "person-07@x.test")', names.slice(8, 10)],
      ['filter=emails eq "person-07@x.test"', one],
      ['filter=emails[type eq "work" and value co "-07@"]', one],
      ['filter=emails.value eq "person-07@x.test" or userName ew "-08@x.test"', names.slice(7, 9)],
      ['filter=title eq "ae" and userName co "on-24"', names.slice(24)],
      ['filter=nickName pr', []],
      ['filter=meta.resourceType eq "User" and userName sw "person-2"', names.slice(20)],
    ] as const) {
      it(query, async () => {
        const found = await page(`?${query}`);
        assert.deepEqual(namesIn(found), expected);
        assert.equal(found.totalResults, expected.length);
      });
    }

    it('by id, and by meta.location, as the answer has it', async () => {
      const [somebody] = (await page('?startIndex=12&count=1')).Resources;
      for (const filter of [
        `id eq "${somebody?.id}"`,
        `meta.location eq "${roster.scimUrl}/Users/${somebody?.id}"`,
        `meta.location ew "${somebody?.id}"`,
      ]) {
        assert.deepEqual((await page(`?filter=${encodeURIComponent(filter)}`)).Resources, [somebody], filter);
      }
    });

    it('are counted in full and paged like everything', async () => {
      const found = await page('?filter=userName sw "person-1"&startIndex=4&count=3');
      assert.deepEqual([found.totalResults, found.startIndex, found.itemsPerPage], [10, 4, 3]);
      assert.deepEqual(namesIn(found), names.slice(13, 16));
      assert.equal((await page('?filter=userName sw "person-1"&count=0')).totalResults, 10);
      assert.equal((await page('?filter=userName sw "person-1"&startIndex=11')).totalResults, 10);
    });
  });

  describe('attributes and excludedAttributes', () => {
    const always = ['schemas', 'id'];
    for (const [query, expected] of [
      ['attributes=userName', [...always, 'userName']],
      ['attributes=username, TITLE', [...always, 'userName', 'title']],
      ['attributes=name.givenName,emails.value', [...always, 'name', 'emails']],
      ['attributes=urn:ietf:params:scim:schemas:core:2.0:User:title', [...always, 'title']],
      ['attributes=password,nothing', always],
      ['excludedAttributes=name,emails,meta,id,schemas', [...always, 'userName', 'title', 'active']],
      ['attributes=', [...always, 'meta', 'userName', 'name', 'title', 'active', 'emails']],
    ] as const) {
      it(`${query} on a list, a GET, a POST, a PUT and a PATCH`, async () => {
        const userName = `shown ${query}`;
        const posted = await expectStatus(201, ask(roster, 'POST', `/Users?${query}`, { userName, title: 'AE' }));
        const path = `/Users/${String(posted.body?.['id'])}?${query}`;
        const listed = await page(`?filter=${encodeURIComponent(`userName eq "${userName}"`)}&${query}`, roster);
        const patch = { Operations: [{ op: 'add', value: { title: 'VP' } }] };
        const put = { ...(await ask(roster, 'GET', path.split('?')[0] ?? '')).body, userName };
        for (const shown of [
          posted.body,
          listed.Resources[0],
          (await ask(roster, 'GET', path)).body,
          (await ask(roster, 'PATCH', path, patch)).body,
          (await ask(roster, 'PUT', path, put)).body,
        ]) {
          assert.deepEqual(Object.keys(shown ?? {}).toSorted(), [...expected].toSorted());
        }
      });
    }
  });
});
