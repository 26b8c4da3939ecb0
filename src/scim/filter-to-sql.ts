import { GROUP_MEMBERS } from '../directory/groups.js';
import { groupsDigest, USER_GROUPS } from '../directory/users.js';
import { isUserId } from '../ids.js';
import type { CompareOperator, Filter } from './protocol/filter.js';
import { type Attribute, type AttributePath, resourceTypes } from './protocol/schema.js';
import { foldCase } from './protocol/text.js';
import { referenceKey } from './reference-key.js';

/** A condition for a WHERE clause, with its bind parameters. */
export interface SqlCondition {
  readonly sql: string;
  readonly values: unknown[];
}

type Comparison = Extract<Filter, { kind: 'compare' }>;

/** Takes a value, gives back the parameter that stands for it. */
type Bind = (value: string) => string;

/** What stands for an attribute in SQL: a column, or something computed. */
interface Operand {
  readonly present: string;
  /** As text, in the order in which `compare` has it. */
  readonly sortKey: string;
  readonly compare: (operator: CompareOperator, value: string, bind: Bind) => string;
}

/** How a resource type's attributes are found in its table. */
export interface FilterSource {
  /** Those that are columns, by name. */
  readonly columns: ReadonlyMap<string, Operand>;
  /** The JSON of any other. */
  readonly json: (attribute: string) => string;
  /** The table's id, which ends each location. */
  readonly id: string;
  /** Equality with something in a list that is rows, by the attribute's name: an index serves it. */
  readonly rows?: ReadonlyMap<string, (value: string, bind: Bind) => string>;
}

/**
 * Compiles a filter to a condition on the table of its resource type, true for exactly the rows whose resource passes
 * `matchFilter`. Attributes come from an allow-list of columns and, where they are kept as JSON, from the schema table;
 * values go in as parameters only, from `$firstParameter` on. The condition may be null, which in WHERE means false.
 * @param endpointUrl the URL of the endpoint, below which every `meta.location` lies
 */
export function filterToSql(
  filter: Filter,
  source: FilterSource,
  firstParameter: number,
  endpointUrl: string,
): SqlCondition {
  const values: unknown[] = [];
  const compiler = createCompiler(source, (value) => `$${firstParameter + values.push(value) - 1}`, endpointUrl);
  return { sql: compiler(filter, null), values };
}

/**
 * What resources are sorted by for an attribute, as SQL of a text; null for those who have nothing of it. Of a list it is
 * the primary element, else the first (RFC 7644 section 3.4.2.3).
 */
export function sortKey(path: AttributePath, source: FilterSource): string {
  const column = source.columns.get(nameOf(path));
  if (column) return column.sortKey;
  if (nameOf(path) === 'meta.location') return `${source.id}::text`;
  const list = path.findIndex(({ multiValued }) => multiValued);
  if (list < 0) return jsonOperand(path.at(-1), jsonAt(path, null, source)).sortKey;
  const elements = jsonAt(path.slice(0, list + 1), null, source);
  const element = `coalesce(jsonb_path_query_first(${elements}, '$[*] ? (@.primary == true)'), ${elements} -> 0)`;
  return jsonOperand(path.at(-1), jsonAt(path.slice(list + 1), element, source)).sortKey;
}

const nameOf = (path: AttributePath): string => path.map(({ name }) => name).join('.');

/** @returns a function of a filter and of the JSON element it is about, null for the resource itself. */
function createCompiler(
  source: FilterSource,
  bind: Bind,
  endpointUrl: string,
): (filter: Filter, element: string | null) => string {
  let elements = 0;

  const compile = (filter: Filter, element: string | null): string => {
    switch (filter.kind) {
      case 'and':
      case 'or':
        return `(${filter.filters.map((part) => compile(part, element)).join(` ${filter.kind} `)})`;
      case 'not':
        // Not plain NOT: null counts as false, so its negation is true.
        return `(${compile(filter.filter, element)}) is not true`;
      case 'present':
        return present(filter.path, element);
      case 'valuePath':
        return someElement(jsonAt(filter.path, element, source), (each) => compile(filter.filter, each));
      default:
        return comparison(filter, element);
    }
  };

  const someElement = (list: string, condition: (element: string) => string): string => {
    const element = `e${++elements}`;
    return `exists (select from jsonb_path_query(${list}, '$[*]') ${element} where ${condition(element)})`;
  };

  /** A complex attribute is present if one of its sub-attributes is. */
  const present = (path: AttributePath, element: string | null): string => {
    const last = path.at(-1);
    if (last?.type !== 'complex') return operandAt(path, element, (operand) => operand.present);
    const inside = last.multiValued ? [] : path;
    const filters = last.subAttributes.map((sub): Filter => ({ kind: 'present', path: [...inside, sub] }));
    const some: Filter = { kind: 'or', filters };
    return compile(last.multiValued ? { kind: 'valuePath', path, filter: some } : some, element);
  };

  const comparison = ({ path, operator, value }: Comparison, element: string | null): string => {
    const row = element === null && operator === 'eq' ? source.rows?.get(nameOf(path)) : undefined;
    if (row) return row(String(value), bind);
    const condition = operandAt(path, element, (operand) => operand.compare(operator, String(value), bind));
    const list = path.findIndex(({ multiValued }) => multiValued);
    if (operator !== 'ne' || list < 0) return condition;
    return `(${condition} or not ${someElement(jsonAt(path.slice(0, list + 1), element, source), () => 'true')})`;
  };

  /** What a condition says of the attribute at a path: of some element, where there is a list on the way. */
  const operandAt = (path: AttributePath, element: string | null, condition: (operand: Operand) => string): string => {
    const column = element === null ? columnAt(path) : undefined;
    if (column) return condition(column);
    const list = path.findIndex(({ multiValued }) => multiValued);
    if (list < 0) return condition(jsonOperand(path.at(-1), jsonAt(path, element, source)));
    const inside = path.slice(list + 1);
    return someElement(jsonAt(path.slice(0, list + 1), element, source), (each) =>
      condition(jsonOperand(path.at(-1), jsonAt(inside, each, source))),
    );
  };

  const columnAt = (path: AttributePath): Operand | undefined => {
    const name = nameOf(path);
    return name === 'meta.location' ? locationOperand(source.id, endpointUrl) : source.columns.get(name);
  };

  return compile;
}

/** The JSON at a path, from an element or from the resource; names come from the schema table, so they may stand in SQL. */
function jsonAt(path: AttributePath, element: string | null, source: FilterSource): string {
  const [first, ...rest] = path;
  if (element !== null || first === undefined) return below(element ?? 'null::jsonb', path);
  return below(source.json(first.name), rest);
}

const below = (json: string, path: AttributePath): string =>
  path.reduce((outer, { name }) => `(${outer} -> '${name}')`, json);

function jsonOperand(attribute: Attribute | undefined, json: string): Operand {
  if (attribute?.type === 'boolean') return booleanOperand(json, '::jsonb');
  return textOperand(`(${json} #>> '{}')`, attribute?.caseExact ?? true);
}

/** `foldCase` in SQL. */
const folded = (text: string): string => `normalize(translate(lower(${text} collate "und-x-icu"), 'ς', 'σ'))`;

const order: Partial<Record<CompareOperator, string>> = { gt: '>', ge: '>=', lt: '<', le: '<=' };
const pattern: Partial<Record<CompareOperator, (escaped: string) => string>> = {
  co: (escaped) => `%${escaped}%`,
  sw: (escaped) => `${escaped}%`,
  ew: (escaped) => `%${escaped}`,
};

/** A text; `key` is what comparisons look at, where that is not to be computed of the text itself. */
function textOperand(text: string, caseExact: boolean, key = caseExact ? text : folded(text)): Operand {
  return {
    present: `${text} <> ''`,
    sortKey: key,
    compare: (operator, value, bind) => {
      const wanted = caseExact ? value : foldCase(value);
      const like = pattern[operator];
      if (like) return `${key} like ${bind(like(wanted.replaceAll(/[\\%_]/g, '\\$&')))} escape '\\'`;
      // Equality names no collation, so that an index serves it; order is by code point, as in `compareText`.
      if (operator === 'eq') return `${key} = ${bind(wanted)}`;
      if (operator === 'ne') return `${key} is distinct from ${bind(wanted)}`;
      return `${key} collate "C" ${order[operator]} ${bind(wanted)}`;
    },
  };
}

const booleanOperand = (sql: string, cast = ''): Operand => ({
  present: `${sql} is not null`,
  sortKey: `${sql}::text`,
  compare: (operator, value) => `${sql} ${operator === 'eq' ? '=' : 'is distinct from'} '${value === 'true'}'${cast}`,
});

/** Equality goes by the key, which the index has, and by the text, since the key of a long one is a digest. */
function externalIdOperand(): Operand {
  const text = textOperand('u.external_id', true);
  return {
    present: text.present,
    sortKey: text.sortKey,
    compare: (operator, value, bind) =>
      operator === 'eq'
        ? `(u.external_id_key = ${bind(referenceKey(value))} and u.external_id = ${bind(value)})`
        : text.compare(operator, value, bind),
  };
}

/** Equality goes by the beginning, which the index has, and by the whole. */
function groupNameOperand(): Operand {
  const text = textOperand('g.display_name', false, 'g.display_name_key');
  return {
    present: text.present,
    sortKey: text.sortKey,
    compare: (operator, value, bind) => {
      const equal = text.compare(operator, value, bind);
      return operator === 'eq'
        ? `(left(g.display_name_key, 600) = left(${bind(foldCase(value))}, 600) and ${equal})`
        : equal;
    },
  };
}

/** A uuid; what is not written as one equals none. */
function idOperand(sql: string): Operand {
  const text = textOperand(`${sql}::text`, true);
  return {
    present: `${sql} is not null`,
    sortKey: `${sql}::text`,
    compare: (operator, value, bind) => {
      if (operator !== 'eq' && operator !== 'ne') return text.compare(operator, value, bind);
      if (!isUserId(value)) return String(operator === 'ne');
      return `${sql} ${operator === 'eq' ? '=' : '<>'} ${bind(value)}`;
    },
  };
}

/** A time: shown, and so compared, in whole milliseconds, each of which is a range of what the column can hold. */
function instantOperand(sql: string): Operand {
  const ranges: Partial<Record<CompareOperator, (from: string, to: string) => string>> = {
    eq: (from, to) => `(${sql} >= ${from} and ${sql} < ${to})`,
    ne: (from, to) => `(${sql} < ${from} or ${sql} >= ${to})`,
    gt: (_from, to) => `${sql} >= ${to}`,
    ge: (from) => `${sql} >= ${from}`,
    lt: (from) => `${sql} < ${from}`,
    le: (_from, to) => `${sql} < ${to}`,
  };
  return {
    present: `${sql} is not null`,
    sortKey: `to_char(${sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')`,
    compare: (operator, value, bind) => {
      const from = `${bind(value)}::timestamptz`;
      return ranges[operator]?.(from, `(${from} + interval '1 millisecond')`) ?? 'false';
    },
  };
}

/** `meta.location`, which lies below the URL of the endpoint. */
const locationOperand = (id: string, endpointUrl: string): Operand => ({
  present: 'true',
  sortKey: `${id}::text`,
  compare: (operator, value, bind) => {
    const location = `(${bind(`${endpointUrl}/`)}::text || ${id}::text)`;
    return textOperand(location, true).compare(operator, value, bind);
  },
});

/** The attributes that every resource has as columns, of a table by its alias. */
const commonColumns = (table: string, resourceType: string): [string, Operand][] => [
  ['id', idOperand(`${table}.id`)],
  ['meta.resourceType', textOperand(`'${resourceType}'::text`, true)],
  ['meta.created', instantOperand(`${table}.created_at`)],
  ['meta.lastModified', instantOperand(`${table}.updated_at`)],
  ['meta.version', textOperand(`('W/"' || ${table}.version || '"')`, true)],
];

/** Users are rows of `users u`. */
export const userSource: FilterSource = {
  id: 'u.id',
  columns: new Map([
    ...commonColumns('u', resourceTypes.User.name),
    ['externalId', externalIdOperand()],
    ['userName', textOperand('u.user_name', false, 'u.user_name_key')],
    ['active', booleanOperand('u.active')],
    [
      'meta.version',
      textOperand(`('W/"' || u.version || coalesce('-' || ${groupsDigest(USER_GROUPS)}, '') || '"')`, true),
    ],
  ]),
  json: (attribute) => (attribute === 'groups' ? `(${USER_GROUPS})::jsonb` : `(u.attributes -> '${attribute}')`),
};

/** A member is known by its user's id, or by the folded reference, and shown by the id or the reference as sent. */
const memberEquals = (value: string, bind: Bind): string => {
  const shown = bind(value);
  return `exists (select from group_members m left join users u on u.instance_id = m.instance_id and u.id = m.user_id
    where m.instance_id = g.instance_id and m.group_id = g.id and m.member_key in (${shown}, ${bind(referenceKey(value))})
      and coalesce(m.user_id::text, m.reference) = ${shown} and u.deleted_at is null)`;
};

/** Groups are rows of `groups g`, their members rows of `group_members`. */
export const groupSource: FilterSource = {
  id: 'g.id',
  columns: new Map([
    ...commonColumns('g', resourceTypes.Group.name),
    ['externalId', textOperand('g.external_id', true)],
    ['displayName', groupNameOperand()],
  ]),
  rows: new Map([['members.value', memberEquals]]),
  json: (attribute) => (attribute === 'members' ? GROUP_MEMBERS : `'["${resourceTypes.Group.schema.id}"]'::jsonb`),
};
