import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ScimError } from '../../../src/scim/protocol/errors.js';
import { applyPatch } from '../../../src/scim/protocol/patch.js';
import { PATCH_OP_SCHEMA } from '../../../src/scim/protocol/patch-message.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../../../src/scim/protocol/schema.js';
import type { ScimObject, ScimValue } from '../../../src/scim/protocol/scim-object.js';
import { frozen, plain, prototypeNames, unpolluted } from './values.js';

interface Case {
  name: string;
  type?: 'User' | 'Group';
  resource?: ScimObject;
  operations: unknown[];
  expect?: Record<string, ScimValue>;
  enterprise?: ScimObject;
  absent?: string[];
  error?: string;
}

const cases: Case[] = JSON.parse(readFileSync(new URL('patch.cases.json', import.meta.url), 'utf8'));

const stored: Record<'User' | 'Group', ScimObject> = {
  User: {
    userName: 'ada@x.test',
    externalId: '00uADA',
    active: true,
    title: 'AE',
    name: { givenName: 'Ada', familyName: 'Lane' },
    emails: [{ type: 'home', value: 'h@x.test', primary: true }],
    [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: 'm1', displayName: 'Bo' } },
  },
  Group: { displayName: 'West', members: [{ value: 'x' }, { value: 'y', type: 'User' }, { value: 'z' }] },
};

const patch = (resource: ScimObject, operations: unknown, type: 'User' | 'Group' = 'User') =>
  applyPatch(resourceTypes[type], resource, { schemas: [PATCH_OP_SCHEMA], Operations: operations });

describe('PATCH', () => {
  for (const { name, type = 'User', resource = stored[type], operations, expect, enterprise, absent, error } of cases) {
    it(error ? `${name} is refused as ${error}` : name, () => {
      const before = frozen(structuredClone(resource));
      if (error) {
        assert.throws(
          () => patch(before, operations, type),
          (thrown) => {
            assert.ok(thrown instanceof ScimError, String(thrown));
            assert.deepEqual([thrown.status, thrown.scimType], [400, error], thrown.detail);
            return true;
          },
        );
        return;
      }
      const changed = plain(patch(before, operations, type));
      for (const [key, value] of Object.entries(expect ?? {})) assert.deepEqual(changed[key], value);
      if (enterprise) assert.deepEqual(changed[ENTERPRISE_USER_SCHEMA], enterprise);
      for (const key of absent ?? []) assert.ok(!Object.hasOwn(changed, key), key);
      const named = new Set([
        ...Object.keys(expect ?? {}),
        ...(absent ?? []),
        ...(enterprise ? [ENTERPRISE_USER_SCHEMA] : []),
      ]);
      const rest = (all: object) => Object.fromEntries(Object.entries(all).filter(([key]) => !named.has(key)));
      assert.deepEqual(rest(changed), rest(resource), 'what is not named stays as it was');
    });
  }

  it('takes the message in any case and without schemas', () => {
    const changed = applyPatch(resourceTypes.User, stored.User, {
      operations: [{ OP: 'replace', Path: 'title', VALUE: 'VP' }],
    });
    assert.equal(changed['title'], 'VP');
  });

  it('refuses a message of another kind', () => {
    for (const body of [
      null,
      [],
      'x',
      {},
      { Operations: {} },
      { schemas: ['urn:x'], Operations: [{ op: 'remove', path: 'title' }] },
    ]) {
      assert.throws(() => applyPatch(resourceTypes.User, stored.User, body), { scimType: 'invalidSyntax' });
    }
  });

  it('takes 100 operations and refuses 101', () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => ({ op: 'replace', path: 'title', value: 'VP' }));
    assert.equal(patch(stored.User, many(99))['title'], 'VP');
    assert.equal(patch(stored.User, many(100))['title'], 'VP');
    assert.throws(() => patch(stored.User, many(101)), { status: 413, scimType: 'tooMany' });
  });

  it('takes 2,000 operations on a group, each member who leaves being one, and refuses 2,001', () => {
    const members = Array.from({ length: 20_000 }, (_, at) => ({ value: `u${at}` }));
    const leave = (count: number) =>
      members.slice(0, count).map(({ value }) => ({ op: 'remove', path: `members[value eq "${value}"]` }));
    const before = { displayName: 'West', members };
    const rename = { op: 'replace', value: { displayName: 'East' } };
    const begin = performance.now();
    const left = plain(patch(before, [...leave(1_999), rename], 'Group'));
    assert.ok(performance.now() - begin < 1_000);
    assert.deepEqual(left, { displayName: 'East', members: members.slice(1_999) });
    assert.throws(() => patch(before, [...leave(2_000), rename], 'Group'), { status: 413, scimType: 'tooMany' });
  });

  it('refuses operations that would look at too many values, at once', () => {
    const members = Array.from({ length: 5_000 }, (_, at) => ({ value: `u${at}` }));
    const filter = Array.from({ length: 60 }, (_, at) => `display eq "${at}"`).join(' or ');
    const operations = Array.from({ length: 100 }, () => ({ op: 'remove', path: `members[${filter}]` }));
    const begin = performance.now();
    assert.throws(() => patch({ displayName: 'West', members }, operations, 'Group'), { status: 413 });
    assert.ok(performance.now() - begin < 2_000);
  });

  it('adds and removes thousands of members in time linear in them', () => {
    const members = Array.from({ length: 20_000 }, (_, at) => ({ value: `u${at}` }));
    const begin = performance.now();
    const grown = patch({ displayName: 'West', members }, [{ op: 'add', path: 'members', value: members }], 'Group');
    const emptied = patch(grown, [{ op: 'remove', path: 'members', value: members }], 'Group');
    assert.deepEqual(plain(emptied), { displayName: 'West' });
    assert.ok(performance.now() - begin < 1_000);
  });

  it('is idempotent for replacements and removals', () => {
    const path = fc.constantFrom(
      'title',
      'name',
      'name.givenName',
      'emails',
      'emails[type eq "work"].value',
      'emails[type eq "home"]',
      `${ENTERPRISE_USER_SCHEMA}:manager`,
    );
    const value = fc.constantFrom<unknown>(
      null,
      'x@y.test',
      { givenName: 'A', value: 'x', type: 'work' },
      [{ value: 'q', primary: true }],
      { value: 'x' },
    );
    fc.assert(
      fc.property(fc.constantFrom('replace', 'remove'), path, value, (op, at, said) => {
        const operations = [op === 'remove' ? { op, path: at } : { op, path: at, value: said }];
        let once: ScimObject;
        try {
          once = patch(stored.User, operations);
        } catch (error) {
          assert.ok(error instanceof ScimError);
          return;
        }
        assert.deepEqual(plain(patch(once, operations)), plain(once));
      }),
      { numRuns: 200 },
    );
  });

  it('never reaches a prototype, and lets nothing but SCIM errors out', () => {
    const name = fc.oneof(fc.constantFrom(...prototypeNames, 'emails', 'name', 'members'), fc.string({ maxLength: 5 }));
    const path = fc.oneof(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('.')),
      fc.tuple(name, name, name).map(([a, b, c]) => `${a}[${b} eq "x"].${c}`),
    );
    const value = fc.oneof(
      fc.constant('yes'),
      fc.dictionary(path, fc.jsonValue(), { noNullPrototype: true }),
      fc.jsonValue(),
    );
    const operation = fc.record(
      { op: fc.constantFrom('add', 'replace', 'remove'), path, value },
      { requiredKeys: ['op'] },
    );
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('User', 'Group'),
        (operations, type) => {
          const body: unknown = JSON.parse(JSON.stringify({ Operations: operations }));
          unpolluted(() => {
            try {
              applyPatch(resourceTypes[type], frozen(structuredClone(stored[type])), body);
            } catch (error) {
              assert.ok(error instanceof ScimError && error.status < 500, String(error));
            }
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
