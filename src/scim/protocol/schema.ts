import {
  type Attribute,
  type AttributeDefinition,
  type AttributePath,
  complex,
  defineAttribute,
  indexByName,
  subAttribute,
} from './attribute.js';
import { commonAttributes } from './schema-common.js';
import { GROUP_SCHEMA, groupAttributes } from './schema-group.js';
import { ENTERPRISE_USER_SCHEMA, enterpriseUserAttributes, USER_SCHEMA, userAttributes } from './schema-user.js';
import { isUnassigned, type ScimObject } from './scim-object.js';

export type { Attribute, AttributePath } from './attribute.js';
export { ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, USER_SCHEMA };

/** A schema: a URN and the attributes it defines (RFC 7643 section 7). */
export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

/** A resource type: a schema, its extensions, and the tree of all attributes a resource of the type can have. */
export interface ResourceType {
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly schema: Schema;
  readonly extensions: readonly Schema[];
  /** Common attributes, those of the schema, and each extension as a complex attribute named by its URN. */
  readonly attributes: readonly Attribute[];
  /** The resource itself as a complex attribute: where walking the tree begins. */
  readonly root: Attribute;
}

interface SchemaDefinition {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly AttributeDefinition[];
}

function defineResourceType(
  identity: Pick<ResourceType, 'name' | 'endpoint' | 'description'>,
  schema: SchemaDefinition,
  extensions: readonly SchemaDefinition[],
): ResourceType {
  const core = schema.attributes.map((definition) => defineAttribute(definition));
  const blocks = extensions.map(({ id, description, attributes }) =>
    defineAttribute(complex(id, description, attributes, { absence: 'keep' }), '', ':'),
  );
  const attributes = [...commonAttributes.map((definition) => defineAttribute(definition)), ...core, ...blocks];
  const root = defineAttribute(complex(identity.name, identity.description, []));
  return {
    ...identity,
    schema: { ...schema, attributes: core },
    extensions: extensions.map((extension, at) => ({ ...extension, attributes: blocks[at]?.subAttributes ?? [] })),
    attributes,
    root: { ...root, subAttributes: attributes, byName: indexByName(attributes) },
  };
}

/** The one schema table: validation, PATCH paths, projection, filters and discovery all read it. */
export const resourceTypes: { readonly User: ResourceType; readonly Group: ResourceType } = {
  User: defineResourceType(
    { name: 'User', endpoint: '/Users', description: 'A person with an account' },
    { id: USER_SCHEMA, name: 'User', description: 'User account', attributes: userAttributes },
    [
      {
        id: ENTERPRISE_USER_SCHEMA,
        name: 'EnterpriseUser',
        description: 'Enterprise user',
        attributes: enterpriseUserAttributes,
      },
    ],
  ),
  Group: defineResourceType(
    { name: 'Group', endpoint: '/Groups', description: 'A named set of users' },
    { id: GROUP_SCHEMA, name: 'Group', description: 'Group', attributes: groupAttributes },
    [],
  ),
};

/**
 * Finds an attribute by the name a client writes: `userName`, `name.givenName`, `urn:…:core:2.0:User:title`,
 * `urn:…:enterprise:2.0:User:manager.value`, or an extension's URN for the whole block; in any case. The manager
 * is also found without its URN.
 * @returns the way to it, or null if the type has no such attribute.
 */
export function findAttribute(type: ResourceType, text: string): AttributePath | null {
  const whole = subAttribute(type.root, text);
  if (whole) return [whole];
  const lower = text.toLowerCase();
  for (const extension of type.extensions) {
    const block = subAttribute(type.root, extension.id);
    if (block && lower.startsWith(`${extension.id.toLowerCase()}:`)) {
      const rest = walk(block, lower.slice(extension.id.length + 1));
      return rest && [block, ...rest];
    }
  }
  const core = `${type.schema.id.toLowerCase()}:`;
  if (lower.startsWith(core)) return walk(type.root, lower.slice(core.length));
  return walk(type.root, lower) ?? walkExtensions(type, lower);
}

/** What clients write without the URN of its extension: Entra does so of the manager. */
const WITHOUT_URN = /^manager(?:\.|$)/;

function walkExtensions(type: ResourceType, dotted: string): AttributePath | null {
  if (!WITHOUT_URN.test(dotted)) return null;
  for (const { id } of type.extensions) {
    const block = subAttribute(type.root, id);
    const rest = block && walk(block, dotted);
    if (block && rest) return [block, ...rest];
  }
  return null;
}

/** Follows `a.b` down from an attribute. */
function walk(from: Attribute, dotted: string): AttributePath | null {
  const steps: Attribute[] = [];
  let at = from;
  for (const name of dotted.split('.')) {
    const next = at.byName.get(name);
    if (!next) return null;
    steps.push(next);
    at = next;
  }
  return steps;
}

/** The `schemas` of a resource: its type's, and those of the extensions it has values of (RFC 7643 section 3). */
export function schemasOf(type: ResourceType, resource: ScimObject): string[] {
  const used = type.extensions.filter(({ id }) => !isUnassigned(resource[id]));
  return [type.schema.id, ...used.map(({ id }) => id)];
}
