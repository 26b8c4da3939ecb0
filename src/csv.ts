import { stringify } from 'csv-stringify/sync';

/**
 * Rows as CSV (RFC 4180), with a line of the columns' names first where `header` is true. What a spreadsheet would run as a formula
 * is written with a ' before it.
 */
export const csvOf = (rows: readonly object[], columns: readonly string[], header: boolean): string =>
  stringify(
    rows.map((row) => {
      const cells = new Map<string, unknown>(Object.entries(row));
      return columns.map((column) => shown(cells.get(column)));
    }),
    { header, columns: [...columns], escape_formulas: true, record_delimiter: 'windows' },
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
    { escape_formulas: true, record_delimiter: 'windows', delimiter },
  );
