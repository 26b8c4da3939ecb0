import assert from 'node:assert/strict';
import type { Attribute } from '../../src/scim/protocol/attribute.js';
import { parseInstant } from '../../src/scim/protocol/instant.js';
import { type ResourceType, resourceTypes, schemasOf } from '../../src/scim/protocol/schema.js';
import { isObject, isScimObject, type ScimObject, type ScimValue } from '../../src/scim/protocol/scim-object.js';
import { type Answer, scim } from './http.js';
import type { TestRoster } from './roster.js';

type Server = Pick<TestRoster, 'scimUrl' | 'scimToken'>;

/** Sends a SCIM request and holds the answer, whatever it is, against the schema table and the RFCs. */
export async function ask(
  roster: Server,
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<Answer> {
  const answer = await scim(roster, method, path, body, headers);
  assertAnswer(answer, /[?&](?:excludedA|a)ttributes=/.test(path));
  return answer;
}

/** The same, of a status that the test expects; otherwise the answer's own words are the failure. */
export async function expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
  const given = await answer;
  assert.equal(given.status, status, given.text);
  return given;
}

/** The users of a page, once `assertAnswer` has seen it. */
export const resourcesIn = ({ body }: Answer) =>
  (body?.['Resources'] ?? []) as readonly {
    readonly id: string;
    readonly userName: string;
    readonly active: boolean;
  }[];

const SCHEMAS = {
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
  list: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  bulk: 'urn:ietf:params:scim:api:messages:2.0:BulkResponse',
};

/** The type of the resource that has these schemas. */
const typeOf = (schemas: unknown): ResourceType | undefined =>
  Object.values(resourceTypes).find(({ schema }) => Array.isArray(schemas) && schemas.includes(schema.id));

/** @param partial where the request said which attributes it wants. @throws AssertionError */
export function assertAnswer(answer: Answer, partial = false): void {
  const { status, body, text, headers } = answer;
  if (body === undefined) {
    assert.ok(status === 204 || text === '', `${status} without a body`);
    return;
  }
  assert.equal(headers.get('content-type')?.split(';')[0], 'application/scim+json');
  assert.equal(headers.get('content-length'), String(Buffer.byteLength(text)));
  const schemas = body['schemas'];
  assert.ok(Array.isArray(schemas), text);
  if (status >= 400) assertError(answer);
  else if (schemas.includes(SCHEMAS.list)) assertList(body, partial);
  else if (schemas.includes(SCHEMAS.bulk)) assert.ok(Array.isArray(body['Operations']));
  else if (typeOf(schemas)) assertResource(body, partial);
  else assert.match(String(schemas[0]), /^urn:ietf:params:scim:schemas:core:2\.0:/, 'a discovery document');
}

/** An error as Okta shows it to a human (RFC 7644 section 3.12). */
export function assertError({ status, body, headers, text }: Answer): void {
  assert.equal(headers.get('content-type')?.split(';')[0], 'application/scim+json', text);
  assert.deepEqual(body?.['schemas'], [SCHEMAS.error], text);
  assert.equal(body?.['status'], String(status), 'the status is a string');
  assert.ok(typeof body['detail'] === 'string' && body['detail'].length > 10, 'a helpful detail');
  assert.deepEqual(
    Object.keys(body).filter((key) => !['schemas', 'status', 'scimType', 'detail'].includes(key)),
    [],
  );
}

function assertList(body: Record<string, unknown>, partial: boolean): void {
  const { totalResults, startIndex, itemsPerPage, Resources } = body;
  // A page by cursor (RFC 9865) has no index.
  for (const number of [totalResults, startIndex ?? 1, itemsPerPage]) assert.ok(Number.isSafeInteger(number));
  assert.ok(Array.isArray(Resources));
  assert.equal(itemsPerPage, Resources.length, 'itemsPerPage counts what is in the page');
  if (Resources.length > 0) assert.ok(Number(totalResults) >= Number(startIndex ?? 1) - 1 + Resources.length);
  for (const resource of Resources) {
    assert.ok(isObject(resource));
    if (typeOf(resource['schemas'])) assertResource(resource, partial);
  }
}

/** A resource of which every attribute is in the schema table, of the right type, and may be shown. */
function assertResource(body: Record<string, unknown>, partial = false): void {
  const resource = body as ScimObject;
  const type = typeOf(resource['schemas']);
  assert.ok(type);
  assertMembers(type.attributes, resource, `the ${type.name}`);
  assertAlways(type, resource, partial);
  if (partial) return;
  const { meta } = resource;
  assert.deepEqual(resource['schemas'], schemasOf(type, resource));
  for (const { name, required } of type.attributes) if (required) assert.equal(typeof resource[name], 'string');
  if (type === resourceTypes.User) assert.equal(typeof resource['active'], 'boolean', 'active is a real boolean');
  assert.ok(isObject(meta));
  assert.deepEqual(Object.keys(meta).toSorted(), ['created', 'lastModified', 'location', 'resourceType', 'version']);
  assert.equal(meta['resourceType'], type.name);
  assert.match(textAt(meta, 'version'), /^W\/"\d+(?:-[0-9a-f]{8})?"$/);
  const path = `/scim/v2${type.endpoint}/${textAt(resource, 'id')}`;
  assert.match(textAt(meta, 'location'), new RegExp(`^https?://[^/]+${path}$`));
  assert.ok(textAt(meta, 'lastModified') >= textAt(meta, 'created'));
}

function assertAlways(type: ResourceType, user: ScimObject, partial: boolean): void {
  for (const { name, returned } of type.attributes) {
    if (returned === 'always' || (name === 'meta' && !partial))
      assert.ok(user[name] !== undefined, `${name} is missing`);
  }
  assert.match(textAt(user, 'id'), /^[0-9a-f-]{36}$/);
}

function textAt(from: Record<string, unknown>, name: string): string {
  const text = from[name];
  assert.ok(typeof text === 'string', `${name} is a text`);
  return text;
}

function assertMembers(attributes: readonly Attribute[], from: ScimObject, where: string): void {
  const members = Object.keys(from);
  assert.ok(members.length > 0, `${where} is empty`);
  for (const name of members) {
    const attribute = attributes.find((candidate) => candidate.name === name);
    assert.ok(attribute, `${where} has an attribute ${name}, which the schema has not`);
    assert.notEqual(attribute.returned, 'never', `${name} is never shown`);
    assertValues(attribute, from[name] ?? null);
  }
}

function assertValues(attribute: Attribute, value: ScimValue): void {
  if (!attribute.multiValued) return assertValue(attribute, value);
  assert.ok(Array.isArray(value) && value.length > 0, `${attribute.fullName} is a list of something`);
  for (const element of value) assertValue(attribute, element);
  const primary = value.filter((element) => isObject(element) && element['primary'] === true);
  assert.ok(primary.length <= 1, `${attribute.fullName} has one primary value`);
}

function assertValue(attribute: Attribute, value: ScimValue): void {
  const { fullName, type } = attribute;
  if (type === 'complex') {
    assert.ok(isScimObject(value), `${fullName} is an object`);
    assertMembers(attribute.subAttributes, value, fullName);
  } else {
    assert.equal(typeof value, type === 'boolean' ? 'boolean' : 'string', fullName);
    if (type === 'dateTime' && typeof value === 'string') assert.equal(parseInstant(value), value, fullName);
  }
}
