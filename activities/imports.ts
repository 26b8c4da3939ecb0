import { activityInfo, heartbeat } from '@temporalio/activity';
import type pg from 'pg';
import { cancelRows, type WrittenRow, writtenRows } from '../src/directory/import-rows.js';
import {
  actOnImport,
  analyze,
  finishImport,
  type Import,
  type ImportAction,
  type ImportKey,
  showImport,
} from '../src/directory/imports.js';
import { adoptReferrers, evaluateReports } from '../src/directory/managers.js';
import { markApplied } from '../src/directory/progress.js';
import { joinTeams } from '../src/directory/teams.js';
import type { UserId } from '../src/ids.js';
import { columnOf } from '../src/imports/columns.js';
import { rehearse } from '../src/imports/rehearse.js';
import { readPage, writePage } from '../src/imports/write-page.js';
import type { ImportAt, PhaseProgress } from '../workflows/messages.js';
import { operatorCalled, refusedForGood } from './asked-in-temporal.js';

/** How long one activity goes on: then its workflow shows how far it is, and asks for more. */
const PIECE_MS = 5_000;
const PAGE = 500;
const BEAT_MS = 5_000;
const CANCELLED_AT_ONCE = 5_000;
/** The planner is told of new people as they become four times as many, from so few on, until a plan for so many fits all. */
const FEW = 100;
const MANY = 50_000;

/** An operator has paused or cancelled a rehearsal. */
class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/** How the file of an import calls the column that says something. */
const columnNames =
  ({ columns: names, attributes }: Import) =>
  (attribute: string): string =>
    columnOf({ names, attributes }, attribute);

/** The steps of an import, each a page at a time from after a line on. Whoever does one again finds what is done. */
export function importActivities(pool: pg.Pool) {
  /**
   * Goes on page by page until there are none, the time is over, or the import's state says otherwise. While one is worked on the next is
   * read; one that `work` gives back as not done is done again.
   */
  const inPages = async <Page extends { readonly last: number | undefined }>(
    { after, ...key }: ImportAt,
    read: (after: number) => Promise<Page>,
    work: (page: Page) => Promise<boolean>,
    goesOn: (state: Import['state']) => boolean = (state) => state !== 'paused',
  ): Promise<PhaseProgress> => {
    const end = Date.now() + PIECE_MS;
    const reached: unknown = activityInfo().heartbeatDetails;
    let line = typeof reached === 'number' ? reached : after;
    let page = await read(line);
    for (;;) {
      const { state, rows } = await showImport(pool, key.id);
      const { last } = page;
      const isOver = last === undefined || !goesOn(state);
      if (isOver || Date.now() > end) return { after: line, isDone: isOver && state !== 'paused', state, rows };
      const [next, isDone] = await Promise.all([read(last), work(page)]);
      if (isDone) [line, page] = [last, next];
      heartbeat(line);
    }
  };

  const settle = async (key: ImportKey, rows: readonly WrittenRow[]): Promise<void> => {
    await joinTeams(pool, key.instance, rows);
    await markApplied(pool, key.instance, rows);
  };

  /** Who referred to them before they were there, or no longer means them. */
  const adopt = async (key: ImportKey, rows: readonly WrittenRow[]): Promise<void> => {
    for (const [outcome, evaluate] of [
      ['created', adoptReferrers],
      ['updated', evaluateReports],
    ] as const) {
      const ids = rows.filter((row) => row.outcome === outcome).map(({ userId }) => userId);
      let after: UserId | undefined;
      do {
        after = ids.length === 0 ? undefined : await evaluate(pool, key.instance, ids, after);
        heartbeat();
      } while (after !== undefined);
    }
  };

  const overWritten =
    (work: (key: ImportKey, rows: readonly WrittenRow[]) => Promise<void>) =>
    (at: ImportAt): Promise<PhaseProgress> =>
      inPages(
        at,
        (after) => writtenRows(pool, at, after, PAGE),
        async ({ rows }) => {
          if (rows.length > 0) await work(at, rows);
          return true;
        },
      );

  const settleWritten = overWritten(settle);

  const cancelAll = async (key: ImportKey): Promise<void> => {
    while ((await cancelRows(pool, key, CANCELLED_AT_ONCE)) > 0) heartbeat();
  };

  return {
    /** Gives each row its outcome, and writes who is new or changes. Of one that is cancelled the rest is marked so. */
    async writeRows(at: ImportAt): Promise<PhaseProgress> {
      const begun = await showImport(pool, at.id);
      const columnName = columnNames(begun);
      let people = begun.rows.created;
      let analyzed = Math.max(people, FEW);
      const progress = await inPages(
        at,
        (after) => readPage(pool, at, after),
        async (page) => {
          if ((await writePage(pool, at, columnName, page)) !== 'running') return false;
          people += page.rows.length;
          if (people >= 4 * analyzed && people < MANY) {
            await analyze(pool, 'users, accounts, teams');
            analyzed = people;
          }
          return true;
        },
        (state) => state === 'running',
      );
      if (progress.state === 'cancelled') await cancelAll(at);
      return progress;
    },
    /** Writes down what would become of each row, and nothing else. */
    async rehearseRows(at: ImportAt): Promise<PhaseProgress> {
      const rehearsed = await showImport(pool, at.id);
      let { state, rows } = rehearsed;
      const onPage = async (): Promise<void> => {
        ({ state, rows } = await showImport(pool, at.id));
        if (state !== 'running') throw new StoppedError();
      };
      if (state === 'running') {
        // Copying a large instance is one statement.
        const beating = setInterval(heartbeat, BEAT_MS);
        await rehearse(pool, rehearsed, columnNames(rehearsed), onPage)
          .catch((error: unknown) => {
            if (!(error instanceof StoppedError)) throw error;
          })
          .finally(() => clearInterval(beating));
      }
      if (state === 'cancelled') await cancelAll(at);
      return { after: 0, isDone: state !== 'paused', state, rows };
    },
    /** Puts everybody written into their team: who is meant by nobody's reference yet takes the default manager at once. */
    settleRows: async (at: ImportAt): Promise<PhaseProgress> => {
      if (at.after === 0) await analyze(pool, 'users, accounts, teams');
      return settleWritten(at);
    },
    /** Moves over who was there before and refers to somebody of the file. */
    adoptByRows: overWritten(adopt),
    finishImport: (key: ImportKey): Promise<void> => finishImport(pool, key),
    /** What an operator asked for in the Temporal UI. @throws ApplicationFailure with the refusal's code, which is not tried again */
    async actOnImport({
      id,
      action,
      who,
      why,
    }: ImportKey & { action: ImportAction; who: string; why: string }): Promise<void> {
      await refusedForGood(actOnImport(pool, id, action, why, operatorCalled(who)));
    },
  };
}

export type ImportActivities = ReturnType<typeof importActivities>;
