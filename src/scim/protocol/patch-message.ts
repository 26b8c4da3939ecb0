import type { Attribute } from './attribute.js';
import { invalidPath, invalidSyntax, invalidValue, mutability, noTarget, tooMany } from './errors.js';
import { type PatchPath, parsePath } from './filter.js';
import { readAttributes, readValue } from './read-value.js';
import { findAttribute, type ResourceType } from './schema.js';
import { isObject, isScimObject, newObject, type ScimObject, type ScimValue } from './scim-object.js';
import { isBlank } from './text.js';

export const PATCH_OP_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** Okta pushes up to 1,000 changes of a group at once, each member who leaves in an operation of its own. */
const MAX_PATCH_OPERATIONS = { User: 100, Group: 2_000 } as const;

/** One operation, read and checked: names canonical, values coerced, nothing in it that a client cannot set. */
export type PatchOperation =
  /** Without a path: attributes of the resource, as `readAttributes` gives them. */
  | { readonly op: 'add' | 'replace'; readonly path: null; readonly value: ScimObject }
  | { readonly op: 'add' | 'replace'; readonly path: PatchPath; readonly value: ScimValue }
  /** A value names the elements to remove (Entra's `Remove members value:[…]`); null is all that the path leads to. */
  | { readonly op: 'remove'; readonly path: PatchPath; readonly value: ScimValue };

/**
 * Reads a PatchOp message (RFC 7644 section 3.5.2). `Operations` and operation names are taken in any case, a missing
 * `schemas` is forgiven, operations on attributes that the type does not have, or that are write-only, are left out.
 * @throws ScimError 413 tooMany; 400 invalidSyntax for the message itself, invalidPath, invalidFilter, invalidValue,
 * mutability for a path to a read-only attribute, noTarget for a removal without a path
 */
export function readPatch(type: ResourceType, body: unknown): PatchOperation[] {
  if (!isObject(body)) throw invalidSyntax('The body must be a JSON object');
  const message = lowerCased(body);
  checkSchemas(message['schemas']);
  const operations = message['operations'];
  if (!Array.isArray(operations) || operations.length === 0) {
    throw invalidSyntax('Operations must be a list of at least one operation');
  }
  assertNotTooMany(type, operations);
  return operations.flatMap((operation) => readOperation(type, operation));
}

function assertNotTooMany(type: ResourceType, operations: readonly unknown[]): void {
  const most = MAX_PATCH_OPERATIONS[type.name];
  if (operations.length > most) throw tooMany(`A PATCH of a ${type.name} takes at most ${most} operations`);
}

function checkSchemas(schemas: unknown): void {
  if (schemas === undefined || schemas === null) return;
  const listed = Array.isArray(schemas) ? schemas : [schemas];
  if (listed.some((urn) => typeof urn === 'string' && urn.toLowerCase() === PATCH_OP_SCHEMA.toLowerCase())) return;
  throw invalidSyntax(`schemas must contain ${PATCH_OP_SCHEMA}`);
}

const verbs: ReadonlyMap<string, PatchOperation['op']> = new Map([
  ['add', 'add'],
  ['replace', 'replace'],
  ['remove', 'remove'],
]);

/** @returns no operation where there is nothing to do, several where names lead into lists */
function readOperation(type: ResourceType, operation: unknown): PatchOperation[] {
  if (!isObject(operation)) throw invalidSyntax('Each operation must be an object');
  const { op: verb, path: text, value } = lowerCased(operation);
  const op = typeof verb === 'string' ? verbs.get(verb.trim().toLowerCase()) : undefined;
  if (!op) throw invalidSyntax('op must be add, replace or remove');
  if (text !== undefined && text !== null && typeof text !== 'string') throw invalidPath('path must be a string');
  if (!text?.trim()) {
    if (op === 'remove') throw noTarget('A removal needs a path');
    return readWithoutPath(type, op, attributesOf(value));
  }
  const path = parsePath(text, type);
  if (op !== 'remove' && value === undefined) throw invalidValue(`${op} needs a value`);
  if (!path || path.attributes.some(({ mutability }) => mutability === 'writeOnly')) return [];
  const target = targetOf(path);
  if ([...path.attributes, target].some(({ mutability }) => mutability === 'readOnly')) {
    throw mutability(`${target.fullName} is read-only`);
  }
  if (op === 'remove') return [{ op, path, value: removedElements(path, value) }];
  const read = readValue(path.filter && !path.sub ? single(target) : target, value);
  return [{ op, path, value: isBlankValue(path, read) ? null : read }];
}

/** A blank value of an e-mail or the like is none, said of the element or of its `value`. */
function isBlankValue({ filter, sub }: PatchPath, read: ScimValue): boolean {
  const value = filter !== null && sub === null && isScimObject(read) ? read['value'] : sub?.name === 'value' && read;
  return typeof value === 'string' && isBlank(value);
}

/** Entra writes paths as names too, `{"emails[type eq \"work\"].value":"x"}`: those that lead into a list are operations of their own. */
function readWithoutPath(type: ResourceType, op: 'add' | 'replace', given: Record<string, unknown>): PatchOperation[] {
  const paths = Object.keys(given).filter((name) => leadsIntoList(type, name));
  assertNotTooMany(type, paths);
  return [
    { op, path: null, value: readAttributes(type, given) },
    ...paths.flatMap((path) => readOperation(type, { op, path, value: given[path] })),
  ];
}

/** `emails.value`, `emails[…].value`; not a list as a whole, nor one that is read-only, which is dropped as in any body. */
function leadsIntoList(type: ResourceType, name: string): boolean {
  const bracket = name.indexOf('[');
  const path = findAttribute(type, bracket < 0 ? name : name.slice(0, bracket)) ?? [];
  const lists = bracket < 0 ? path.slice(0, -1) : path;
  return lists.some((attribute) => attribute.multiValued && attribute.mutability !== 'readOnly');
}

function attributesOf(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw invalidValue('An operation without a path needs an object of attributes as its value');
  return value;
}

/** Only a whole list can be told which of its elements to remove. */
function removedElements(path: PatchPath, value: unknown): ScimValue {
  const target = targetOf(path);
  return target.multiValued && !path.filter && !path.sub ? readValue(target, value) : null;
}

/** The attribute that a path leads to. */
function targetOf(path: PatchPath): Attribute {
  const target = path.sub ?? path.attributes.at(-1);
  if (!target) throw invalidPath('The path leads nowhere');
  return target;
}

/** A multi-valued attribute as one of its elements. */
const single = (attribute: Attribute): Attribute => ({ ...attribute, multiValued: false });

/** The members of a message by their names in lower case. */
function lowerCased(message: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = newObject();
  for (const key of Object.keys(message)) result[key.toLowerCase()] = message[key];
  return result;
}
