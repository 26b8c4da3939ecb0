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

/** The faults that are asked for: all, none, or those whose names begin so. @throws Error where there is none. */
export function wantedFaults(asked: string): string[] {
  if (asked === 'none') return [];
  const prefixes = asked.split(',').map((one) => one.trim().toLowerCase());
  const isWanted = (name: string) =>
    asked === 'all' || prefixes.some((prefix) => `${name.toLowerCase()} `.startsWith(`${prefix} `));
  const names = Object.keys(FAULTS).filter(isWanted);
  if (names.length === 0)
    throw new Error(`There is no fault ${asked}. There are:\n  ${Object.keys(FAULTS).join('\n  ')}`);
  return names;
}
