import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { withDerivedNames } from '../../../src/scim/protocol/derived-names.js';
import { ScimError } from '../../../src/scim/protocol/errors.js';
import {
  foldReference,
  foldUserName,
  managerReference,
  readResource,
  replaceResource,
} from '../../../src/scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes, schemasOf } from '../../../src/scim/protocol/schema.js';
import type { ScimObject } from '../../../src/scim/protocol/scim-object.js';
import { frozen, plain, prototypeNames, unpolluted } from './values.js';

interface Case {
  name: string;
  type?: 'User' | 'Group';
  body: unknown;
  expect: ScimObject;
}

const cases: {
  read: Case[];
  refused: (Omit<Case, 'expect'> & { attribute: string })[];
  replaced: Case[];
  derived: { userName: string; given: string; family: string }[];
} = JSON.parse(readFileSync(new URL('resource.cases.json', import.meta.url), 'utf8'));

const read = (body: unknown, type: 'User' | 'Group' = 'User') => readResource(resourceTypes[type], body);

const oktaCreate = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE_USER_SCHEMA],
  userName: 'Ada.Lane@example.test',
  name: { givenName: 'Ada', familyName: 'Lane' },
  emails: [{ primary: true, value: 'ada.lane@example.test', type: 'work' }],
  displayName: 'Ada Lane',
  title: 'AE',
  locale: 'en-US',
  externalId: '00uOKTAUSERID',
  groups: [],
  password: 'x9Kq2',
  active: true,
  [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: '00uMANAGER', displayName: 'Bo Kim' } },
};

describe('reading a resource', () => {
  for (const { name, type, body, expect } of cases.read) {
    it(name, () => assert.deepEqual(plain(read(frozen(body), type)), expect));
  }

  for (const { name, type, body, attribute } of cases.refused) {
    it(`${name} is refused`, () => {
      assert.throws(
        () => read(body, type),
        (error) => {
          assert.ok(error instanceof ScimError);
          assert.deepEqual([error.status, error.scimType], [400, 'invalidValue']);
          assert.ok(error.detail.startsWith(`${attribute} `), error.detail);
          return true;
        },
      );
    });
  }

  it('refuses what is no object', () => {
    for (const body of [null, undefined, 'x', 5, [], [{}]])
      assert.throws(() => read(body), { scimType: 'invalidSyntax' });
  });

  it("keeps Okta's create as it is, without password and groups", () => {
    const { schemas, groups: _groups, password: _password, ...rest } = oktaCreate;
    const resource = read(oktaCreate);
    assert.deepEqual(plain(resource), rest);
    assert.deepEqual(schemasOf(resourceTypes.User, resource), schemas);
  });

  it('says nothing of an extension that the user has nothing of', () => {
    assert.deepEqual(schemasOf(resourceTypes.User, read({ userName: 'a' })), [resourceTypes.User.schema.id]);
  });

  it('takes 320 characters of userName and refuses 321, whatever their width', () => {
    for (const character of ['a', 'é', '😀']) {
      assert.ok(read({ userName: character.repeat(319) }));
      assert.ok(read({ userName: character.repeat(320) }));
      assert.throws(() => read({ userName: character.repeat(321) }), { scimType: 'invalidValue' });
    }
  });

  it('takes 4 KiB of any string and refuses a byte more', () => {
    for (const [character, most] of [
      ['a', 4096],
      ['é', 2048],
      ['😀', 1024],
    ] as const) {
      assert.ok(read({ userName: 'a', title: character.repeat(most - 1) }));
      assert.ok(read({ userName: 'a', title: character.repeat(most) }));
      assert.throws(() => read({ userName: 'a', title: character.repeat(most + 1) }), { scimType: 'invalidValue' });
    }
  });

  it('costs little', () => {
    for (let warm = 0; warm < 2_000; warm++) read(oktaCreate);
    const begin = performance.now();
    for (let run = 0; run < 2_000; run++) read(oktaCreate);
    assert.ok((performance.now() - begin) / 2_000 < 0.1);
  });

  it('makes objects without prototypes and reaches none', () => {
    const key = fc.oneof(
      fc.constantFrom(...prototypeNames, 'userName', 'name', 'emails', 'name.givenName', ENTERPRISE_USER_SCHEMA),
      fc.constantFrom(...prototypeNames).map((name) => `${name}.x`),
      fc.constantFrom(...prototypeNames).map((name) => `${ENTERPRISE_USER_SCHEMA}:${name}`),
    );
    const { body } = fc.letrec<{ body: unknown }>((tie) => ({
      body: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.boolean(),
        fc.array(tie('body'), { maxLength: 2 }),
        fc.dictionary(key, tie('body')),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, body), (given) => {
        const parsed: unknown = JSON.parse(JSON.stringify(given));
        unpolluted(() => {
          try {
            const resource = read(parsed);
            assert.deepEqual(inheritedBy(resource), []);
            assert.deepEqual(plain(read(resource)), plain(resource), 'reading again changes nothing');
          } catch (error) {
            assert.ok(error instanceof ScimError, String(error));
          }
        });
      }),
      { numRuns: 500 },
    );
  });
});

/** The names that an object has from its prototypes. */
function inheritedBy(object: object): PropertyKey[] {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype === null ? [] : [...Reflect.ownKeys(prototype), ...inheritedBy(prototype)];
}

describe('PUT', () => {
  const stored = read({
    ...oktaCreate,
    active: false,
    [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: 'm1' },
  });

  for (const { name, body, expect } of cases.replaced) {
    it(name, () => assert.deepEqual(plain(replaceResource(resourceTypes.User, frozen(stored), body)), expect));
  }

  it('of the answer to a GET changes nothing', () => {
    const shown = { ...plain(stored), schemas: ['x'], id: '1', meta: { version: 'x' }, groups: [] };
    assert.deepEqual(plain(replaceResource(resourceTypes.User, stored, shown)), plain(stored));
  });

  it('needs a userName', () => {
    assert.throws(() => replaceResource(resourceTypes.User, stored, { title: 'VP' }), { scimType: 'invalidValue' });
  });
});

describe('the manager reference', () => {
  const reference = (manager: unknown) =>
    managerReference(read({ userName: 'a', [ENTERPRISE_USER_SCHEMA]: { manager } }));

  for (const [manager, expected] of [
    ['m1', 'm1'],
    [' m1 ', ' m1 '],
    [{ value: 'm1', managerId: 'm2', displayName: 'm3' }, 'm1'],
    [{ value: ' ', managerId: 'm2', displayName: 'm3' }, 'm2'],
    [{ value: '', displayName: 'Bo Kim' }, 'Bo Kim'],
    [{ displayName: '  ' }, null],
    [{}, null],
    [null, null],
    ['', null],
  ] as const) {
    it(`of ${JSON.stringify(manager)} is ${JSON.stringify(expected)}`, () =>
      assert.equal(reference(manager), expected));
  }

  it('of a user without the extension is null', () => assert.equal(managerReference(read({ userName: 'a' })), null));
});

describe('derived names', () => {
  for (const { userName, given, family } of cases.derived) {
    it(`${userName} is ${given} ${family}`, () => {
      assert.deepEqual(plain(withDerivedNames(read({ userName }))), {
        userName,
        active: true,
        name: { givenName: given, familyName: family },
        emails: [{ value: userName, type: 'work', primary: true }],
      });
    });
  }

  it('stand back behind what is given', () => {
    const resource = read(oktaCreate);
    assert.deepEqual(plain(withDerivedNames(frozen(resource))), plain(resource));
    const half = read({
      userName: 'a.b@x',
      name: { givenName: ' ', familyName: 'Z', formatted: 'Q' },
      emails: [{ type: 'home' }, { value: 'q@x' }],
    });
    const named = plain(withDerivedNames(frozen(half)));
    assert.deepEqual(named['name'], { givenName: 'A', familyName: 'Z', formatted: 'Q' });
    assert.deepEqual(named['emails'], [{ value: 'q@x' }]);
  });

  it('are never empty', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== ''),
        (userName) => {
          const { name } = withDerivedNames({ userName });
          for (const part of Object.values(plain(name))) assert.match(JSON.stringify(part), /[^"\s]/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('folding', () => {
  for (const [one, other] of [
    ['Ada@X.test', 'ada@x.TEST'],
    ['ÉLODIE', 'e\u0301lodie'],
    ['\u212aim', 'kim'],
    ['ΟΔΟΣ', 'οδος'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['J\u030c', '\u01f0'],
    ['ẞ', 'ß'],
  ] as const) {
    it(`${one} and ${other} are one userName`, () => assert.equal(foldUserName(one), foldUserName(other)));
  }

  for (const [one, other] of [
    ['ﬁn', 'fin'],
    ['ａ', 'a'],
    ['ı', 'i'],
    ['ß', 'ss'],
    ['ſ', 's'],
    ['a ', 'a'],
  ] as const) {
    it(`${one} and ${other} are two`, () => assert.notEqual(foldUserName(one), foldUserName(other)));
  }

  it('folds to what folds to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(foldUserName(foldUserName(text)), foldUserName(text));
        assert.equal(foldUserName(text.toLowerCase()), foldUserName(text));
        assert.equal(foldUserName(text.normalize('NFD')), foldUserName(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('regards case in references without an @', () => {
    assert.equal(foldReference('Bo@X.test'), 'bo@x.test');
    assert.equal(foldReference('00uABC'), '00uABC');
  });
});
