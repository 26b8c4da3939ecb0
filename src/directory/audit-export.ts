import type pg from 'pg';
import { csvOf } from '../csv.js';
import type { InstanceId } from '../ids.js';
import { type AuditFilter, type AuditRow, listAudit } from './audit-list.js';
import { type Deactivation, listDeactivations } from './evidence.js';

export const FORMATS = ['csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

const PAGE = 1_000;

interface Export {
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly object[]>;
}

const AUDIT_COLUMNS = [
  'position',
  'at',
  'receivedAt',
  'actor',
  'action',
  'userId',
  'groupId',
  'version',
  'changed',
  'outcome',
  'reason',
  'note',
  'requestId',
  'hash',
] as const satisfies readonly (keyof AuditRow)[];

/** An instance's audit rows, the newest first. */
export function auditPages(pool: pg.Pool, instance: InstanceId, filter: AuditFilter): Export {
  return {
    columns: AUDIT_COLUMNS,
    pages: pagesOf((last?: AuditRow) => listAudit(pool, instance, filter, { before: last?.position, limit: PAGE })),
  };
}

const EVIDENCE_COLUMNS = [
  'userId',
  'userName',
  'action',
  'actor',
  'requestId',
  'receivedAt',
  'committedAt',
  'accessOffAt',
  'toldAt',
  'secondsUntilOff',
  'secondsUntilTold',
  'assignedAgainAt',
  'open',
  'position',
  'hash',
] as const satisfies readonly (keyof Deactivation)[];

/** The evidence of an instance's deactivations of a period, in their order. */
export function deactivationPages(
  pool: pg.Pool,
  instance: InstanceId,
  period: { readonly from: Date; readonly to: Date },
): Export {
  return {
    columns: EVIDENCE_COLUMNS,
    pages: pagesOf((last?: Deactivation) =>
      listDeactivations(pool, instance, period, { after: last?.position ?? 0, limit: PAGE }),
    ),
  };
}

async function* pagesOf<Row extends object>(read: (last?: Row) => Promise<Row[]>): AsyncGenerator<Row[]> {
  let last: Row | undefined;
  for (;;) {
    const page = await read(last);
    yield page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}

/** An export as text, a page at a time. @throws UnavailableError */
export async function* exported({ columns, pages }: Export, format: Format): AsyncGenerator<string> {
  let isFirst = true;
  for await (const page of pages) {
    yield format === 'csv' ? csvOf(page, columns, isFirst) : page.map((row) => `${JSON.stringify(row)}\n`).join('');
    isFirst = false;
  }
}
