type AttributeType = 'string' | 'boolean' | 'dateTime' | 'reference' | 'binary' | 'integer' | 'complex';

/** What RFC 7643 section 2.2 lets one say of an attribute; what is left out has the RFC's default. */
export interface AttributeTraits {
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  readonly returned?: 'always' | 'never' | 'default' | 'request';
  readonly uniqueness?: 'none' | 'server' | 'global';
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  /** What a PUT that does not mention the attribute does to it: clear it (the default), or keep it as it is (rule 3). */
  readonly absence?: 'clear' | 'keep';
  /** How many values a multi-valued attribute may have: what is done to a list is done to each of them. */
  readonly maxValues?: number;
}

const MAX_VALUES = 1_000;

/** An attribute as a schema table writes it down. */
export interface AttributeDefinition extends AttributeTraits {
  readonly name: string;
  readonly type: AttributeType;
  readonly description: string;
  readonly subAttributes?: readonly AttributeDefinition[];
}

/** An attribute as the rest of the protocol uses it: defaults filled in, its full name and an index of its sub-attributes. */
export interface Attribute extends Required<AttributeTraits> {
  readonly name: string;
  readonly type: AttributeType;
  readonly description: string;
  /** The full name as a client writes it: `title`, `name.givenName`, `urn:…:User:manager.value`. */
  readonly fullName: string;
  readonly subAttributes: readonly Attribute[];
  /** Sub-attributes by name and by name in lower case: names do not regard case (RFC 7643 section 2.1). */
  readonly byName: ReadonlyMap<string, Attribute>;
}

/** The way from the resource down to an attribute, one step per level; the enterprise extension is a level of its own. */
export type AttributePath = readonly Attribute[];

type Write = (name: string, description: string, traits?: AttributeTraits) => AttributeDefinition;

const simple =
  (type: AttributeType, defaults: AttributeTraits = {}): Write =>
  (name, description, traits = {}) => ({ name, type, description, ...defaults, ...traits });

export const string = simple('string');
export const boolean = simple('boolean');
export const dateTime = simple('dateTime');
export const binary = simple('binary', { caseExact: true });
export const reference = simple('reference', { caseExact: true, referenceTypes: ['external'] });

export const complex = (
  name: string,
  description: string,
  subAttributes: readonly AttributeDefinition[],
  traits: AttributeTraits = {},
): AttributeDefinition => ({ name, type: 'complex', description, subAttributes, ...traits });

/** A multi-valued attribute with the usual sub-attributes of RFC 7643 section 2.4 around its value. */
export const plural = (
  name: string,
  description: string,
  value: AttributeDefinition,
  types: readonly string[] = [],
): AttributeDefinition =>
  complex(
    name,
    description,
    [
      value,
      string('display', 'A name of the value for people to read.'),
      string('type', 'What the value is for.', types.length > 0 ? { canonicalValues: types } : {}),
      boolean('primary', 'True for the preferred value; at most one value is.'),
    ],
    { multiValued: true },
  );

/**
 * Fills in the defaults of RFC 7643 section 2.2 and indexes the sub-attributes.
 * @param prefix what stands before the name in the full name, separator included.
 */
export function defineAttribute(definition: AttributeDefinition, prefix = '', separator = '.'): Attribute {
  const fullName = `${prefix}${definition.name}`;
  const subAttributes = (definition.subAttributes ?? []).map((sub) => defineAttribute(sub, `${fullName}${separator}`));
  return {
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    canonicalValues: [],
    referenceTypes: [],
    absence: 'clear',
    maxValues: MAX_VALUES,
    ...definition,
    fullName,
    subAttributes,
    byName: indexByName(subAttributes),
  };
}

/** The index that `Attribute.byName` is. */
export function indexByName(attributes: readonly Attribute[]): ReadonlyMap<string, Attribute> {
  return new Map(
    attributes.flatMap((attribute) => [
      [attribute.name, attribute] as const,
      [attribute.name.toLowerCase(), attribute] as const,
    ]),
  );
}

/** A sub-attribute by its name, in any case. */
export const subAttribute = (of: Attribute, name: string): Attribute | undefined =>
  of.byName.get(name) ?? of.byName.get(name.toLowerCase());
