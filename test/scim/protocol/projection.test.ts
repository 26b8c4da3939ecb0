import assert from 'node:assert/strict';
import { parseProjection, project } from '../../../src/scim/protocol/projection.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../../../src/scim/protocol/schema.js';
import { frozen, plain } from './values.js';

const ada = frozen({
  schemas: [resourceTypes.User.schema.id, ENTERPRISE_USER_SCHEMA],
  id: '1',
  userName: 'ada@x.test',
  password: 'never',
  active: false,
  title: '',
  name: { givenName: 'Ada', familyName: 'Lane' },
  emails: [{ value: 'a@x', type: 'work' }, { value: 'b@x' }],
  [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: 'm1', displayName: 'Bo' } },
  meta: { resourceType: 'User', version: 'W/"1"' },
  unknown: 'not in the schema',
});

const always = { schemas: ada.schemas, id: '1' };
const { password: _password, unknown: _unknown, ...shown } = ada;
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(shown).filter(([name]) => !names.includes(name)));

const cases: [string, { attributes?: string | string[]; excludedAttributes?: string }, object][] = [
  ['everything but what is never returned', {}, shown],
  ['everything, for blank parameters', { attributes: '', excludedAttributes: ' , ' }, shown],
  ['one attribute', { attributes: 'userName' }, { ...always, userName: 'ada@x.test' }],
  [
    'names in any case, with URN, in a list',
    { attributes: ['USERNAME', 'urn:ietf:params:scim:schemas:core:2.0:User:active'] },
    { ...always, userName: 'ada@x.test', active: false },
  ],
  ['a sub-attribute', { attributes: 'name.givenName,title' }, { ...always, name: { givenName: 'Ada' }, title: '' }],
  ['a sub-attribute of a list', { attributes: 'emails.type' }, { ...always, emails: [{ type: 'work' }] }],
  ['a part and the whole', { attributes: 'name.givenName,name' }, { ...always, name: shown.name }],
  ['the whole and a part', { attributes: 'name,name.givenName' }, { ...always, name: shown.name }],
  [
    'an extension',
    { attributes: ENTERPRISE_USER_SCHEMA },
    { ...always, [ENTERPRISE_USER_SCHEMA]: shown[ENTERPRISE_USER_SCHEMA] },
  ],
  [
    'parts of an extension',
    { attributes: `${ENTERPRISE_USER_SCHEMA}:department, ${ENTERPRISE_USER_SCHEMA}:manager.value` },
    { ...always, [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: 'm1' } } },
  ],
  ['nothing that is never returned', { attributes: 'password' }, always],
  ['nothing nobody knows', { attributes: '__proto__,constructor,unknown' }, always],
  ['nothing the user lacks', { attributes: 'nickName,addresses.locality' }, always],
  ['all but some', { excludedAttributes: 'emails,title,meta' }, without('emails', 'title', 'meta')],
  ['what is always returned, even excluded', { excludedAttributes: 'id,schemas' }, shown],
  [
    'all but parts',
    { excludedAttributes: `name.familyName,${ENTERPRISE_USER_SCHEMA}:manager` },
    { ...shown, name: { givenName: 'Ada' }, [ENTERPRISE_USER_SCHEMA]: { department: 'Sales' } },
  ],
  ['all but an extension', { excludedAttributes: ENTERPRISE_USER_SCHEMA }, without(ENTERPRISE_USER_SCHEMA)],
  [
    'all but every part',
    { excludedAttributes: 'name.familyName,name.givenName,emails.value' },
    { ...without('name'), emails: [{ type: 'work' }] },
  ],
];

describe('projection shows', () => {
  for (const [name, parameters, expected] of cases) {
    it(name, () => assert.deepEqual(plain(project(ada, parseProjection(parameters, resourceTypes.User))), expected));
  }

  it('attributes in the order of the schema', () => {
    const reversed = Object.fromEntries(Object.entries(shown).toReversed());
    const names = Object.keys(project(reversed, parseProjection({}, resourceTypes.User)));
    assert.deepEqual(names.slice(0, 4), ['schemas', 'id', 'meta', 'userName']);
  });

  it('not both of two lists', () => {
    const both = { attributes: 'title', excludedAttributes: 'name' };
    assert.throws(() => parseProjection(both, resourceTypes.User), { status: 400, scimType: 'invalidValue' });
  });
});
