import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type pg from 'pg';
import { type NewRow, stageRows } from '../directory/import-rows.js';
import {
  analyze,
  beginImport,
  dropImport,
  type Import,
  type ImportKey,
  importStaged,
  keyReused,
  showImport,
  stagingImport,
} from '../directory/imports.js';
import type { Actor } from '../directory/users.js';
import type { InstanceId } from '../ids.js';
import { isUnstorable } from '../scim/protocol/text.js';
import {
  assertNamesPeople,
  type Columns,
  columnOf,
  foldColumn,
  type ImportAttribute,
  invalidImport,
  mapColumns,
} from './columns.js';
import { newRow } from './new-row.js';
import { type FileType, readFile } from './read-file.js';

export interface FileOptions {
  readonly type: FileType;
  readonly dryRun: boolean;
  readonly mapping: ReadonlyMap<string, ImportAttribute>;
  /** The same key is the same import, however often it is sent. */
  readonly idempotencyKey: string | null;
}

const PAGE = 1_000;
/** What a page has in memory, roughly, in characters. */
const PAGE_CHARACTERS = 4_000_000;
const SAY_EVERY_MS = 15_000;
const MAX_KEY_CHARACTERS = 255;

/**
 * Reads a file as it comes into staged rows; in memory there is a page of them. When it is read the import begins. A file that breaks off,
 * or that is none, leaves nothing.
 * @returns the import, and whether it is new. @throws RefusedError `invalid_import`, `idempotency_key_reused`, `import_staging`; what reading
 * `bytes` throws
 */
export async function stageFile(
  pool: pg.Pool,
  instance: InstanceId,
  bytes: Readable,
  options: FileOptions,
  by: Actor,
): Promise<{ import: Import; isNew: boolean }> {
  try {
    const { id, isNew, digest } = await beginImport(pool, instance, { ...options, asked: whatIsAsked(options) }, by);
    if (isNew) await stageNew(pool, { instance, id }, bytes, options);
    else if (digest?.equals(await digestOf(bytes)) !== true) throw keyReused('another file');
    return { import: await showImport(pool, id), isNew };
  } finally {
    // What is not read of it nobody will.
    bytes.destroy();
  }
}

/** The same key may be sent again with the same question only. @throws RefusedError `invalid_import` */
function whatIsAsked({ type, dryRun, mapping, idempotencyKey }: FileOptions): string {
  if (idempotencyKey !== null && (idempotencyKey.length > MAX_KEY_CHARACTERS || isUnstorable(idempotencyKey))) {
    throw invalidImport(`The Idempotency-Key is longer than ${MAX_KEY_CHARACTERS} characters, or no text.`);
  }
  return JSON.stringify({
    type,
    dryRun,
    mapping: [...mapping].map((pair) => pair.join(':')).toSorted((a, b) => a.localeCompare(b)),
  });
}

/** The bytes as they come, of which a hash is told. */
async function* told(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest();
}

async function stageNew(pool: pg.Pool, key: ImportKey, bytes: Readable, options: FileOptions): Promise<void> {
  const saying = setInterval(() => void stagingImport(pool, key).catch(() => undefined), SAY_EVERY_MS);
  try {
    const hash = createHash('sha256');
    const columns = await stage(pool, key, told(bytes, hash), options);
    await importStaged(pool, key, columns, hash.digest());
  } catch (error) {
    // Where this fails too, it is taken back when nobody has staged it for a minute.
    await dropImport(pool, key).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(saying);
  }
}

/** Before any name of a column is known. */
const NO_COLUMNS: Columns = mapColumns([], new Map());

async function stage(
  pool: pg.Pool,
  key: ImportKey,
  bytes: AsyncIterable<Uint8Array>,
  { type, mapping }: FileOptions,
): Promise<Columns & { delimiter: string }> {
  let columns = { ...NO_COLUMNS, delimiter: ',' };
  let page: NewRow[] = [];
  let characters = 0;
  let pages = 0;
  const write = async (): Promise<void> => {
    if (page.length === 0) return;
    await stageRows(pool, key, page, columnOf(columns, 'email'));
    page = [];
    characters = 0;
    pages += 1;
    // Each page is held against those before: the planner is told as they become many.
    if (Number.isInteger(Math.log10(pages))) await analyze(pool, 'import_rows');
  };
  for await (const row of readFile(bytes, type)) {
    const { cells, delimiter } = row;
    if (delimiter === undefined) {
      page.push(newRow(row, columns));
      characters += cells.reduce((sum, cell) => sum + cell.length, 0);
      if (page.length === PAGE || characters > PAGE_CHARACTERS) await write();
    } else {
      if (cells.some(isUnstorable))
        throw invalidImport(
          `The name of a column has a NUL character or half of a surrogate pair.${type === 'text/csv' ? ' Where the file is UTF-16, save it as "CSV UTF-8".' : ''}`,
        );
      // The names of NDJSON are known line by line: what is mapped may come later.
      columns = { ...mapColumns(cells, type === 'text/csv' ? mapping : known(mapping, cells)), delimiter };
      if (type === 'text/csv') assertNamesPeople(columns);
    }
  }
  if (columns.names.length === 0 && page.length === 0 && pages === 0) {
    throw invalidImport('The file is empty: its first line names the columns.');
  }
  assertNamesPeople(mapColumns(columns.names, mapping));
  await write();
  return columns;
}

/** The part of a mapping that is about these columns. */
function known(mapping: FileOptions['mapping'], names: readonly string[]): FileOptions['mapping'] {
  const folded = new Set(names.map(foldColumn));
  return new Map([...mapping].filter(([name]) => folded.has(foldColumn(name))));
}
