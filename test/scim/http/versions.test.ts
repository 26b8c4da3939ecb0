import assert from 'node:assert/strict';
import { startServer } from '../../../src/server.js';
import { createLog } from '../../../src/telemetry/log.js';
import { type Answer, requestBytes, scim, sendBytes } from '../../support/http.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

interface Meta {
  readonly created: string;
  readonly lastModified: string;
  readonly version: string;
  readonly location: string;
}

describe('versions, times and locations', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const metaOf = ({ body }: Answer) => body?.['meta'] as Meta;
  const created = async (userName: string) => {
    const answer = await expectStatus(201, ask(roster, 'POST', '/Users', { userName, title: 'AE' }));
    return { answer, path: `/Users/${String(answer.body?.['id'])}`, meta: metaOf(answer) };
  };

  it('a new user is version 1, changed when it was created, and is where Location says', async () => {
    const { answer, path, meta } = await created('new@x.test');
    assert.deepEqual([meta.version, meta.lastModified], ['W/"1"', meta.created]);
    assert.equal(answer.headers.get('etag'), meta.version);
    assert.equal(answer.headers.get('location'), `${roster.scimUrl}${path}`);
    const got = await fetch(meta.location, { headers: { authorization: `Bearer ${roster.scimToken}` } });
    assert.deepEqual(await got.json(), answer.body);
    assert.equal(got.headers.get('etag'), meta.version);
  });

  it('each change makes the version and the time grow, and the ETag says the same; what changes nothing does not', async () => {
    const { answer, path, meta } = await created('grows@x.test');
    const put = { userName: 'grows@x.test', name: answer.body?.['name'], emails: answer.body?.['emails'] };
    const CHANGES: readonly (readonly [string, object, boolean])[] = [
      ['PATCH', { Operations: [{ op: 'replace', path: 'title', value: 'VP' }] }, true],
      ['PATCH', { Operations: [{ op: 'replace', path: 'title', value: 'VP' }] }, false],
      ['PATCH', { Operations: [{ op: 'replace', value: { active: true, password: 'x', unknown: 1 } }] }, false],
      ['PATCH', { Operations: [{ op: 'add', path: 'nothing', value: 'x' }] }, false],
      ['PUT', { ...put, title: 'VP' }, false],
      ['PUT', put, true],
      ['PUT', { ...put, id: 'x', meta: { version: 'y' }, groups: [{ value: '1' }] }, false],
      ['PATCH', { Operations: [{ op: 'remove', path: 'title' }] }, false],
      ['PATCH', { Operations: [{ op: 'replace', value: { active: false } }] }, true],
      ['PUT', { ...put, userName: 'GROWS@x.test' }, true],
    ];
    let before = meta;
    for (const [method, body, changes] of CHANGES) {
      const changed = await expectStatus(200, ask(roster, method, path, body));
      const after = metaOf(changed);
      const what = `${method} ${JSON.stringify(body)}`;
      assert.equal(changed.headers.get('etag'), after.version);
      assert.deepEqual([after.created, after.location], [meta.created, meta.location]);
      if (!changes) assert.deepEqual(after, before, what);
      else {
        assert.ok(after.lastModified > before.lastModified, what);
        assert.equal(after.version, `W/"${Number(/\d+/.exec(before.version)?.[0]) + 1}"`, what);
      }
      assert.deepEqual(metaOf(await ask(roster, 'GET', path)), after);
      before = after;
    }
  });

  it('what was refused has changed nothing', async () => {
    const { answer, path } = await created('refused@x.test');
    for (const [method, body] of [
      ['PUT', { title: 'no userName' }],
      ['PUT', { userName: 'refused@x.test', active: 'maybe' }],
      ['PUT', { userName: 'refused@x.test', title: {} }],
      [
        'PATCH',
        {
          Operations: [
            { op: 'replace', path: 'title', value: 'x' },
            { op: 'remove', path: 'userName' },
          ],
        },
      ],
      ['PATCH', { Operations: [{ op: 'replace', path: 'title', value: 'x' }, { op: 'remove' }] }],
      [
        'PATCH',
        {
          Operations: [
            { op: 'replace', path: 'title', value: 'x' },
            { op: 'replace', path: 'a b', value: 1 },
          ],
        },
      ],
    ] as const) {
      await expectStatus(400, ask(roster, method, path, body));
      assert.deepEqual((await ask(roster, 'GET', path)).body, answer.body);
    }
  });

  it('URLs are those by which the client came, whatever its Host', async () => {
    const { path } = await created('host@x.test');
    for (const host of ['roster.test', 'roster.test:8443', '"><script>']) {
      const request = requestBytes('GET', `/scim/v2${path}`, [`Authorization: Bearer ${roster.scimToken}`]);
      const answer = await sendBytes(roster, request.replace('Host: roster.test', `Host: ${host}`));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(metaOf(answer).location, `http://${host}/scim/v2${path}`);
    }
  });

  it('URLs are those of PUBLIC_URL where a proxy stands in front', async () => {
    const config = { ...roster.config, publicUrl: 'https://roster.example/eu' };
    const server = await startServer(config, createLog(config, 'server'));
    const { headers } = await scim(
      { scimUrl: `http://127.0.0.1:${server.port}/scim/v2`, scimToken: roster.scimToken },
      'POST',
      '/Users',
      { userName: 'proxied@x.test' },
    );
    await server.stop();
    assert.match(headers.get('location') ?? '', /^https:\/\/roster\.example\/eu\/scim\/v2\/Users\/[0-9a-f-]{36}$/);
  });
});
