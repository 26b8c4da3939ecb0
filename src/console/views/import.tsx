import { useEffect, useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom, request } from '../api.js';
import type { ImportAction, Import as ImportType } from '../api-types.js';
import { followImport, hasEnded } from '../follow-import.js';
import { Action } from '../parts/action.js';
import { ImportRows } from '../parts/import-rows.js';
import { announce } from '../parts/notice.js';
import { Page, Problem, RoleNote, Show } from '../parts/page.js';
import { At, Badge } from '../parts/small.js';
import { linkTo } from '../router.js';
import { counted, duration, IMPORT_TONES, number } from '../words.js';

/** One file on its way, and what came of each row. */
export function Import({ instance, id }: { instance: string; id: string }) {
  const [value, setValue] = useState<ImportType>();
  const [problem, setProblem] = useState<ProblemFound>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setProblem(undefined);
    followImport(id, setValue, leaving.signal).catch((error: unknown) => {
      if (!leaving.signal.aborted) setProblem(problemFrom(error));
    });
    return () => leaving.abort();
  }, [id, round]);
  const loaded = {
    ...(value === undefined ? {} : { value }),
    ...(problem === undefined ? {} : { problem }),
    reload: () => setRound(round + 1),
  };
  return (
    <Page
      title={value?.dryRun === true ? 'Dry run' : 'Import'}
      aside={<a href={linkTo(instance, 'imports')}>All imports</a>}
    >
      <Show loaded={loaded}>
        {(now) => (
          <>
            <section class="card">
              <Progress now={now} />
              <Controls id={id} now={now} onChanged={setValue} />
            </section>
            <section>
              <h2>{now.dryRun ? 'What would be' : 'Rows'}</h2>
              {/* Asked for anew when it ends: until then rows are still being decided. */}
              <ImportRows key={now.state} instance={instance} now={now} />
            </section>
          </>
        )}
      </Show>
    </Page>
  );
}

const FIGURES = ['created', 'updated', 'unchanged', 'rejected', 'cancelled', 'pending'] as const;

function Progress({ now }: { now: ImportType }) {
  const { state, rows, rowsPerSecond, unknownColumns, createdAt, finishedAt } = now;
  const decided = rows.total - rows.pending;
  const part = rows.total === 0 ? 0 : decided / rows.total;
  const isMoving = state === 'running' && rowsPerSecond > 0;
  return (
    <>
      <p>
        <Badge tone={IMPORT_TONES[state]}>{state}</Badge> begun <At instant={createdAt} />
        {finishedAt !== null && (
          <>
            , ended <At instant={finishedAt} />
          </>
        )}
      </p>
      <progress aria-label="Rows decided" max={Math.max(1, rows.total)} value={decided} />
      <p>
        {number(decided)} of {counted(rows.total, 'row')}
        {state === 'staging' && ' so far, the file is still being read'}
        {rowsPerSecond > 0 && ` · ${number(Math.round(rowsPerSecond))} rows/s`}
        {isMoving && rows.pending > 0 && ` · about ${duration(rows.pending / rowsPerSecond)} left`}
      </p>
      {/* In steps of a tenth: every row would drown who listens. */}
      <p role="status" class="unseen">
        {state}, {Math.floor(part * 10) * 10} % done
      </p>
      <dl class="figures">
        {FIGURES.map((figure) => (
          <div key={figure} class={rows[figure] === 0 ? 'none' : figure}>
            <dt>{figure}</dt>
            <dd>{number(rows[figure])}</dd>
          </div>
        ))}
      </dl>
      {unknownColumns.length > 0 && (
        <p class="note">Columns that nothing is known of, and that are ignored: {unknownColumns.join(', ')}.</p>
      )}
    </>
  );
}

const ACTIONS: Readonly<
  Record<ImportAction, { label: string; explain: string; done: string; isOffered: (now: ImportType) => boolean }>
> = {
  pause: {
    label: 'Pause',
    explain: 'Stops after the page of rows that is being written. It can be resumed at any time.',
    done: 'Paused.',
    isOffered: ({ state }) => state === 'running',
  },
  resume: {
    label: 'Resume',
    explain: 'Goes on where it stopped.',
    done: 'It goes on.',
    isOffered: ({ state }) => state === 'paused',
  },
  cancel: {
    label: 'Cancel the import',
    explain:
      'What is done stays, and everybody has a manager; the rest of the rows is marked cancelled. It can’t be resumed.',
    done: 'Cancelled.',
    isOffered: (now) => !hasEnded(now),
  },
};

const ACTION_NAMES: readonly ImportAction[] = ['pause', 'resume', 'cancel'];

function Controls({ id, now, onChanged }: { id: string; now: ImportType; onChanged: (now: ImportType) => void }) {
  const offered = ACTION_NAMES.filter((name) => ACTIONS[name].isOffered(now));
  return (
    <>
      {offered.length > 0 && <RoleNote needs="operator" to="pause or cancel an import" />}
      <div class="buttons">
        {offered.map((action) => (
          <Action
            key={action}
            label={ACTIONS[action].label}
            needs="operator"
            asksWhy
            isDangerous={action === 'cancel'}
            explain={ACTIONS[action].explain}
            act={async (reason) => {
              onChanged(await ask<ImportType>('POST', path`/imports/${id}/actions`, { body: { action, reason } }));
              return ACTIONS[action].done;
            }}
          />
        ))}
        {now.rows.rejected > 0 && <Rejects id={id} />}
      </div>
    </>
  );
}

/** The rejected rows as a file. Fetched, since a link would go without the token. */
function Rejects({ id }: { id: string }) {
  const [problem, setProblem] = useState<ProblemFound>();
  const download = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const url = URL.createObjectURL(await (await request('GET', path`/imports/${id}/rejects`)).blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = `rejects-${id}.csv`;
      link.click();
      // Not at once: the browser is still reading it.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      announce('The rejected rows are downloaded. Correct them, and import that file.');
    } catch (error) {
      setProblem(problemFrom(error));
    }
  };
  return (
    <>
      <button type="button" class="main" onClick={() => void download()}>
        Download the rejects
      </button>
      {problem !== undefined && <Problem problem={problem} />}
    </>
  );
}
