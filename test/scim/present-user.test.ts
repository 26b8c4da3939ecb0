import assert from 'node:assert/strict';
import { newUserId } from '../../src/ids.js';
import { parseUser, presentUser, renderUser } from '../../src/scim/present-user.js';
import { parseProjection } from '../../src/scim/protocol/projection.js';
import { readResource } from '../../src/scim/protocol/resource.js';
import { ENTERPRISE_USER_SCHEMA, resourceTypes, USER_SCHEMA } from '../../src/scim/protocol/schema.js';
import { plain } from './protocol/values.js';

const state = {
  id: newUserId(),
  version: 3,
  createdAt: '2026-01-02T03:04:05.006Z',
  updatedAt: '2026-01-02T03:04:05.007Z',
};

describe('a stored user', () => {
  for (const body of [
    { userName: 'a', active: 'false' },
    {
      userName: 'a"}}',
      externalId: '"',
      [ENTERPRISE_USER_SCHEMA]: { manager: { value: 'm' } },
      emails: [{ value: 'é' }],
    },
  ]) {
    it(`is rendered and parsed without loss: ${JSON.stringify(body)}`, () => {
      const resource = readResource(resourceTypes.User, body);
      const stored = { ...state, resource: renderUser(state, resource), groups: null };
      const parsed = parseUser(stored);
      assert.deepEqual(plain(parsed.resource), plain(resource));
      assert.deepEqual(parsed.state, state);
    });
  }

  it('is shown below the URL that the client came by, whatever that is', () => {
    const resource = readResource(resourceTypes.User, { userName: 'a' });
    const stored = { ...state, resource: renderUser(state, resource), groups: null };
    const base = 'http://a"b/scim/v2';
    assert.deepEqual(JSON.parse(presentUser(stored, base, parseProjection({}, resourceTypes.User))), {
      schemas: [USER_SCHEMA],
      id: state.id,
      userName: 'a',
      active: true,
      meta: {
        resourceType: 'User',
        created: state.createdAt,
        lastModified: state.updatedAt,
        version: 'W/"3"',
        location: `${base}/Users/${state.id}`,
      },
    });
  });
});
