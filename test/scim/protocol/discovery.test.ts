import assert from 'node:assert/strict';
import { resourceTypeDocuments, schemas, serviceProviderConfig } from '../../../src/scim/protocol/discovery.js';
import {
  ERROR_SCHEMA,
  notFound,
  ScimError,
  scimErrorBody,
  tooManyRequests,
  unauthorized,
  uniqueness,
} from '../../../src/scim/protocol/errors.js';
import {
  ENTERPRISE_USER_SCHEMA,
  findAttribute,
  GROUP_SCHEMA,
  resourceTypes,
  USER_SCHEMA,
} from '../../../src/scim/protocol/schema.js';
import { plain } from './values.js';

const base = 'https://roster.test/scim/v2';

describe('discovery', () => {
  it('advertises what is served and nothing else', () => {
    const { patch, bulk, filter, changePassword, sort, etag, pagination } = plain(serviceProviderConfig(base));
    assert.deepEqual(
      { patch, bulk, filter, changePassword, sort, etag, pagination },
      {
        patch: { supported: true },
        bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 4_194_304 },
        filter: { supported: true, maxResults: 200 },
        changePassword: { supported: false },
        sort: { supported: true },
        etag: { supported: true },
        pagination: {
          cursor: true,
          index: true,
          defaultPaginationMethod: 'index',
          defaultPageSize: 100,
          maxPageSize: 200,
        },
      },
    );
  });

  it('names each resource type with its extension', () => {
    const [user, ...others] = resourceTypeDocuments(base).map((document) => plain(document));
    assert.deepEqual(
      others.map(({ id, endpoint }) => [id, endpoint]),
      [['Group', '/Groups']],
    );
    assert.deepEqual(user, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'A person with an account',
      schema: USER_SCHEMA,
      schemaExtensions: [{ schema: ENTERPRISE_USER_SCHEMA, required: false }],
      meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/User` },
    });
  });

  it('shows a schema for each type served and each of its extensions', () => {
    assert.deepEqual(
      schemas(base).map(({ id }) => id),
      [USER_SCHEMA, ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA],
    );
  });

  it('describes only attributes that can be found, each completely', () => {
    for (const document of schemas(base).map((each) => plain(each))) {
      const { attributes, meta } = document;
      const id = JSON.stringify(document['id']).slice(1, -1);
      assert.deepEqual(meta, { resourceType: 'Schema', location: `${base}/Schemas/${id}` });
      const check = (listed: unknown, prefix: string) => {
        assert.ok(Array.isArray(listed) && listed.length > 0);
        for (const attribute of listed) {
          const name = `${prefix}${attribute.name}`;
          assert.ok(findAttribute(id === GROUP_SCHEMA ? resourceTypes.Group : resourceTypes.User, name), name);
          for (const trait of ['type', 'multiValued', 'description', 'required', 'mutability', 'returned']) {
            assert.notEqual(attribute[trait], undefined, `${name} ${trait}`);
          }
          assert.equal(attribute.type === 'complex', attribute.subAttributes !== undefined, name);
          if (attribute.subAttributes) check(attribute.subAttributes, `${name}.`);
        }
      };
      check(attributes, `${id}:`);
    }
  });
});

describe('errors', () => {
  it('have a body with a string status', () => {
    assert.deepEqual(scimErrorBody(uniqueness('userName is taken')), {
      schemas: [ERROR_SCHEMA],
      status: '409',
      scimType: 'uniqueness',
      detail: 'userName is taken',
    });
    assert.deepEqual(Object.keys(scimErrorBody(notFound('x'))), ['schemas', 'status', 'detail']);
  });

  it('carry the headers their status calls for', () => {
    assert.deepEqual(tooManyRequests(1.2).headers, { 'Retry-After': '2' });
    assert.deepEqual(tooManyRequests(0).headers, { 'Retry-After': '1' });
    assert.ok(unauthorized().headers?.['WWW-Authenticate']?.startsWith('Bearer'));
    assert.ok(unauthorized() instanceof ScimError && unauthorized() instanceof Error);
  });
});
