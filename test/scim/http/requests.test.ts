import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { requestBytes, sendBytes } from '../../support/http.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { ask, assertError, expectStatus } from '../../support/validate-resource.js';

const ID = '0190b2c4-0000-7000-8000-000000000001';

describe('requests that are not as they should be', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());

  const authorized = () => `Authorization: Bearer ${roster.scimToken}`;

  describe('verbs and paths', () => {
    for (const [path, allowed] of [
      ['/Users', ['GET', 'POST']],
      [`/Users/${ID}`, ['GET', 'PUT', 'PATCH', 'DELETE']],
      ['/ServiceProviderConfig', ['GET']],
      ['/Schemas', ['GET']],
      ['/ResourceTypes/User', ['GET']],
    ] as const) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (allowed.some((verb) => verb === method)) continue;
        it(`${method} ${path}: 405 with Allow ${allowed.join(', ')}`, async () => {
          const { headers } = await expectStatus(405, ask(roster, method, path));
          assert.equal(headers.get('allow'), allowed.join(', '));
        });
      }
    }

    for (const path of [
      '',
      '/',
      '/Users/',
      `/Users/${ID}/`,
      `/Users/${ID}/name`,
      '//Nothing',
      '/users',
      '/groups',
      '/Groups/x/members',
      '/toString',
      '/Users;a',
      '/__proto__',
      '/constructor/x',
      '/%',
    ]) {
      it(`${path || 'the base URL itself'}: 404 for every verb`, async () => {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
          const answer = await sendBytes(roster, requestBytes(method, `/scim/v2${path}`, [authorized()]));
          assert.equal(answer.status, 404, `${method} ${answer.text}`);
          assertError(answer);
        }
      });
    }

    it('//Users is /Users: the base URL was given with a slash at its end', async () => {
      const answer = await sendBytes(roster, requestBytes('GET', '/scim/v2//Users', [authorized()]));
      assert.equal(answer.status, 200, answer.text);
    });

    it('/Me: 501 for every verb', async () => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        assertError(await expectStatus(501, ask(roster, method, '/Me')));
      }
    });

    it('discovery with a filter: 403', async () => {
      for (const path of ['/Schemas', '/ResourceTypes']) {
        await expectStatus(403, ask(roster, 'GET', `${path}?filter=${encodeURIComponent('id pr')}`));
      }
      await expectStatus(200, ask(roster, 'GET', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:user'));
    });

    it('HEAD is GET without the body', async () => {
      for (const [path, status] of [
        ['/Users', 200],
        ['/Schemas', 200],
        [`/Users/${ID}`, 404],
      ] as const) {
        const { headers, text } = await expectStatus(status, ask(roster, 'HEAD', path));
        assert.equal(text, '');
        const got = await ask(roster, 'GET', path);
        assert.equal(headers.get('content-length'), got.headers.get('content-length'));
      }
    });

    it('an answer is for no cache and is taken for nothing else', async () => {
      const { headers } = await ask(roster, 'GET', '/Users');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    });
  });

  describe('bodies', () => {
    const BODIES: readonly (readonly [string, string | Buffer, string, number, string | undefined])[] = [
      ['no body', '', '', 400, 'invalidSyntax'],
      ['white space', ' \n', 'application/json', 400, 'invalidSyntax'],
      ['a list', '[{"userName":"a"}]', 'application/scim+json', 400, 'invalidSyntax'],
      ['a text', '"a"', 'application/scim+json', 400, 'invalidSyntax'],
      ['null', 'null', 'application/scim+json', 400, 'invalidSyntax'],
      ['half of an object', '{"userName":"a"', 'application/scim+json', 400, 'invalidSyntax'],
      ['an object and more', '{"userName":"a"}{}', 'application/scim+json', 400, 'invalidSyntax'],
      ['a form', 'userName=a', 'application/x-www-form-urlencoded', 415, undefined],
      ['XML', '<a/>', 'application/xml', 415, undefined],
      ['JSON called text', '{"userName":"a"}', 'text/plain', 415, undefined],
      ['JSON in Latin-1', Buffer.from('{"userName":"é"}', 'latin1'), 'application/json', 400, 'invalidSyntax'],
      ['JSON in UTF-16', Buffer.from('{"userName":"a"}', 'utf16le'), 'application/json', 400, 'invalidSyntax'],
    ];
    for (const [what, body, type, status, scimType] of BODIES) {
      it(`${what}: ${status} for POST, PUT and PATCH`, async () => {
        for (const [method, path] of [
          ['POST', '/Users'],
          ['PUT', `/Users/${ID}`],
          ['PATCH', `/Users/${ID}`],
        ] as const) {
          const head = requestBytes(method, `/scim/v2${path}`, [
            authorized(),
            ...(type === '' ? [] : [`Content-Type: ${type}`]),
            `Content-Length: ${Buffer.byteLength(body)}`,
          ]);
          const answer = await sendBytes(roster, Buffer.concat([Buffer.from(head), Buffer.from(body)]));
          assert.equal(answer.status, status, answer.text);
          assertError(answer);
          assert.equal(answer.body?.['scimType'], scimType);
        }
      });
    }

    it('a compressed one: 415 that says so', async () => {
      const body = gzipSync('{"userName":"gzip@x.test"}');
      const head = requestBytes('POST', '/scim/v2/Users', [
        authorized(),
        'Content-Type: application/scim+json',
        'Content-Encoding: gzip',
        `Content-Length: ${body.length}`,
      ]);
      const answer = await sendBytes(roster, Buffer.concat([Buffer.from(head), body]));
      assert.equal(answer.status, 415, answer.text);
      assert.match(String(answer.body?.['detail']), /compressed/);
    });

    it('one without a media type, one after a byte order mark, and one in pieces are JSON', async () => {
      const pieces = ['{"userName":', '"pieces@x.test"}'].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
      for (const request of [
        requestBytes('POST', '/scim/v2/Users', [authorized()], '{"userName":"untyped@x.test"}'),
        requestBytes('POST', '/scim/v2/Users', [authorized()], '\ufeff{"userName":"marked@x.test"}'),
        `${requestBytes('POST', '/scim/v2/Users', [authorized(), 'Transfer-Encoding: chunked'])}${pieces.join('')}0\r\n\r\n`,
      ]) {
        const answer = await sendBytes(roster, request);
        assert.equal(answer.status, 201, answer.text);
      }
    });

    it('a PATCH without operations, with an unknown one, or of another message: 400 invalidSyntax', async () => {
      const { body } = await ask(roster, 'POST', '/Users', { userName: 'patch@x.test' });
      for (const message of [
        {},
        { Operations: [] },
        { Operations: {} },
        { Operations: ['x'] },
        { Operations: [{ op: 'move', path: 'title' }] },
        { Operations: [{ path: 'title', value: 'x' }] },
        { schemas: ['urn:x'], Operations: [{ op: 'remove', path: 'title' }] },
        { userName: 'x', active: false },
      ]) {
        const answer = await expectStatus(400, ask(roster, 'PATCH', `/Users/${String(body?.['id'])}`, message));
        assert.equal(answer.body?.['scimType'], 'invalidSyntax', JSON.stringify(message));
      }
      assert.deepEqual((await ask(roster, 'GET', `/Users/${String(body?.['id'])}`)).body, body);
    });
  });

  describe('query parameters', () => {
    for (const [what, query, scimType] of [
      ['a filter given twice', 'filter=id pr&filter=id pr', 'invalidValue'],
      ['a startIndex given twice', 'startIndex=1&startIndex=1', 'invalidValue'],
      ['a count that is no number', 'count=ten', 'invalidValue'],
      ['a startIndex that is not whole', 'startIndex=1.5', 'invalidValue'],
      ['attributes together with excludedAttributes', 'attributes=id&excludedAttributes=name', 'invalidValue'],
      ['an empty filter', 'filter=', 'invalidFilter'],
      ['half of a filter', 'filter=userName eq', 'invalidFilter'],
      ['a filter on an unknown attribute', 'filter=favouriteColour eq "x"', 'invalidFilter'],
      ['a filter on a column', 'filter=instance_id eq "x"', 'invalidFilter'],
      ['a filter on the password', 'filter=password eq "x"', 'invalidFilter'],
      ['a filter on the prototype', 'filter=__proto__.x pr', 'invalidFilter'],
      ['a filter with SQL in it', "filter=userName eq 'x' or 1=1 --", 'invalidFilter'],
      ['a filter with a NUL', 'filter=userName eq "\\u0000"', 'invalidFilter'],
      ['a filter with a raw NUL', 'filter=userName eq "%00"', 'invalidFilter'],
    ] as const) {
      it(`${what}: 400 ${scimType}`, async () => {
        const { body } = await expectStatus(400, ask(roster, 'GET', `/Users?${query}`));
        assert.equal(body?.['scimType'], scimType);
      });
    }

    it('bad attributes are refused before anything is written', async () => {
      const query = 'attributes=id&excludedAttributes=name';
      await expectStatus(400, ask(roster, 'POST', `/Users?${query}`, { userName: 'refused@x.test' }));
      const { body: none } = await ask(roster, 'GET', '/Users?filter=userName eq "refused@x.test"');
      assert.equal(none?.['totalResults'], 0);
      const { body: user } = await ask(roster, 'POST', '/Users', { userName: 'unchanged@x.test' });
      const path = `/Users/${String(user?.['id'])}`;
      await expectStatus(400, ask(roster, 'PUT', `${path}?${query}`, { userName: 'changed@x.test' }));
      const off = { Operations: [{ op: 'replace', value: { active: false } }] };
      await expectStatus(400, ask(roster, 'PATCH', `${path}?${query}`, off));
      assert.deepEqual((await ask(roster, 'GET', path)).body, user);
    });

    it('unknown parameters and unknown attributes to show are ignored', async () => {
      await expectStatus(200, ask(roster, 'GET', '/Users?__proto__=1&toString=2&x=3&attributes=__proto__,nope,title'));
    });
  });

  describe('what is hardly HTTP', () => {
    for (const [what, bytes, status] of [
      ['no HTTP', 'hello\r\n\r\n', 400],
      ['TLS', Buffer.from('16030100c5010000c10303', 'hex'), 400],
      ['a version nobody has', 'GET / HTTP/9.9\r\n\r\n', 400],
      ['no Host', 'GET /scim/v2/Users HTTP/1.1\r\n\r\n', 400],
      ['two lengths', requestBytes('POST', '/scim/v2/Users', ['Content-Length: 1', 'Content-Length: 2']), 400],
      [
        'a length and pieces',
        requestBytes('POST', '/scim/v2/Users', ['Content-Length: 1', 'Transfer-Encoding: chunked']),
        400,
      ],
      ['a header without a name', requestBytes('GET', '/scim/v2/Users', [': x']), 400],
      ['a line break in a header', requestBytes('GET', '/scim/v2/Users', ['X: a\rb']), 400],
      ['a URL of 20 KB', requestBytes('GET', `/scim/v2/Users?filter=${'a'.repeat(20_000)}`), 431],
      ['headers of 20 KB', requestBytes('GET', '/scim/v2/Users', [`X: ${'a'.repeat(20_000)}`]), 431],
      ['an expectation nobody knows', requestBytes('GET', '/scim/v2/Users', ['Expect: miracles']), 401],
    ] as const) {
      it(`${what}: ${status}, as SCIM JSON`, async () => {
        const answer = await sendBytes(roster, bytes);
        assert.equal(answer.status, status, answer.text);
        assertError(answer);
      });
    }

    it('a URL and headers of nearly 16 KB are taken', async () => {
      const answer = await sendBytes(
        roster,
        requestBytes('GET', '/scim/v2/Users', [authorized(), `X: ${'a'.repeat(15_900)}`]),
      );
      assert.equal(answer.status, 200);
    });
  });
});
