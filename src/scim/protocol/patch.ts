import { type Attribute, subAttribute } from './attribute.js';
import { mutability, noTarget, tooMany } from './errors.js';
import type { Filter, PatchPath } from './filter.js';
import { matchFilter } from './match-filter.js';
import { addElements, isPrimary, overlay, withoutElements, withPrimary } from './multi-valued.js';
import { type PatchOperation, readPatch } from './patch-message.js';
import { checkResource } from './resource.js';
import type { AttributePath, ResourceType } from './schema.js';
import { assignedOnly, isScimObject, isUnassigned, newObject, type ScimObject, type ScimValue } from './scim-object.js';

/**
 * What a PATCH makes of a stored resource (RFC 7644 section 3.5.2): a new object; the old one is left as it was, also
 * where an operation is refused. A value filter that finds nothing creates its element, as Entra expects, if it says
 * what the element is like. `active` cannot be removed: nobody is switched on or off by an omission.
 * @throws ScimError as `readPatch`; 400 noTarget for a filter that finds nothing and cannot create; mutability for
 * the removal of a required attribute and the change of an immutable one; invalidValue as `readResource`; 413 tooMany
 * where the operations would look at more than a million values
 */
export function applyPatch(type: ResourceType, resource: ScimObject, body: unknown): ScimObject {
  let work = 0;
  const patched = inOne(readPatch(type, body)).reduce((current, operation) => {
    work += workOf(current, operation);
    if (work > MAX_WORK) throw tooMany('The operations look at too many values; send fewer of them at once');
    return applyOperation(type, current, operation);
  }, resource);
  return checkResource(type, assignedOnly(patched));
}

/** So many values are looked at in half a second, in which nobody else is served. */
const MAX_WORK = 1_000_000;

/** How many values an operation looks at: each element of a list once a term of its filter. */
function workOf(resource: ScimObject, { path, value }: PatchOperation): number {
  if (path === null) return Object.keys(value).reduce((sum, name) => sum + listOf(resource[name]).length, 0);
  let at: ScimValue | undefined = resource;
  for (const { name } of path.attributes) at = isScimObject(at) ? at[name] : undefined;
  return listOf(at).length * (path.filter === null ? 1 : termsOf(path.filter));
}

function termsOf(filter: Filter): number {
  if (filter.kind === 'and' || filter.kind === 'or')
    return filter.filters.reduce((sum, part) => sum + termsOf(part), 0);
  return filter.kind === 'not' || filter.kind === 'valuePath' ? termsOf(filter.filter) : 1;
}

/**
 * The same operations, with those on one list that follow each other put together: Okta names each member who leaves in an
 * operation of its own, and each would walk through all who stay.
 */
function inOne(operations: readonly PatchOperation[]): PatchOperation[] {
  const result: PatchOperation[] = [];
  for (const operation of operations.map(byValue)) {
    const last = result.at(-1);
    if (last !== undefined && isOnList(last) && isOnList(operation) && isAlike(last, operation)) {
      result[result.length - 1] = { ...last, value: [...listOf(last.value), ...listOf(operation.value)] };
    } else result.push(operation);
  }
  return result;
}

/** `remove members[value eq "x"]` as the removal of what is called x. */
function byValue(operation: PatchOperation): PatchOperation {
  if (operation.op !== 'remove' || operation.path.sub !== null) return operation;
  const { path } = operation;
  const { filter } = path;
  if (filter?.kind !== 'compare' || filter.operator !== 'eq' || path.attributes.at(-1)?.multiValued !== true) {
    return operation;
  }
  const [attribute] = filter.path;
  if (attribute?.name !== 'value' || filter.path.length > 1) return operation;
  return { ...operation, path: { ...path, filter: null }, value: [memberOf(attribute, filter.value)] };
}

/** Adds to a list, or removes what its value names. */
const isOnList = (operation: PatchOperation): operation is PathedOperation =>
  operation.path !== null &&
  operation.path.filter === null &&
  operation.path.sub === null &&
  operation.path.attributes.at(-1)?.multiValued === true &&
  operation.op !== 'replace' &&
  operation.value !== null;

const isAlike = (one: PathedOperation, other: PathedOperation): boolean =>
  one.op === other.op && one.path.attributes.at(-1) === other.path.attributes.at(-1);

type Operator = PatchOperation['op'];

function applyOperation(type: ResourceType, resource: ScimObject, operation: PatchOperation): ScimObject {
  if (operation.path) return changeAt(resource, operation.path.attributes, operation);
  return setMembers(type.root, resource, operation.op, operation.value);
}

type PathedOperation = Extract<PatchOperation, { path: PatchPath }>;

/** Copies the objects along a path and changes what stands at its end. */
function changeAt(from: ScimObject, path: AttributePath, operation: PathedOperation): ScimObject {
  const [step, ...rest] = path;
  if (!step) return from;
  const present = from[step.name];
  if (rest.length > 0) {
    const inner = changeAt(isScimObject(present) ? present : newObject(), rest, operation);
    return withMember(from, step, inner);
  }
  const {
    op,
    value,
    path: { filter, sub },
  } = operation;
  if (step.multiValued && (filter || sub))
    return withMember(from, step, changeElements(step, listOf(present), operation));
  if (filter && !matchFilter(filter, isScimObject(present) ? present : newObject())) {
    if (op === 'remove') return from;
    throw noTarget(`The filter finds nothing in ${step.fullName}`);
  }
  if (sub) return withMember(from, step, changeMember(sub, isScimObject(present) ? present : newObject(), op, value));
  return changeMember(step, from, op, value);
}

/** One member of an object after an operation on exactly this attribute. */
function changeMember(attribute: Attribute, from: ScimObject, op: Operator, value: ScimValue): ScimObject {
  const present = from[attribute.name];
  if (op === 'remove') {
    if (!attribute.multiValued || value === null) return withMember(from, attribute, null);
    return withMember(from, attribute, withoutElements(attribute, listOf(present), listOf(value)));
  }
  if (value === null) return op === 'add' ? from : withMember(from, attribute, null);
  if (attribute.multiValued) {
    return withMember(from, attribute, op === 'add' ? addElements(attribute, listOf(present), listOf(value)) : value);
  }
  if (isScimObject(value) && isScimObject(present) && !isReference(attribute)) {
    return withMember(from, attribute, setMembers(attribute, present, op, value));
  }
  return withMember(from, attribute, value);
}

/** Sets the members that a value mentions and leaves the others, level by level. */
function setMembers(attribute: Attribute, from: ScimObject, op: Operator, value: ScimObject): ScimObject {
  let result = from;
  for (const name of Object.keys(value)) {
    const member = subAttribute(attribute, name);
    if (member) result = changeMember(member, result, op, value[name] ?? null);
  }
  return result;
}

/** A single object around a `value` names one thing: it is replaced as a whole, or the old thing's name would stay on the new one. */
const isReference = (attribute: Attribute): boolean => subAttribute(attribute, 'value') !== undefined;

/** Puts one member in place; null takes it away, which what is required or always there does not allow. */
function withMember(from: ScimObject, attribute: Attribute, value: ScimValue): ScimObject {
  if (isUnassigned(value)) {
    if (attribute.required) throw mutability(`${attribute.fullName} is required and cannot be removed`);
    if (attribute.absence === 'keep' && attribute.type !== 'complex') return from;
  }
  const result = newObject();
  for (const name of Object.keys(from)) {
    const member = from[name];
    if (name !== attribute.name && member !== undefined) result[name] = member;
  }
  if (!isUnassigned(value)) result[attribute.name] = value;
  return result;
}

/** The elements of a list after an operation on those that a filter selects, or on one sub-attribute of them. */
function changeElements(attribute: Attribute, present: readonly ScimValue[], operation: PathedOperation): ScimValue[] {
  const {
    op,
    value,
    path: { filter, sub },
  } = operation;
  const selected = (element: ScimValue): element is ScimObject =>
    isScimObject(element) && (!filter || matchFilter(filter, element));
  if (op === 'remove' && !sub) return present.filter((element) => !selected(element));

  let preferred = -1;
  const changed = present.map((element, at) => {
    if (!selected(element)) return element;
    const result = sub ? changeSub(sub, element, op, value) : changeElement(element, operation);
    if (isPrimary(result) && !isPrimary(element)) preferred = at;
    return result;
  });
  const found = present.some(selected);
  if (!found && op !== 'remove' && !isUnassigned(value)) {
    // Who somebody in a list is never changes, so nobody is made of a description either.
    if (attribute.subAttributes.some((each) => each.mutability === 'immutable')) {
      throw noTarget(`The filter finds nothing in ${attribute.fullName}`);
    }
    const created = overlay(describedBy(filter, attribute), sub ? memberOf(sub, value) : asObject(value));
    return addElements(attribute, present, [created]);
  }
  const left = changed.filter((element) => !isUnassigned(element));
  return preferred < 0 ? left : withPrimary(left, left.indexOf(changed[preferred] ?? null));
}

/** A selected element: added to, or replaced except for what the filter said of it. */
function changeElement(element: ScimObject, { op, value, path: { filter, attributes } }: PathedOperation): ScimValue {
  if (value === null) return op === 'add' ? element : null;
  if (op === 'add') return overlay(element, asObject(value));
  const said = filter && describes(filter) ? describedBy(filter, attributes.at(-1)) : newObject();
  const replaced = overlay(said, asObject(value));
  for (const sub of attributes.at(-1)?.subAttributes ?? []) {
    const present = element[sub.name];
    assertMayBecome(sub, present, replaced[sub.name]);
    // Who a member is stays, whatever else is said of it.
    if (sub.mutability === 'immutable' && present !== undefined) replaced[sub.name] = present;
  }
  return replaced;
}

/** @throws ScimError 400 mutability for another value of what is set once */
function assertMayBecome(sub: Attribute, present: ScimValue | undefined, value: ScimValue | undefined): void {
  if (sub.mutability === 'immutable' && present !== undefined && value !== undefined && present !== value) {
    throw mutability(`${sub.fullName} cannot be changed once it is set`);
  }
}

function changeSub(sub: Attribute, element: ScimObject, op: Operator, value: ScimValue): ScimObject {
  assertMayBecome(sub, element[sub.name], value);
  return changeMember(sub, element, op, value);
}

/** True for a filter that says what an element is like: equalities, all of which hold. */
function describes(filter: Filter): boolean {
  if (filter.kind === 'and') return filter.filters.every(describes);
  return filter.kind === 'compare' && filter.operator === 'eq' && filter.path.length === 1;
}

/** The element that such a filter describes; without a filter, one that nothing is said of. */
function describedBy(filter: Filter | null, attribute: Attribute | undefined): ScimObject {
  const element = newObject();
  if (!filter) return element;
  if (!describes(filter)) throw noTarget(`The filter finds nothing in ${attribute?.fullName ?? 'the attribute'}`);
  if (filter.kind === 'and') {
    return filter.filters.reduce((all, part) => overlay(all, describedBy(part, attribute)), element);
  }
  const step = filter.kind === 'compare' ? filter.path[0] : undefined;
  return step && filter.kind === 'compare' ? memberOf(step, filter.value) : element;
}

function memberOf(attribute: Attribute, value: ScimValue): ScimObject {
  const result = newObject();
  if (value !== null) result[attribute.name] = value;
  return result;
}

const asObject = (value: ScimValue): ScimObject => (isScimObject(value) ? value : newObject());

const listOf = (value: ScimValue | undefined): readonly ScimValue[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
};
