import fc from 'fast-check';
import type { Filter } from '../../../src/scim/protocol/filter.js';
import type { AttributePath } from '../../../src/scim/protocol/schema.js';
import { ENTERPRISE_USER_SCHEMA } from '../../../src/scim/protocol/schema.js';

/** A filter as text; reading it back gives the same filter. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.map((part) => `(${printFilter(part)})`).join(` ${filter.kind} `);
    case 'not':
      return `not (${printFilter(filter.filter)})`;
    case 'present':
      return `${nameOf(filter.path)} pr`;
    case 'valuePath':
      return `${nameOf(filter.path)}[${printFilter(filter.filter)}]`;
    default:
      return `${nameOf(filter.path)} ${filter.operator} ${JSON.stringify(filter.value)}`;
  }
}

const nameOf = (path: AttributePath): string => {
  const last = path.at(-1);
  if (!last) return '';
  return path.length === 1 && !last.name.startsWith('urn:') ? last.name : last.fullName;
};

const words = [
  '',
  'a',
  'A',
  'ada',
  'Ada@X.test',
  'work',
  'Élodie',
  'ΑΣ',
  'ας',
  'İ',
  'ß',
  'ẞ',
  'e\u0301',
  'ǰ',
  'J\u030c',
  'K',
];
const hostile = ['%', '_', '\\', "'", '"', '--', ';', '$1', '😀', '\ue000', 'a\\%b'];

/** Short texts that fold, sort and escape in different ways. */
export const text = fc.constantFrom(...words, ...hostile);

const strings = ['userName', 'externalId', 'title', 'displayName', 'nickName', 'name.givenName', 'id', 'meta.version'];
const enterprise = ['department', 'manager', 'manager.value', 'manager.displayName'].map(
  (name) => `${ENTERPRISE_USER_SCHEMA}:${name}`,
);
const listed = ['emails', 'emails.value', 'emails.type', 'roles', 'addresses.locality', 'schemas'];
const complex = ['name', 'emails', 'addresses', 'meta', 'groups', ENTERPRISE_USER_SCHEMA];

const operator = fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le');
const compare = (names: string[]) =>
  fc
    .tuple(fc.constantFrom(...names), operator, text)
    .map(([name, op, value]) => `${name} ${op} ${JSON.stringify(value)}`);
const boolean = (names: string[]) =>
  fc.tuple(fc.constantFrom(...names), fc.constantFrom('eq', 'ne'), fc.boolean()).map((parts) => parts.join(' '));
const instants = [
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.001Z',
  '2025-12-31T23:00:00.0015-01:00',
  '2027-01-01T00:00:00Z',
];
const time = fc
  .tuple(
    fc.constantFrom('meta.created', 'meta.lastModified'),
    fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
    fc.constantFrom(...instants),
  )
  .map(([name, op, value]) => `${name} ${op} "${value}"`);
const present = (names: string[]) => fc.constantFrom(...names).map((name) => `${name} pr`);
const unassigned = fc.constantFrom('title eq null', 'emails ne null', 'name.givenName eq null');

const combined = (term: fc.Arbitrary<string>, maxDepth: number) =>
  fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth, withCrossShrink: true },
      term,
      tie('filter').map((inner) => `not (${inner})`),
      fc
        .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
        .map(([left, op, right]) => `(${left}) ${op} ${right}`),
    ),
  })).filter;

const element = combined(fc.oneof(compare(['type', 'value']), boolean(['primary']), present(['type', 'primary'])), 2);
const valuePath = fc.oneof(
  fc.tuple(fc.constantFrom('emails', 'roles'), element).map(([name, filter]) => `${name}[${filter}]`),
  fc.tuple(element, text).map(([filter, value]) => `emails[${filter}].value co ${JSON.stringify(value)}`),
  fc.tuple(text, text).map(([a, b]) => `name[givenName eq ${JSON.stringify(a)} or familyName ne ${JSON.stringify(b)}]`),
);

/** Filters on Users over the whole grammar. */
export const filterText = combined(
  fc.oneof(
    compare([...strings, ...enterprise, ...listed]),
    boolean(['active', 'emails.primary']),
    time,
    present([...strings, ...enterprise, ...listed, ...complex]),
    unassigned,
    valuePath,
  ),
  3,
);
