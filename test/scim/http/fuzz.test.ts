import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ScimError } from '../../../src/scim/protocol/errors.js';
import { parseFilter, parsePath } from '../../../src/scim/protocol/filter.js';
import { resourceTypes } from '../../../src/scim/protocol/schema.js';
import { requestBytes, sendBytes } from '../../support/http.js';
import { startRoster, type TestRoster } from '../../support/roster.js';
import { assertAnswer } from '../../support/validate-resource.js';
import { filterText } from '../protocol/filter-arbitrary.js';
import { prototypeNames, unpolluted } from '../protocol/values.js';

/** `npm run soak` tries many more. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 2_000);

const grammar =
  'eq ne co pr and or not ( ) [ ] . : " \\ "a" true null 1e9 userName emails members name.givenName id meta';
const characters = ['\u0000', '\ud800', '%', '_', "'", '--', '$1', '\u2028', '😀', ' ', '\t', '{', '}', ',', '/', '..'];
const words = [...prototypeNames, ...grammar.split(' '), ...characters, resourceTypes.User.schema.id];
const word = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 6 }));

/** From words of the grammar in any order to whole filters with a piece taken out, doubled or put in. */
const filter = fc.oneof(
  fc.array(word, { maxLength: 12 }).map((parts) => parts.join(' ')),
  fc.array(word, { maxLength: 12 }).map((parts) => parts.join('')),
  fc.tuple(filterText, fc.nat(), word).map(([text, place, piece]) => {
    const at = place % (text.length + 1);
    return `${text.slice(0, at)}${piece}${text.slice(at + (place % 3))}`;
  }),
  fc
    .tuple(fc.constantFrom('(', 'not (', 'emails[', 'a.', 'not not '), fc.nat({ max: 900 }))
    .map(([part, times]) => part.repeat(times)),
);

const key = fc.oneof(fc.constantFrom('userName', 'emails', 'members', 'Operations', 'op', 'path', 'value'), word);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(word, fc.boolean(), fc.constant(null), fc.double({ noNaN: true })),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;
const operation = fc.record(
  { op: fc.constantFrom('add', 'replace', 'remove', 'Add', '__proto__'), path: fc.oneof(filter, key), value: json },
  { requiredKeys: ['op'] },
);
const body = fc
  .oneof(
    json,
    fc.record({ userName: word, displayName: word, members: json, emails: json }, { requiredKeys: ['userName'] }),
    fc.record({ Operations: fc.array(operation, { minLength: 1, maxLength: 3 }) }),
    fc.record({
      Operations: fc.array(fc.record({ method: word, path: word, bulkId: word, data: json }), { maxLength: 3 }),
    }),
  )
  .map((value) => JSON.stringify(value));
const spoilt = fc.oneof(
  body,
  fc.tuple(body, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom(...prototypeNames).map((name) => `{"userName":"a","${name}":{"polluted":true}}`),
);

/** Half a surrogate pair has no UTF-8. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

const segment = fc.oneof(
  fc.constantFrom('Users', 'Groups', 'Bulk', '.search', 'Schemas', 'ResourceTypes', 'ServiceProviderConfig', 'users'),
  word.map((text) => encodeURIComponent(wellFormed(text))),
  fc.constantFrom('%2F', '%2e%2e', '%00', '%ED%A0%80', '%zz', ';x=1', '//', '__proto__', 'ID'),
);
/** Mostly where something is, or bodies would hardly be read. */
const path = fc.oneof<fc.MaybeWeightedArbitrary<string[]>[]>(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ['Users'],
      ['Users', 'ID'],
      ['Groups'],
      ['Groups', 'ID'],
      ['Bulk'],
      ['Users', '.search'],
      ['.search'],
    ),
  },
  { weight: 1, arbitrary: fc.array(segment, { minLength: 1, maxLength: 3 }) },
);
const query = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      'filter',
      'sortBy',
      'sortOrder',
      'attributes',
      'excludedAttributes',
      'cursor',
      'count',
      'startIndex',
    ),
    word,
  ),
  fc.oneof(filter, word, fc.integer().map(String)),
  { maxKeys: 3, noNullPrototype: true },
);

describe('whatever a client sends', () => {
  let roster: TestRoster;
  let ids: readonly string[];
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
    const send = async (path: string, resource: object) =>
      String((await exchange('POST', path, JSON.stringify(resource))).body?.['id']);
    ids = [await send('/Users', { userName: 'ada@x.test' }), await send('/Groups', { displayName: 'West' })];
  });
  after(() => roster.close());

  const exchange = (method: string, path: string, text: string) =>
    sendBytes(
      roster,
      requestBytes(
        method,
        `/scim/v2${path}`,
        [`Authorization: Bearer ${roster.scimToken}`, 'Content-Type: application/scim+json'],
        text,
      ),
    );

  it('is answered in SCIM, never with a fault of ours, and no prototype changes', async function () {
    this.timeout(60_000 + RUNS * 10);
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path,
      query,
      body: spoilt,
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method: verb, path: segments, query: parameters, body: text }) => {
        // Those two are to be there for the others.
        const method = verb === 'DELETE' && segments.includes('ID') ? 'PATCH' : verb;
        const where = segments.map((part) => (part === 'ID' ? ids[segments[0] === 'Groups' ? 1 : 0] : part)).join('/');
        const asked = Object.entries(parameters).map((pair) =>
          pair.map((one) => encodeURIComponent(wellFormed(one))).join('='),
        );
        const before = Object.getOwnPropertyNames(Object.prototype).length;
        const answer = await exchange(
          method,
          `/${where}${asked.length > 0 ? `?${asked.join('&')}` : ''}`,
          method === 'GET' ? '' : text,
        );
        assert.ok(answer.status < 500, answer.text);
        assertAnswer(answer, true);
        assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before);
      }),
      { numRuns: RUNS },
    );
    const well = await exchange('GET', '/Users?startIndex=1&count=2', '');
    assert.equal(well.status, 200);
  });

  it('a filter or a path is read or refused within 5 ms (99.9 % of them), and no prototype changes', function () {
    this.timeout(20_000 + RUNS * 10);
    const took: number[] = [];
    const read = (parse: () => unknown) => {
      const began = performance.now();
      try {
        parse();
      } catch (error) {
        assert.ok(error instanceof ScimError && error.status === 400, String(error));
      }
      took.push(performance.now() - began);
    };
    unpolluted(() => {
      fc.assert(
        fc.property(filter, fc.constantFrom('User', 'Group'), (text, type) => {
          read(() => parseFilter(text, resourceTypes[type]));
          read(() => parsePath(text, resourceTypes[type]));
        }),
        { numRuns: RUNS * 5 },
      );
    });
    // How fast is said by the long run, which has the machine for itself.
    if (process.env['PROPERTY_RUNS'] === undefined) return;
    took.sort((a, b) => a - b);
    const slowest = took[Math.floor(took.length * 0.999)] ?? 0;
    assert.ok(slowest <= 5, `${slowest} ms`);
  });
});
