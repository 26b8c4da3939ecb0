import assert from 'node:assert/strict';
import { z } from 'zod';
import { importRow, importStatus } from '../../src/admin/import-schemas.js';
import { listOf } from '../../src/admin/page.js';
import { until } from './interleave.js';
import type { TestRoster } from './roster.js';

export type ImportStatus = z.output<typeof importStatus>;
export type ImportRow = z.output<typeof importRow>;

interface FileOptions {
  readonly query?: string;
  readonly key?: string;
  readonly type?: string;
}

/** Asks the admin API for something about imports. */
export const askImports = (roster: TestRoster, method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${roster.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Sends a file of these lines. */
export const sendFile = (
  { adminUrl, adminToken, instance }: TestRoster,
  lines: readonly string[],
  { query = '', key, type = 'text/csv' }: FileOptions = {},
): Promise<Response> =>
  fetch(`${adminUrl}/instances/${instance}/imports${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${adminToken}`,
      'content-type': type,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: `${lines.join('\r\n')}\r\n`,
  });

/** Sends a file. @returns the import's id */
export async function beginImport(
  roster: TestRoster,
  lines: readonly string[],
  options?: FileOptions,
): Promise<string> {
  const answer = await sendFile(roster, lines, options);
  const body: unknown = await answer.json();
  assert.equal(answer.status, 202, JSON.stringify(body));
  const { id } = importStatus.parse(body);
  assert.equal(answer.headers.get('location'), `/admin/v1/imports/${id}`);
  return id;
}

export const importNow = async (roster: TestRoster, id: string): Promise<ImportStatus> =>
  importStatus.parse(await (await askImports(roster, 'GET', `/imports/${id}`)).json());

/** Waits until an import has ended. */
export async function importEnded(roster: TestRoster, id: string, patience = 60_000): Promise<ImportStatus> {
  let now = await importNow(roster, id);
  const hasEnded = async (): Promise<boolean> => (now = await importNow(roster, id)).finishedAt !== null;
  await until(`import ${id} ends`, hasEnded, patience).catch((error: unknown) => {
    throw new Error(JSON.stringify(now), { cause: error });
  });
  return now;
}

/** Brings a file in, and waits for its end. */
export const importFile = async (
  roster: TestRoster,
  lines: readonly string[],
  options?: FileOptions,
): Promise<ImportStatus> => importEnded(roster, await beginImport(roster, lines, options));

/** All rows of an import. */
export async function importRows(roster: TestRoster, id: string, outcome?: string): Promise<ImportRow[]> {
  const rows: ImportRow[] = [];
  let cursor: string | null = '0';
  while (cursor !== null) {
    const path: string = `/imports/${id}/rows?cursor=${cursor}${outcome === undefined ? '' : `&outcome=${outcome}`}`;
    const page = listOf(importRow).parse(await (await askImports(roster, 'GET', path)).json());
    rows.push(...page.items);
    cursor = page.nextCursor;
  }
  return rows;
}

export const rejectsOf = async (roster: TestRoster, id: string): Promise<string[]> =>
  (await (await askImports(roster, 'GET', `/imports/${id}/rejects`)).text()).trimEnd().split('\r\n');

/** Counts that are not nought. */
export const countsOf = ({ rows }: ImportStatus): Record<string, number> =>
  Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0));

/** An organisation of so many people: each manages seven, the manager of each stands anywhere in the file. */
export const organisation = (people: number, prefix = 'p'): string[] =>
  Array.from({ length: people }, (_, at) => people - 1 - at).map(
    (at) =>
      `${prefix}${at}@x.test,First${at},Last${at},Title ${at},${at === 0 ? '' : `${prefix}${Math.floor((at - 1) / 7)}@x.test`}`,
  );
export const HEADER = 'email,firstName,lastName,title,manager';
