import assert from 'node:assert/strict';
import fc from 'fast-check';
import { scimPatch } from 'scim-patch';
import { ScimError } from '../../../src/scim/protocol/errors.js';
import { applyPatch } from '../../../src/scim/protocol/patch.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes } from '../../../src/scim/protocol/schema.js';
import { assignedOnly } from '../../../src/scim/protocol/scim-object.js';
import {
  groupOperations,
  type Json,
  type Operation,
  simpleGroupOperations,
  simpleUserOperations,
  toBody,
  userOperations,
} from './patch-arbitrary.js';
import { patchByRfc, Refused } from './patch-by-rfc.js';
import { plain } from './values.js';

/** `npm run soak` tries many more. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 20_000);

const user: Json = {
  userName: 'ada@x.test',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lane' },
  emails: [
    { type: 'home', value: 'a', primary: true },
    { type: 'work', value: 'b' },
  ],
  [ENTERPRISE_USER_SCHEMA]: { department: 'Sales', manager: { value: 'm1', displayName: 'Bo' } },
};
const group: Json = {
  displayName: 'West',
  members: [{ value: 'a' }, { value: 'b', display: 'x' }, { value: 'stays' }],
};

type Patch = (resource: Json, operations: readonly Operation[]) => unknown;

/** A development oracle; what has become empty it keeps, and the envelope that it wants is taken off again. */
const patchByLibrary: Patch = (resource, operations) => {
  const meta = { created: new Date(0), lastModified: new Date(0) };
  const patched = scimPatch({ schemas: [], meta, ...resource }, JSON.parse(JSON.stringify(operations.map(toBody))));
  return assignedOnly(plain({ ...patched, meta: undefined }));
};

describe('PATCH and a second implementation', function () {
  this.timeout(20_000 + RUNS);
  const agree = (
    type: 'User' | 'Group',
    resource: Json,
    operations: readonly Operation[],
    second: Patch = patchByRfc,
  ) => {
    const outcome = (patch: () => unknown) => {
      try {
        return plain(patch());
      } catch (error) {
        assert.ok(error instanceof ScimError || error instanceof Refused, String(error));
        return error.scimType;
      }
    };
    const body = JSON.parse(JSON.stringify({ Operations: operations.map(toBody) }));
    const ours = outcome(() => applyPatch(resourceTypes[type], JSON.parse(JSON.stringify(resource)), body));
    assert.deepEqual(
      ours,
      outcome(() => second(structuredClone(resource), operations)),
      JSON.stringify(body),
    );
  };

  it('agree on users', () => {
    fc.assert(
      fc.property(userOperations, (operations) => agree('User', user, operations)),
      { numRuns: RUNS },
    );
  });

  it('agree on groups', () => {
    fc.assert(
      fc.property(groupOperations, (operations) => agree('Group', group, operations)),
      { numRuns: RUNS },
    );
  });

  it('agree with scim-patch where that is right', () => {
    fc.assert(
      fc.property(simpleUserOperations, simpleGroupOperations, (onUser, onGroup) => {
        agree('User', user, onUser, patchByLibrary);
        agree('Group', group, onGroup, patchByLibrary);
      }),
      { numRuns: RUNS / 10 },
    );
  });
});
