import { isUserId } from '../ids.js';
import { invalidFilter } from './protocol/errors.js';
import type { CompareOperator, Filter } from './protocol/filter.js';
import {
  type Attribute,
  type AttributePath,
  ENTERPRISE_USER_SCHEMA,
  resourceTypes,
  USER_SCHEMA,
} from './protocol/schema.js';
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
  readonly compare: (operator: CompareOperator, value: string, bind: Bind) => string;
}

/**
 * Compiles a filter on Users to a condition on the table `users u`, true for exactly the rows whose resource passes
 * `matchFilter`. Attributes come from an allow-list of columns and, below `u.attributes`, from the schema table; values
 * go in as parameters only, from `$firstParameter` on. The condition may be null, which in WHERE means false.
 * @param usersUrl the URL of the Users endpoint, below which every `meta.location` lies
 * @throws ScimError 400 invalidFilter for `meta.location` where no `usersUrl` is given
 */
export function userFilterToSql(filter: Filter, firstParameter: number, usersUrl?: string): SqlCondition {
  const values: unknown[] = [];
  const compiler = createCompiler((value) => `$${firstParameter + values.push(value) - 1}`, usersUrl);
  return { sql: compiler(filter, null), values };
}

/** @returns a function of a filter and of the JSON element it is about, null for the user itself. */
function createCompiler(bind: Bind, usersUrl: string | undefined): (filter: Filter, element: string | null) => string {
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
        return someElement(jsonAt(filter.path, element), (each) => compile(filter.filter, each));
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
    const condition = operandAt(path, element, (operand) => operand.compare(operator, String(value), bind));
    const list = path.findIndex(({ multiValued }) => multiValued);
    if (operator !== 'ne' || list < 0) return condition;
    return `(${condition} or not ${someElement(jsonAt(path.slice(0, list + 1), element), () => 'true')})`;
  };

  /** What a condition says of the attribute at a path: of some element, where there is a list on the way. */
  const operandAt = (path: AttributePath, element: string | null, condition: (operand: Operand) => string): string => {
    const column = element === null ? columnAt(path) : undefined;
    if (column) return condition(column);
    const list = path.findIndex(({ multiValued }) => multiValued);
    if (list < 0) return condition(jsonOperand(path.at(-1), jsonAt(path, element)));
    const inside = path.slice(list + 1);
    return someElement(jsonAt(path.slice(0, list + 1), element), (each) =>
      condition(jsonOperand(path.at(-1), jsonAt(inside, each))),
    );
  };

  const columnAt = (path: AttributePath): Operand | undefined => {
    const name = path.map((attribute) => attribute.name).join('.');
    return name === 'meta.location' ? locationOperand(usersUrl) : columns.get(name);
  };

  return compile;
}

/** The JSON at a path, from an element or from the user; names come from the schema table, so they may stand in SQL. */
function jsonAt(path: AttributePath, element: string | null): string {
  if (element === null && path[0]?.name === 'schemas') return SCHEMAS;
  return path.reduce((json, { name }) => `(${json} -> '${name}')`, element ?? 'u.attributes');
}

/** The `schemas` of a user follow from what the user has. */
const SCHEMAS = `(case when u.attributes -> '${ENTERPRISE_USER_SCHEMA}' is null
  then '${JSON.stringify([USER_SCHEMA])}'::jsonb
  else '${JSON.stringify([USER_SCHEMA, ENTERPRISE_USER_SCHEMA])}'::jsonb end)`;

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
  compare: (operator, value) => `${sql} ${operator === 'eq' ? '=' : 'is distinct from'} '${value === 'true'}'${cast}`,
});

/** Equality goes by the key, which the index has, and by the text, since the key of a long one is a digest. */
function externalIdOperand(): Operand {
  const text = textOperand('u.external_id', true);
  return {
    present: text.present,
    compare: (operator, value, bind) =>
      operator === 'eq'
        ? `(u.external_id_key = ${bind(referenceKey(value))} and u.external_id = ${bind(value)})`
        : text.compare(operator, value, bind),
  };
}

/** A uuid; what is not written as one equals none. */
function idOperand(sql: string): Operand {
  const text = textOperand(`${sql}::text`, true);
  return {
    present: `${sql} is not null`,
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
    compare: (operator, value, bind) => {
      const from = `${bind(value)}::timestamptz`;
      return ranges[operator]?.(from, `(${from} + interval '1 millisecond')`) ?? 'false';
    },
  };
}

/** `meta.location`, which lies below the URL of the Users endpoint. */
const locationOperand = (usersUrl: string | undefined): Operand => ({
  present: 'true',
  compare: (operator, value, bind) => {
    if (usersUrl === undefined) throw invalidFilter('meta.location cannot be filtered here');
    const location = `(${bind(`${usersUrl}/`)}::text || u.id::text)`;
    return textOperand(location, true).compare(operator, value, bind);
  },
});

/** The attributes that are not in `u.attributes`. */
const columns: ReadonlyMap<string, Operand> = new Map([
  ['id', idOperand('u.id')],
  ['externalId', externalIdOperand()],
  ['userName', textOperand('u.user_name', false, 'u.user_name_key')],
  ['active', booleanOperand('u.active')],
  ['meta.resourceType', textOperand(`'${resourceTypes.User.name}'::text`, true)],
  ['meta.created', instantOperand('u.created_at')],
  ['meta.lastModified', instantOperand('u.updated_at')],
  ['meta.version', textOperand(`('W/"' || u.version || '"')`, true)],
]);
