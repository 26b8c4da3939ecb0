import { APPLICATION_FAULTS } from './application.js';
import { DATABASE_FAULTS } from './database.js';
import type { Fault } from './fault.js';
import { LINK_FAULTS } from './links.js';
import { PROCESS_FAULTS } from './processes.js';
import { TEMPORAL_FAULTS } from './temporal.js';
import { TOKEN_FAULTS } from './tokens.js';

/** By the numbers of the fault matrix. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...PROCESS_FAULTS,
  ...TEMPORAL_FAULTS,
  ...DATABASE_FAULTS,
  ...APPLICATION_FAULTS,
  ...TOKEN_FAULTS,
  ...LINK_FAULTS,
};

/** The faults that are asked for: all, none, or those whose names begin so. @throws Error where one of them is none. */
export function wantedFaults(asked: string): string[] {
  if (asked === 'none') return [];
  const prefixes = asked.split(',').map((one) => one.trim().toLowerCase());
  const all = Object.keys(FAULTS);
  if (asked === 'all') return all;
  const begins = (name: string, prefix: string): boolean => `${name.toLowerCase()} `.startsWith(`${prefix} `);
  const unknown = prefixes.find((prefix) => !all.some((name) => begins(name, prefix)));
  if (unknown !== undefined) throw new Error(`There is no fault ${unknown}. There are:\n  ${all.join('\n  ')}`);
  return all.filter((name) => prefixes.some((prefix) => begins(name, prefix)));
}
