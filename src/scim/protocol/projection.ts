import { type Attribute, subAttribute } from './attribute.js';
import { invalidValue } from './errors.js';
import { findAttribute, type ResourceType } from './schema.js';
import { isScimObject, isUnassigned, newObject, type ScimObject, type ScimValue } from './scim-object.js';

/** Named attributes as a tree: `true` is the attribute with all it has. */
type Selection = Map<Attribute, Selection | true>;

/** Which attributes an answer shows (RFC 7644 section 3.9). */
export interface Projection {
  readonly type: ResourceType;
  readonly mode: 'default' | 'only' | 'except';
  readonly selection: Selection;
}

/** The two parameters as a query string or a search request has them: comma-separated, or a list. */
export interface ProjectionParameters {
  readonly attributes?: string | readonly string[] | undefined;
  readonly excludedAttributes?: string | readonly string[] | undefined;
}

/**
 * Reads `attributes` and `excludedAttributes`; names of attributes that the type does not have are ignored.
 * @throws ScimError 400 invalidValue where both are given: they exclude each other (RFC 7644 section 3.9)
 */
export function parseProjection(parameters: ProjectionParameters, type: ResourceType): Projection {
  const only = namesIn(parameters.attributes);
  const except = namesIn(parameters.excludedAttributes);
  if (only.length > 0 && except.length > 0) {
    throw invalidValue('attributes and excludedAttributes cannot be used together');
  }
  const mode = only.length > 0 ? 'only' : except.length > 0 ? 'except' : 'default';
  return { type, mode, selection: select([...only, ...except], type) };
}

function namesIn(parameter: string | readonly string[] | undefined): string[] {
  if (parameter === undefined) return [];
  const texts = typeof parameter === 'string' ? [parameter] : parameter;
  return texts
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function select(names: readonly string[], type: ResourceType): Selection {
  const selection: Selection = new Map();
  for (const name of names) {
    let level = selection;
    const path = findAttribute(type, name) ?? [];
    for (const [at, attribute] of path.entries()) {
      const known = level.get(attribute);
      if (known === true) break;
      if (at === path.length - 1) level.set(attribute, true);
      else {
        const next: Selection = known ?? new Map();
        level.set(attribute, next);
        level = next;
      }
    }
  }
  return selection;
}

/** Whether anything of a top-level attribute can be shown, so that it need not be read where not. */
export function shows({ type, mode, selection }: Projection, name: string): boolean {
  const attribute = subAttribute(type.root, name);
  const named = attribute && selection.get(attribute);
  return mode === 'default' || (mode === 'only' ? named !== undefined : named !== true);
}

/** The resource as the answer shows it, in the order of the schema; `id`, `schemas` and all that is always returned stay. */
export function project(resource: ScimObject, { type, mode, selection }: Projection): ScimObject {
  return projectMembers(type.attributes, resource, mode, selection);
}

function projectMembers(
  attributes: readonly Attribute[],
  from: ScimObject,
  mode: Projection['mode'],
  selection: Selection,
): ScimObject {
  const result = newObject();
  for (const attribute of attributes) {
    const value = Object.hasOwn(from, attribute.name) ? from[attribute.name] : undefined;
    if (value === undefined || attribute.returned === 'never') continue;
    const shown = projectValue(attribute, value, mode, selection.get(attribute));
    if (shown !== undefined) result[attribute.name] = shown;
  }
  return result;
}

function projectValue(
  attribute: Attribute,
  value: ScimValue,
  mode: Projection['mode'],
  named: Selection | true | undefined,
): ScimValue | undefined {
  if (attribute.returned === 'always') return value;
  if (attribute.returned === 'request' && !(mode === 'only' && named)) return undefined;
  if (mode === 'only' ? !named : named === true) return undefined;
  if (attribute.type !== 'complex') return value;
  const inner = named === undefined || named === true ? 'default' : mode;
  const part = (element: ScimValue): ScimValue =>
    isScimObject(element)
      ? projectMembers(attribute.subAttributes, element, inner, named instanceof Map ? named : new Map())
      : element;
  if (!Array.isArray(value)) return assigned(part(value));
  const elements = value.map(part).filter((element) => !isUnassigned(element));
  return elements.length > 0 || value.length === 0 ? elements : undefined;
}

const assigned = (value: ScimValue): ScimValue | undefined => (isUnassigned(value) ? undefined : value);
