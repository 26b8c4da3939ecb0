import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { resourceTypeDocuments, schemas, serviceProviderConfig } from '../protocol/discovery.js';
import { notFound } from '../protocol/errors.js';
import { listResponse } from '../protocol/list-query.js';
import type { ScimObject } from '../protocol/scim-object.js';

/** The discovery documents (RFC 7644 section 4), made from the schema table. */
export function discoveryRoutes(): ScimRoute[] {
  return [
    {
      path: '/ServiceProviderConfig',
      handlers: { GET: (call) => ({ status: 200, body: serviceProviderConfig(call.baseUrl) }) },
    },
    ...collection('/ResourceTypes', resourceTypeDocuments),
    ...collection('/Schemas', schemas),
  ];
}

const collection = (path: string, documents: (baseUrl: string) => ScimObject[]): ScimRoute[] => [
  { path, handlers: { GET: (call) => ({ status: 200, body: listResponse(documents(call.baseUrl)) }) } },
  { path: `${path}/:id`, handlers: { GET: (call) => one(call, documents(call.baseUrl)) } },
];

function one(call: ScimCall, documents: readonly ScimObject[]): ScimAnswer {
  const document = documents.find(({ id }) => id === call.id);
  if (document === undefined) throw notFound(call.id);
  return { status: 200, body: document };
}
