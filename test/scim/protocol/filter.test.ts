import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as oracle from 'scim2-parse-filter';
import { ScimError } from '../../../src/scim/protocol/errors.js';
import { type Filter, parseFilter, parsePath } from '../../../src/scim/protocol/filter.js';
import { matchFilter } from '../../../src/scim/protocol/match-filter.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes, USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import type { ScimObject } from '../../../src/scim/protocol/scim-object.js';
import { filterText, printFilter } from './filter-arbitrary.js';

const cases: { matching: [string, boolean][]; refused: string[] } = JSON.parse(
  readFileSync(new URL('filter.cases.json', import.meta.url), 'utf8'),
);

const ada: ScimObject = {
  schemas: [USER_SCHEMA, ENTERPRISE_USER_SCHEMA],
  id: '0190b2c4-0000-7000-8000-000000000001',
  externalId: '00uADA',
  userName: 'Ada@X.test',
  active: true,
  title: 'Tom and Jerry',
  displayName: 'Élodie',
  name: { givenName: 'Ada', familyName: 'Lane' },
  emails: [
    { type: 'work', value: 'ada@x.test', primary: true },
    { type: 'home', value: 'h@y.test' },
  ],
  [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: 'm1' } },
  meta: {
    resourceType: 'User',
    created: '2026-02-03T04:05:06.789Z',
    lastModified: '2026-03-01T12:00:00.000Z',
    version: 'W/"3"',
  },
};

const user = (text: string): Filter => parseFilter(text, resourceTypes.User);

const refusedAs =
  (scimType: string, status = 400) =>
  (error: unknown) =>
    error instanceof ScimError && error.scimType === scimType && error.status === status;

/** `npm run soak` tries many more. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 1_000);

describe('filters', () => {
  for (const [text, expected] of cases.matching) {
    it(`${text} is ${expected}`, () => assert.equal(matchFilter(user(text), ada), expected));
  }

  for (const text of cases.refused) {
    it(`${text || '(nothing)'} is refused`, () => assert.throws(() => user(text), refusedAs('invalidFilter')));
  }

  it('know the attributes of Groups', () => {
    const filter = parseFilter('displayName eq "west" and members[value eq "u1"]', resourceTypes.Group);
    assert.equal(matchFilter(filter, { displayName: 'West', members: [{ value: 'u1' }] }), true);
    assert.throws(() => parseFilter('userName pr', resourceTypes.Group), refusedAs('invalidFilter'));
  });

  it('say where a mistake is', () => {
    assert.throws(() => user('title eq "a" xor title pr'), { detail: 'Syntax error at character 14' });
  });

  it('are read back from print exactly as they were', () => {
    fc.assert(
      fc.property(filterText, (text) => {
        const filter = user(text);
        assert.deepEqual(user(printFilter(filter)), filter);
      }),
      { numRuns: 300 },
    );
  });

  it('agree with an independent parser and evaluator on what that gets right', () => {
    const names = ['title', 'userName', 'nickName'] as const;
    const texts = fc.constantFrom('tom', 'ada', 'lane', 't', '');
    const term = fc
      .tuple(fc.constantFrom(...names), fc.constantFrom('eq', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'), texts)
      .map(([name, operator, value]) => `${name} ${operator} "${value}"`);
    const { filter } = fc.letrec<{ filter: string }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 3 },
        term,
        fc.constantFrom(...names).map((name) => `${name} pr`),
        tie('filter').map((inner) => `not (${inner})`),
        fc
          .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
          .map(([left, operator, right]) => `${left} ${operator} ${right}`),
        tie('filter').map((inner) => `(${inner})`),
        fc.boolean().map((truth) => `active eq ${truth}`),
        // Its evaluator takes several terms of a value path each for itself.
        fc
          .tuple(fc.constantFrom('type', 'value'), fc.constantFrom('eq', 'co', 'sw'), texts)
          .map(([name, operator, value]) => `emails[${name} ${operator} "${value}"]`),
        fc
          .tuple(
            fc.constantFrom('gt', 'ge', 'lt', 'le'),
            fc.constantFrom('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
          )
          .map(([operator, time]) => `meta.lastModified ${operator} "${time}"`),
      ),
    }));
    const resource = fc.record({
      userName: fc.constantFrom('ada', 'tom'),
      title: fc.constantFrom('tom', 'lane', 'ad'),
      active: fc.boolean(),
      meta: fc.record({ lastModified: fc.constantFrom('2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z') }),
      emails: fc.array(
        fc.record({ type: fc.constantFrom('work', 'home'), value: fc.constantFrom('tom', 'ada', 't') }),
        { minLength: 1, maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(filter, resource, (text, given) => {
        assert.equal(matchFilter(user(text), given), oracle.filter(oracle.parse(text))(given), text);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('limits of filters', () => {
  const group = (depth: number) => `${'('.repeat(depth)}title pr${')'.repeat(depth)}`;
  const terms = (count: number) => Array(count).fill('title pr').join(' or ');
  const sized = (bytes: number) => `title eq "${'x'.repeat(bytes - 11)}"`;

  for (const [name, make, limit] of [
    ['levels', group, 32],
    ['terms', terms, 64],
    ['bytes', sized, 4096],
  ] as const) {
    it(`take ${limit} ${name} and no more`, () => {
      assert.ok(user(make(limit - 1)));
      assert.ok(user(make(limit)));
      assert.throws(() => user(make(limit + 1)), refusedAs('invalidFilter'));
    });
  }

  it('count bytes, not characters', () => {
    assert.throws(() => user(`title eq "${'é'.repeat(2043)}"`), refusedAs('invalidFilter'));
    assert.ok(user(`title eq "${'é'.repeat(2042)}"`));
  });

  for (const [name, text] of [
    ['a million parentheses', '('.repeat(1_000_000)],
    ['nested negations', 'not ('.repeat(1_000)],
    ['nested brackets', 'x[y['.repeat(800)],
    ['a chain of dots', 'a.'.repeat(2_000)],
    ['a chain of colons', `urn:${'a:'.repeat(2_000)} pr`],
    ['groups that double', Array(40).fill('(title eq "a" or title eq "b")').join(' and ')],
    ['spaces', `title${' '.repeat(4_000)}`],
  ] as const) {
    it(`refuse ${name}`, () => {
      assert.throws(() => user(text), refusedAs('invalidFilter'));
    });
  }

  it('never let anything but a SCIM error out, whatever the text', () => {
    const piece = fc.constantFrom(
      ...'userName emails [ ] ( ) eq pr and not "a" " \\ . : urn:'.split(' '),
      ' ',
      ...Object.getOwnPropertyNames(Object.prototype),
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const parse of [parseFilter, parsePath]) {
          try {
            parse(input, resourceTypes.User);
          } catch (error) {
            assert.ok(error instanceof ScimError && error.status === 400, input);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
