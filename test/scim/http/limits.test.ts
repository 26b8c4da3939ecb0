import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { isUserId } from '../../../src/ids.js';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import { requestBytes, sendBytes } from '../../support/http.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { converge } from '../../support/steps.js';
import { ask, assertError, expectStatus } from '../../support/validate-resource.js';

/** What is sent when a limit is reached by so much. */
type Request = (size: number) => [method: string, path: string, body?: unknown];

interface Limit {
  readonly what: string;
  readonly max: number;
  readonly request: Request;
  readonly good: number;
  readonly refused: readonly [status: number, scimType?: string];
}

let count = 0;
const userName = () => `limit-${(count += 1)}@x.test`;
const filter = (text: string): [string, string] => ['GET', `/Users?filter=${encodeURIComponent(text)}`];

/** A value nested so deep, itself being the first level. */
const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}${close.repeat(depth)}`;

const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ value: `+1 555 ${n}` }));

const LIMITS: readonly Limit[] = [
  {
    what: 'a body of 1 MiB',
    max: 1024 * 1024,
    request: (size) => {
      const body = JSON.stringify({ userName: userName(), x: '' });
      return ['POST', '/Users', body.replace('"x":""', `"x":"${'a'.repeat(size - body.length)}"`)];
    },
    good: 201,
    refused: [413],
  },
  {
    what: 'JSON 32 deep, the body being the first level',
    max: 32,
    request: (size) => ['POST', '/Users', `{"userName":"${userName()}","x":${nested(size - 1, '[', ']')}}`],
    good: 201,
    refused: [400, 'invalidSyntax'],
  },
  {
    what: 'a filter of 4 KiB',
    max: 4096,
    request: (size) => filter(`title eq "${'a'.repeat(size - 11)}"`),
    good: 200,
    refused: [400, 'invalidFilter'],
  },
  {
    what: 'a filter of 4 KiB in wide letters',
    max: 4096,
    request: (size) => filter(`title eq "${'é'.repeat(Math.floor((size - 11) / 2))}${'a'.repeat((size - 11) % 2)}"`),
    good: 200,
    refused: [400, 'invalidFilter'],
  },
  {
    what: 'a filter 32 deep',
    max: 32,
    request: (size) => filter(`${'('.repeat(size)}title pr${')'.repeat(size)}`),
    good: 200,
    refused: [400, 'invalidFilter'],
  },
  {
    what: 'a filter 32 times negated',
    max: 32,
    request: (size) => filter(`${'not ('.repeat(size)}title pr${')'.repeat(size)}`),
    good: 200,
    refused: [400, 'invalidFilter'],
  },
  {
    what: 'a filter of 64 terms',
    max: 64,
    request: (size) => filter(Array.from({ length: size }, (_, index) => `title eq "${index}"`).join(' or ')),
    good: 200,
    refused: [400, 'invalidFilter'],
  },
  {
    what: '100 operations in a PATCH',
    max: 100,
    request: (size) => [
      'PATCH',
      '/Users/{id}',
      { Operations: Array.from({ length: size }, (_, index) => ({ op: 'add', path: 'title', value: `${index}` })) },
    ],
    good: 200,
    refused: [413, 'tooMany'],
  },
  {
    what: '1,000 values of an attribute',
    max: 1_000,
    request: (size) => ['POST', '/Users', { userName: userName(), phoneNumbers: numbers(size) }],
    good: 201,
    refused: [400, 'invalidValue'],
  },
  {
    what: 'a text of 4 KiB',
    max: 4096,
    request: (size) => ['POST', '/Users', { userName: userName(), title: 'a'.repeat(size) }],
    good: 201,
    refused: [400, 'invalidValue'],
  },
  {
    what: 'a text of 4 KiB in a PATCH',
    max: 4096,
    request: (size) => [
      'PATCH',
      '/Users/{id}',
      { Operations: [{ op: 'add', path: 'title', value: 'a'.repeat(size) }] },
    ],
    good: 200,
    refused: [400, 'invalidValue'],
  },
  {
    what: 'a userName of 320 characters',
    max: 320,
    request: (size) => ['POST', '/Users', { userName: `${(count += 1)}`.padEnd(size, 'a') }],
    good: 201,
    refused: [400, 'invalidValue'],
  },
  {
    what: 'a userName of 320 characters, none of them in the first plane',
    max: 320,
    request: (size) => ['POST', '/Users', { userName: '😀'.repeat(size) }],
    good: 201,
    refused: [400, 'invalidValue'],
  },
  {
    what: 'a userName of 320 characters in a PUT',
    max: 320,
    request: (size) => ['PUT', '/Users/{id}', { userName: 'b'.repeat(size) }],
    good: 200,
    refused: [400, 'invalidValue'],
  },
];

describe('limits, each a step below, at, and a step above', () => {
  let roster: TestRoster;
  let id: string;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    const { body } = await ask(roster, 'POST', '/Users', { userName: userName() });
    id = String(body?.['id']);
  });
  after(() => roster.close());

  for (const { what, max, request, good, refused } of LIMITS) {
    it(`${what}, and no more: ${refused.join(' ')}`, async () => {
      for (const size of [max - 1, max, max + 1]) {
        const [method, path, body] = request(size);
        const answer = await ask(roster, method, path.replace('{id}', id), body);
        const [status, scimType] = size > max ? refused : [good];
        assert.equal(answer.status, status, `${size}: ${answer.text.slice(0, 500)}`);
        if (size > max) assert.equal(answer.body?.['scimType'], scimType);
      }
    });
  }

  it('a body of unknown length is refused as soon as it is larger, and the connection lives on', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const headers = [`Authorization: Bearer ${roster.scimToken}`, 'Transfer-Encoding: chunked'];
    const request = requestBytes('POST', '/scim/v2/Users', headers);
    const answer = await sendBytes(roster, `${request}${chunk.repeat(17)}0\r\n\r\n`);
    assert.equal(answer.status, 413);
    assertError(answer);
  });

  it('a body nested 100,000 deep, a filter, a path: refused at once, and the server is well', async () => {
    const began = performance.now();
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[[', ''],
    ] as const) {
      const body = `{"userName":"deep@x.test","x":${nested(100_000, open, close)}}`;
      await expectStatus(400, ask(roster, 'POST', '/Users', body));
    }
    const brackets = '('.repeat(4_000);
    await expectStatus(400, ask(roster, ...filter(brackets)));
    const Operations = [{ op: 'replace', path: `emails[${brackets}`, value: 'x' }];
    await expectStatus(400, ask(roster, 'PATCH', `/Users/${id}`, { Operations }));
    assert.ok(performance.now() - began < 1_000);
    await expectStatus(200, ask(roster, 'GET', `/Users/${id}`));
  });

  it('a list of 30,000 values is refused at once, and a full one of one value in different types works', async () => {
    const began = performance.now();
    const many = Array.from({ length: 30_000 }, (_, index) => ({ value: 'a', type: `${index}` }));
    await expectStatus(400, ask(roster, 'POST', '/Users', { userName: userName(), emails: many }));
    const emails = Array.from({ length: 1_000 }, (_, index) => ({ value: 'a', type: `${index}` }));
    const { body } = await expectStatus(201, ask(roster, 'POST', '/Users', { userName: userName(), emails }));
    const Operations = [{ op: 'remove', path: 'emails', value: emails }];
    const { body: without } = await expectStatus(
      200,
      ask(roster, 'PATCH', `/Users/${String(body?.['id'])}`, { Operations }),
    );
    assert.equal(without?.['emails'], undefined);
    assert.ok(performance.now() - began < 3_000);
  });

  it('an e-mail address, an externalId and a manager reference of 4 KiB are found like any other', async () => {
    // Random, since PostgreSQL compresses what repeats before it goes into an index.
    const email = `${randomBytes(3_000).toString('base64')}@x.test`;
    const create = async (body: object) => {
      const { body: user } = await expectStatus(201, ask(roster, 'POST', '/Users', { userName: userName(), ...body }));
      assert.ok(typeof user?.['id'] === 'string' && isUserId(user['id']));
      await converge(roster.pool, roster.instance, user['id']);
      return user['id'];
    };
    const externalId = randomBytes(2_800).toString('base64');
    const manager = await create({ emails: [{ value: email }], externalId });
    for (const reference of [email.toUpperCase(), externalId]) {
      const report = await create({ [ENTERPRISE_USER_SCHEMA]: { manager: reference } });
      const { rows } = await roster.pool.query('select manager_id from accounts where id = $1', [report]);
      assert.deepEqual(rows, [{ manager_id: manager }]);
    }
    const found = await ask(roster, 'GET', `/Users?filter=${encodeURIComponent(`externalId eq "${externalId}"`)}`);
    assert.equal(found.body?.['totalResults'], 1);
  });

  it('and so is a group whose name is as long', async () => {
    const displayName = randomBytes(2_800).toString('base64');
    await expectStatus(201, ask(roster, 'POST', '/Groups', { displayName }));
    const other = `${displayName.slice(0, -4)}====`;
    await expectStatus(201, ask(roster, 'POST', '/Groups', { displayName: other }));
    const found = await ask(roster, 'GET', `/Groups?filter=${encodeURIComponent(`displayName eq "${displayName}"`)}`);
    assert.equal(found.body?.['totalResults'], 1);
  });

  it('many small changes make no user of more than 1 MiB', async () => {
    const { body } = await expectStatus(201, ask(roster, 'POST', '/Users', { userName: userName() }));
    const add = (n: number) => {
      const value = Array.from({ length: 60 }, (_, at) => ({ value: `${n}.${at}`.padEnd(4_000, '0') }));
      const Operations = [{ op: 'add', path: 'phoneNumbers', value }];
      return ask(roster, 'PATCH', `/Users/${String(body?.['id'])}`, { Operations });
    };
    for (let n = 1; n <= 4; n += 1) await expectStatus(200, add(n));
    const refused = await expectStatus(400, add(5));
    assert.equal(refused.body?.['scimType'], 'invalidValue');
  });
});
