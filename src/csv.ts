import { stringify } from 'csv-stringify/sync';

/** What a spreadsheet would run as a formula is written with a ' before it; quoted is each line break, of whatever kind. */
const SHOWN = { escape_formulas: true, record_delimiter: 'windows', quoted_match: /[\r\n]/ } as const;

/**
 * Rows as CSV (RFC 4180), with a line of the columns' names first where `header` is true.
 */
export const csvOf = (rows: readonly object[], columns: readonly string[], header: boolean): string =>
  stringify(
    rows.map((row) => {
      const cells = new Map<string, unknown>(Object.entries(row));
      return columns.map((column) => shown(cells.get(column)));
    }),
    { ...SHOWN, header, columns: [...columns] },
  );

function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The same of cells as they come, with a delimiter. */
export const csvLines = (rows: readonly (readonly string[])[], delimiter: string): string =>
  stringify(
    rows.map((row) => [...row]),
    { ...SHOWN, delimiter },
  );
