import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { listAnswer } from '../list-answer.js';
import { resourceTypeDocuments, schemas, serviceProviderConfig } from '../protocol/discovery.js';
import { forbidden, notFound, notImplemented } from '../protocol/errors.js';
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
    // RFC 7644 section 3.11: who has no such thing says 501.
    { path: '/Me', handlers: { GET: noMe, POST: noMe, PUT: noMe, PATCH: noMe, DELETE: noMe } },
  ];
}

const noMe = (): never => {
  throw notImplemented('A token is no person: there is no /Me here, use /Users');
};

const collection = (path: string, documents: (baseUrl: string) => ScimObject[]): ScimRoute[] => [
  { path, handlers: { GET: (call) => all(call, documents(call.baseUrl)) } },
  { path: `${path}/:id`, handlers: { GET: (call) => one(call, documents(call.baseUrl)) } },
];

/** RFC 7644 section 4: who asks for some of them only is refused, lest all be taken for what was asked for. */
function all(call: ScimCall, documents: ScimObject[]): ScimAnswer {
  if (call.query['filter'] !== undefined) throw forbidden('Discovery takes no filter: everything is told');
  const { length } = documents;
  const resources = documents.map((document) => JSON.stringify(document)).join(',');
  return listAnswer({ totalResults: length, startIndex: 1, itemsPerPage: length, resources });
}

function one(call: ScimCall, documents: readonly ScimObject[]): ScimAnswer {
  const document = documents.find(({ id }) => typeof id === 'string' && id.toLowerCase() === call.id.toLowerCase());
  if (document === undefined) throw notFound(call.id);
  return { status: 200, body: document };
}
