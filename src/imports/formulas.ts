/** What `src/csv.ts` writes a ' before, so that a spreadsheet shows it and does not run it. */
const GUARDED = /^'[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** The cell as it was before it was guarded. */
export const unguardFormula = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);
