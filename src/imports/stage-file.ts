import type { Readable } from 'node:stream';
import type pg from 'pg';
import { type NewRow, stageRows } from '../directory/import-rows.js';
import { analyze, beginImport, dropImport, type Import, importStaged, showImport } from '../directory/imports.js';
import { ROLES } from '../directory/roles.js';
import type { Actor } from '../directory/users.js';
import type { InstanceId } from '../ids.js';
import { foldUserName, isUnstorable, MAX_USER_NAME_CHARACTERS } from '../scim/protocol/text.js';
import {
  assertNamesPeople,
  type Columns,
  columnOf,
  type ImportAttribute,
  type ImportAttributes,
  invalidImport,
  mapColumns,
} from './columns.js';
import { activeOf } from './decide-row.js';
import { unguardFormula } from './formulas.js';
import { type FileRow, type FileType, readFile } from './read-file.js';

export interface FileOptions {
  readonly type: FileType;
  readonly dryRun: boolean;
  readonly mapping: ReadonlyMap<string, ImportAttribute>;
  /** The same key is the same import, however often it is sent. */
  readonly idempotencyKey: string | null;
}

const PAGE = 1_000;

/**
 * Reads a file as it comes into staged rows; in memory there is a page of them. When it is read the import begins. A file that breaks off,
 * or that is none, leaves nothing.
 * @returns the import, and whether it is new. @throws RefusedError `invalid_import`; what reading `bytes` throws
 */
export async function stageFile(
  pool: pg.Pool,
  instance: InstanceId,
  bytes: Readable,
  options: FileOptions,
  by: Actor,
): Promise<{ import: Import; isNew: boolean }> {
  const { id, isNew } = await beginImport(pool, instance, options, by);
  if (isNew) {
    const key = { instance, id };
    try {
      await importStaged(pool, key, await stage(pool, key, bytes, options));
    } catch (error) {
      await dropImport(pool, key);
      throw error;
    }
  }
  return { import: await showImport(pool, id), isNew };
}

async function stage(
  pool: pg.Pool,
  key: { readonly instance: InstanceId; readonly id: string },
  bytes: Readable,
  { type, mapping }: FileOptions,
): Promise<Columns> {
  let columns: Columns | undefined;
  let page: NewRow[] = [];
  let pages = 0;
  const write = async (): Promise<void> => {
    if (columns === undefined || page.length === 0) return;
    await stageRows(pool, key, page, columnOf(columns, 'email'));
    page = [];
    pages += 1;
    // Each page is held against those before: the planner is told as they become many.
    if (Number.isInteger(Math.log10(pages))) await analyze(pool, 'import_rows');
  };
  for await (const row of readFile(bytes, type)) {
    if (columns === undefined || row.line === 0) {
      columns = mapColumns(
        row.cells,
        type === 'text/csv' || row.line === 0 ? known(mapping, row.cells, type) : mapping,
      );
      if (type === 'text/csv') assertNamesPeople(columns);
    } else {
      page.push(newRow(row, columns));
      if (page.length === PAGE) await write();
    }
  }
  if (columns === undefined) throw invalidImport('The file is empty: its first line names the columns.');
  assertNamesPeople(columns);
  await write();
  return columns;
}

/** The columns of NDJSON are known line by line: what is mapped may come later. */
const known = (mapping: FileOptions['mapping'], names: readonly string[], type: FileType): FileOptions['mapping'] =>
  type === 'text/csv' ? mapping : new Map([...mapping].filter(([name]) => names.includes(name)));

/** What of a row can be seen at once to be wrong; the rest is decided page by page. */
function newRow({ line, cells, fault }: FileRow, columns: Columns): NewRow {
  const said: ImportAttributes = {};
  for (const [at, attribute] of columns.attributes.entries()) {
    const text = attribute === undefined ? '' : unguardFormula(cells[at] ?? '').trim();
    if (attribute !== undefined && text !== '') said[attribute] = text;
  }
  const isWhole = !cells.some(isUnstorable);
  const userName = said.userName ?? said.email ?? null;
  const wrong = fault === undefined ? faultOf(said, cells, columns, isWhole) : ({ reason: fault } as const);
  const at = 'attribute' in wrong && wrong.attribute !== undefined ? columnOf(columns, wrong.attribute) : undefined;
  return {
    line,
    cells: isWhole ? cells : cells.map((cell) => cell.replaceAll(/[\0\p{Surrogate}]/gu, '?')),
    attributes: wrong.reason === undefined ? said : null,
    userName: isWhole ? (userName?.slice(0, MAX_USER_NAME_CHARACTERS) ?? null) : null,
    userNameKey:
      isWhole && userName !== null && userName.length <= MAX_USER_NAME_CHARACTERS ? foldUserName(userName) : null,
    fault: at,
    reason: wrong.reason,
  };
}

function faultOf(
  said: ImportAttributes,
  cells: readonly string[],
  { names }: Columns,
  isWhole: boolean,
): { readonly attribute?: ImportAttribute; readonly reason?: string } {
  if (cells.length > names.length) return { reason: `has ${cells.length} fields where the header has ${names.length}` };
  if (!isWhole) return { reason: 'contains a NUL character or half of a surrogate pair' };
  if (said.userName === undefined && said.email === undefined) return { attribute: 'email', reason: 'is missing' };
  if ((said.userName ?? said.email ?? '').length > MAX_USER_NAME_CHARACTERS) {
    return { attribute: 'email', reason: `is longer than ${MAX_USER_NAME_CHARACTERS} characters` };
  }
  if (said.role !== undefined) {
    said.role = said.role.toLowerCase();
    if (!ROLES.some((role) => role === said.role)) {
      return { attribute: 'role', reason: `is none of ${ROLES.join(', ')}` };
    }
  }
  if (said.active !== undefined && activeOf(said.active) === undefined) {
    return { attribute: 'active', reason: 'is neither true nor false' };
  }
  return {};
}
