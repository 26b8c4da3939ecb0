import assert from 'node:assert/strict';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('version tags', () => {
  let roster: TestRoster;
  let path: string;
  let tag: string;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  let next = 0;
  beforeEach(async () => {
    const created = await expectStatus(201, ask(roster, 'POST', '/Users', { userName: `ada-${next++}@x.test` }));
    path = `/Users/${String(created.body?.['id'])}`;
    tag = created.headers.get('etag') ?? '';
  });

  const patch = (title: string, headers: Record<string, string>) =>
    ask(roster, 'PATCH', path, { Operations: [{ op: 'replace', path: 'title', value: title }] }, headers);

  it('are weak, and the same in the answer’s header and in meta.version', async () => {
    assert.equal(tag, 'W/"1"');
    const { body, headers } = await expectStatus(200, ask(roster, 'GET', path));
    assert.equal(headers.get('etag'), tag);
    const { version } = (body ?? {})['meta'] as { version: string };
    assert.equal(version, tag);
  });

  for (const [name, header, status] of [
    ['the tag', (now: string) => now, 304],
    ['the tag as a strong one', (now: string) => now.slice(2), 304],
    ['a list with the tag', (now: string) => `"x", ${now}`, 304],
    ['any tag', () => '*', 304],
    ['another tag', () => 'W/"7"', 200],
    ['no tag', () => 'nonsense', 200],
  ] as const) {
    it(`a reader who names ${name} in If-None-Match gets ${status}`, async () => {
      const answer = await expectStatus(status, ask(roster, 'GET', path, undefined, { 'If-None-Match': header(tag) }));
      assert.equal(answer.headers.get('etag'), tag);
      assert.equal(answer.text === '', status === 304);
    });
  }

  it('If-Match lets a change through only on the version that it names', async () => {
    await expectStatus(200, patch('one', { 'If-Match': tag }));
    const refused = await expectStatus(412, patch('two', { 'If-Match': tag }));
    assert.equal(refused.body?.['status'], '412');
    await expectStatus(412, ask(roster, 'PUT', path, { userName: 'x@x.test' }, { 'If-Match': tag }));
    await expectStatus(412, ask(roster, 'DELETE', path, undefined, { 'If-Match': tag }));
    const { body } = await expectStatus(200, ask(roster, 'GET', path));
    assert.equal(body?.['title'], 'one', 'a refused change changes nothing');
    await expectStatus(200, patch('three', { 'If-Match': '*' }));
    await expectStatus(412, patch('four', { 'If-None-Match': '*' }));
    await expectStatus(204, ask(roster, 'DELETE', path, undefined, { 'If-Match': 'W/"3"' }));
  });

  it('of two writers with the same tag one wins', async () => {
    for (let round = 0; round < 10; round++) {
      const { headers } = await ask(roster, 'GET', path);
      const now = headers.get('etag') ?? '';
      const titles = Array.from({ length: 8 }, (_, index) => `title ${round}.${index}`);
      const answers = await Promise.all(titles.map((title) => patch(title, { 'If-Match': now })));
      const winners = answers.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1);
      assert.ok(answers.every(({ status }) => status === 200 || status === 412));
      const { body } = await ask(roster, 'GET', path);
      assert.equal(body?.['title'], winners[0]?.body?.['title']);
    }
  });

  it('an unknown user is a 404, whatever the condition', async () => {
    const unknown = '/Users/0190b2c4-0000-7000-8000-000000000001';
    await expectStatus(404, ask(roster, 'GET', unknown, undefined, { 'If-None-Match': '*' }));
    await expectStatus(404, ask(roster, 'DELETE', unknown, undefined, { 'If-Match': '*' }));
  });
});
