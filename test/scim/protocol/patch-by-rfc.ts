import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';
import type { Condition, Json, Operation } from './patch-arbitrary.js';

/** An operation is refused with this scimType. */
export class Refused extends Error {
  readonly scimType: string;
  constructor(scimType: string) {
    super(scimType);
    this.scimType = scimType;
  }
}

type Element = Map<string, unknown>;

/** A resource taken apart: what has one value, by its path, and the elements of what has many. */
interface Parts {
  readonly single: Map<string, unknown>;
  readonly lists: Map<string, Element[]>;
}

const LISTS = ['emails', 'roles', 'addresses', 'members'];
const REQUIRED = ['userName', 'displayName of a group'];

/**
 * PATCH a second time, as RFC 7644 section 3.5.2 and the design tell it, for operations in their canonical form: on a
 * resource that is taken apart into values and lists, changed in place, and put together again.
 * @throws Refused
 */
export function patchByRfc(resource: Json, operations: readonly Operation[]): Json {
  const parts = takeApart(resource);
  for (const operation of operations) {
    if (operation.at === null) {
      for (const [path, value] of Object.entries(operation.value)) setAt(parts, operation.op, path, value);
    } else changeAt(parts, operation);
  }
  return putTogether(parts);
}

function changeAt(parts: Parts, { op, at, condition, sub, value }: Operation & { at: string }): void {
  if (!LISTS.includes(at)) {
    if (op === 'remove') removeSingle(parts, at);
    else setAt(parts, op, at, value);
  } else if (condition === null && sub === null) setAt(parts, op, at, value ?? null);
  else changeList(parts, at, (list) => changeElements(list, op, condition, sub, isBlank(sub, value) ? null : value));
}

/** A blank value, of the element that is said or said alone, is none. */
const isBlank = (sub: string | null, said: unknown): boolean =>
  sub === null ? (said as Json | null)?.['value'] === '' : sub === 'value' && said === '';

/** Adds or sets, or, of a list, also removes what `value` names. */
function setAt(parts: Parts, op: Operation['op'], path: string, value: unknown): void {
  if (LISTS.includes(path)) {
    if (path === 'members' && value !== null && !elementsOf(value).every((member) => Boolean(member.get('value'))))
      throw new Refused('invalidValue');
    changeList(parts, path, (list) => changeWhole(list, op, value));
  } else if (typeof value === 'object' && value !== null) {
    // A manager is one thing, so another comes whole; other complex values take the members that are said.
    if (path.endsWith('manager')) removeSingle(parts, path);
    for (const [name, member] of Object.entries(value)) setAt(parts, op, below(path, name), member);
  } else if (value !== null) parts.single.set(path, value);
  else if (op === 'replace') removeSingle(parts, path);
}

const below = (path: string, name: string): string => `${path}${path === ENTERPRISE_USER_SCHEMA ? ':' : '.'}${name}`;

function removeSingle({ single }: Parts, path: string): void {
  if (REQUIRED.includes(path)) throw new Refused('mutability');
  if (path === 'active') return;
  for (const known of single.keys()) {
    if (known === path || known.startsWith(below(path, ''))) single.delete(known);
  }
}

/** A list after an operation, and who of it became primary last. */
type Changed = [Element[], preferred?: Element | undefined];

function changeList({ lists }: Parts, path: string, change: (list: Element[]) => Changed): void {
  lists.set(path, settle(change(lists.get(path) ?? [])));
}

/** Nothing empty is left, and the last that became primary is the only one. */
function settle([list, preferred]: Changed): Element[] {
  for (const element of list) {
    if (preferred !== undefined && element !== preferred && element.get('primary') === true) {
      element.set('primary', false);
    }
  }
  return list.filter(({ size }) => size > 0);
}

function changeWhole(list: Element[], op: Operation['op'], value: unknown): Changed {
  if (op === 'add' && value === null) return [list];
  // What is given is a set of its own first; a blank value is none.
  const said = value === null ? [] : elementsOf(value).filter((element) => element.get('value') !== '');
  const given = settle(union([], said));
  if (op === 'add') return union(list, given);
  if (op === 'replace') return union([], given);
  if (value === null) return [[]];
  return [list.filter((element) => !given.some((gone) => isSame(element, gone)))];
}

/** Each element once; who comes again says more of the same. */
function union(list: readonly Element[], added: readonly Element[]): Changed {
  const result: Element[] = [];
  let preferred: Element | undefined;
  for (const element of [...list, ...added]) {
    let known = result.find((one) => isSame(one, element));
    if (known === undefined) result.push((known = element));
    else for (const [name, member] of element) known.set(name, member);
    if (added.includes(element) && element.get('primary') === true) preferred = known;
  }
  return [result, preferred];
}

/** By value, and by type where both have one; without a value by everything but `primary`. */
function isSame(one: Element, other: Element): boolean {
  const [value, otherValue] = [one.get('value'), other.get('value')];
  if (value === undefined && otherValue === undefined) {
    const names = [...new Set([...one.keys(), ...other.keys()])].filter((name) => name !== 'primary');
    return names.every((name) => one.get(name) === other.get(name));
  }
  const types = [one.get('type'), other.get('type')];
  return value === otherValue && (types.includes(undefined) || types[0] === types[1]);
}

function changeElements(
  list: Element[],
  op: Operation['op'],
  condition: Condition | null,
  sub: string | null,
  value: unknown,
): Changed {
  const holds = (element: Element) => condition === null || condition.holds(element);
  if (op === 'remove' && sub === null) return [list.filter((element) => !holds(element))];
  const given = value === null ? [] : Object.entries(sub === null ? (value as Json) : { [sub]: value });
  const found = list.filter(holds);
  if (found.length === 0 && op !== 'remove' && given.length > 0) {
    if (condition !== null && condition.describes === null) throw new Refused('noTarget');
    return union(list, [new Map([...Object.entries(condition?.describes ?? {}), ...given])]);
  }
  let preferred: Element | undefined;
  for (const element of found) {
    const was = element.get('primary');
    if (sub !== null && (op === 'remove' || (value === null && op === 'replace'))) element.delete(sub);
    else if (sub === null && op === 'replace') {
      element.clear();
      if (value !== null)
        for (const [name, said] of Object.entries(condition?.describes ?? {})) element.set(name, said);
    }
    for (const [name, member] of op === 'remove' ? [] : given) element.set(name, member);
    if (element.get('primary') === true && was !== true) preferred = element;
  }
  return [list, preferred];
}

function takeApart(resource: Json): Parts {
  const parts: Parts = { single: new Map(), lists: new Map() };
  const take = (path: string, value: unknown): void => {
    if (Array.isArray(value)) parts.lists.set(path, elementsOf(value));
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) take(path === '' ? name : below(path, name), member);
    } else parts.single.set(path, value);
  };
  take('', resource);
  return parts;
}

const elementsOf = (value: unknown): Element[] =>
  (Array.isArray(value) ? value : [value]).map((element: Json) => new Map(Object.entries(element)));

function putTogether({ single, lists }: Parts): Json {
  const result: Json = {};
  for (const [path, value] of single) {
    const urn = path.startsWith(ENTERPRISE_USER_SCHEMA) ? [ENTERPRISE_USER_SCHEMA] : [];
    const names = [...urn, ...(urn.length > 0 ? path.slice(ENTERPRISE_USER_SCHEMA.length + 1) : path).split('.')];
    let at = result;
    for (const name of names.slice(0, -1)) at = at[name] = (at[name] ?? {}) as Json;
    at[names.at(-1) ?? ''] = value;
  }
  for (const [path, list] of lists) if (list.length > 0) result[path] = list.map((one) => Object.fromEntries(one));
  return result;
}
