import type pg from 'pg';
import { csvLines } from '../csv.js';
import { rejectedRows } from '../directory/import-rows.js';
import type { Import } from '../directory/imports.js';
import { foldColumn, REJECT_COLUMNS } from './columns.js';
import { unguardFormula } from './formulas.js';

const PAGE = 1_000;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * The rejected rows of an import as CSV, with the delimiter of the file and a byte order mark, which tells a spreadsheet that it is UTF-8:
 * the input's columns, and the line, the column at fault and the reason, which are ignored when
 * the file is sent again.
 */
export async function* rejectsFile(
  pool: pg.Pool,
  { instance, id, columns, delimiter }: Import,
): AsyncGenerator<string> {
  const ignored: readonly string[] = REJECT_COLUMNS;
  const kept = columns.map((name, at) => ({ name, at })).filter(({ name }) => !ignored.includes(foldColumn(name)));
  yield BYTE_ORDER_MARK + csvLines([[...kept.map(({ name }) => name), ...REJECT_COLUMNS]], delimiter);
  let after = 0;
  for (;;) {
    const rows = await rejectedRows(pool, { instance, id }, after, PAGE);
    yield csvLines(
      rows.map(({ line, cells, fault, reason }) => [
        ...kept.map(({ at }) => unguardFormula(cells[at] ?? '')),
        String(line),
        fault ?? '',
        reason ?? '',
      ]),
      delimiter,
    );
    after = rows.at(-1)?.line ?? after;
    if (rows.length < PAGE) return;
  }
}
