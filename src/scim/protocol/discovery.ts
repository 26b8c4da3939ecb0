import type { Attribute } from './attribute.js';
import { BULK_LIMITS } from './bulk.js';
import { DEFAULT_COUNT, MAX_COUNT } from './list-query.js';
import { resourceTypes, type Schema } from './schema.js';
import type { ScimObject } from './scim-object.js';

const SERVICE_PROVIDER_CONFIG_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';
const RESOURCE_TYPE_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';
const SCHEMA_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema';

/** The ServiceProviderConfig document (RFC 7643 section 5): whatever is advertised works, whatever works is advertised. */
export function serviceProviderConfig(baseUrl: string): ScimObject {
  return {
    schemas: [SERVICE_PROVIDER_CONFIG_SCHEMA],
    patch: { supported: true },
    bulk: { supported: true, ...BULK_LIMITS },
    filter: { supported: true, maxResults: MAX_COUNT },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    // RFC 9865 section 4.
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: DEFAULT_COUNT,
      maxPageSize: MAX_COUNT,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'The token as "Authorization: Bearer <token>", or alone as the value of the header',
        specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
        primary: true,
      },
      {
        type: 'httpbasic',
        name: 'HTTP Basic',
        description: 'The token as the password, with any user name',
        specUri: 'https://www.rfc-editor.org/rfc/rfc7617',
      },
    ],
    meta: meta('ServiceProviderConfig', `${baseUrl}/ServiceProviderConfig`),
  };
}

/** The ResourceType documents (RFC 7643 section 6). */
export function resourceTypeDocuments(baseUrl: string): ScimObject[] {
  return Object.values(resourceTypes).map(({ name, endpoint, description, schema, extensions }) => ({
    schemas: [RESOURCE_TYPE_SCHEMA],
    id: name,
    name,
    endpoint,
    description,
    schema: schema.id,
    schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })),
    meta: meta('ResourceType', `${baseUrl}/ResourceTypes/${name}`),
  }));
}

/** The Schema documents (RFC 7643 section 7) of the resource types and their extensions. */
export function schemas(baseUrl: string): ScimObject[] {
  return Object.values(resourceTypes)
    .flatMap(({ schema, extensions }): Schema[] => [schema, ...extensions])
    .map(({ id, name, description, attributes }) => ({
      schemas: [SCHEMA_SCHEMA],
      id,
      name,
      description,
      attributes: attributes.map(attributeDocument),
      meta: meta('Schema', `${baseUrl}/Schemas/${id}`),
    }));
}

const meta = (resourceType: string, location: string): ScimObject => ({ resourceType, location });

/** One attribute as RFC 7643 section 7 has it: `caseExact` and `uniqueness` are for what has a value of its own. */
function attributeDocument(attribute: Attribute): ScimObject {
  const { name, type, multiValued, description, required, mutability, returned } = attribute;
  const document: ScimObject = { name, type, multiValued, description, required, mutability, returned };
  if (type === 'complex') document['subAttributes'] = attribute.subAttributes.map(attributeDocument);
  else document['uniqueness'] = attribute.uniqueness;
  if (type !== 'complex' && type !== 'boolean') document['caseExact'] = attribute.caseExact;
  if (attribute.canonicalValues.length > 0) document['canonicalValues'] = [...attribute.canonicalValues];
  if (attribute.referenceTypes.length > 0) document['referenceTypes'] = [...attribute.referenceTypes];
  return document;
}
