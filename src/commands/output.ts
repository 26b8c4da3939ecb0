import Table from 'cli-table3';
import { forTerminal } from '../plain-text.js';

/** The option that every command with a result has. */
export const JSON_OPTION = ['--json', 'print the result as JSON'] as const;

/** What that option comes to. */
export interface Json {
  readonly json?: boolean;
}

type Cell = string | number | boolean | Date | null | undefined;

const shown = (cell: Cell): string =>
  cell === null || cell === undefined ? '' : cell instanceof Date ? cell.toISOString() : forTerminal(String(cell));

/** Prints rows as a table, or as JSON. The columns are headings and what of a row stands under each. */
export function printList<Row extends object>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => Cell>>,
  { json = false }: Json,
): void {
  if (json) {
    print(JSON.stringify(rows, null, 2));
    return;
  }
  const table = new Table({ head: Object.keys(columns), style: { head: [], border: [] } });
  for (const row of rows) table.push(Object.values(columns).map((cell) => shown(cell(row))));
  print(rows.length === 0 ? 'none' : table.toString());
}

/** Prints one thing, a line each of what there is to say of it, or as JSON. */
export function printOne(thing: object, lines: Readonly<Record<string, Cell>>, { json = false }: Json): void {
  if (json) {
    print(JSON.stringify(thing, null, 2));
    return;
  }
  const width = Math.max(...Object.keys(lines).map((name) => name.length));
  for (const [name, value] of Object.entries(lines)) print(`${name.padEnd(width)}  ${shown(value)}`.trimEnd());
}

/** Prints what may hold names and words of others: a terminal obeys nothing in it, and JSON stays what it is. */
export const print = (line: string): void => {
  process.stdout.write(`${forTerminal(line)}\n`);
};

/** Says how far something is that takes a while: beside the result, which may be read by a program. */
export const note = (line: string): void => {
  process.stderr.write(`${forTerminal(line)}\n`);
};
