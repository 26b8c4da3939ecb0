import { z } from 'zod';
import { IMPORT_ACTIONS, IMPORT_STATES, ROW_OUTCOMES } from '../directory/imports.js';
import { id, instant, reason } from './schemas.js';

const count = z.number().int();

const importState = z.enum(IMPORT_STATES).meta({ id: 'ImportState' });
export const rowOutcome = z.enum(ROW_OUTCOMES).meta({ id: 'RowOutcome' });

export const importStatus = z
  .strictObject({
    id,
    state: importState,
    dryRun: z.boolean().meta({ description: 'Says what would be; writes nothing but the report' }),
    rows: z.strictObject({
      total: count.meta({ description: 'Grows while the file is staged' }),
      pending: count,
      created: count,
      updated: count,
      unchanged: count,
      rejected: count,
      cancelled: count,
    }),
    unknownColumns: z.array(z.string()).meta({ description: 'Columns of the header that are ignored' }),
    createdAt: instant,
    finishedAt: instant.nullable(),
    rowsPerSecond: z.number().meta({ description: 'Of those decided so far; 0 before the first' }),
  })
  .meta({ id: 'Import' });

export const importRow = z
  .strictObject({
    line: count.meta({ description: 'The physical line where the row begins, the header being 1' }),
    userName: z.string().nullable(),
    userId: id.nullable().meta({ description: 'null where there is no such user (yet)' }),
    outcome: rowOutcome,
    column: z.string().nullable().meta({ description: 'The column at fault, as the file names it' }),
    reason: z.string().nullable().meta({ description: 'Why it was rejected, in words' }),
    changed: z.array(z.string()).meta({ description: 'The attributes that change, of one that is updated' }),
    manager: z
      .strictObject({ userName: z.string(), origin: z.enum(['assigned', 'default']) })
      .nullable()
      .meta({ description: 'Who manages the user now; of a dry run who would' }),
  })
  .meta({ id: 'ImportRow' });

export const importAction = z
  .strictObject({
    action: z.enum(IMPORT_ACTIONS).meta({
      description: 'cancel: what is done stays and has its manager, the rest is marked cancelled',
    }),
    reason,
  })
  .meta({ id: 'ImportAction' });
