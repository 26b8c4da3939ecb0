import { useEffect, useState } from 'preact/hooks';
import { type ProblemFound, problemFrom } from '../api.js';
import type { Import as ImportType } from '../api-types.js';
import { followImport, hasEnded } from '../follow-import.js';
import type { Loaded } from '../load.js';
import { ImportControls } from '../parts/import-controls.js';
import { ImportRows } from '../parts/import-rows.js';
import { Page, Show } from '../parts/page.js';
import { At, Badge } from '../parts/small.js';
import { linkTo } from '../router.js';
import { counted, duration, IMPORT_TONES, number } from '../words.js';

/** One file on its way, and what came of each row. */
export function Import({ instance, id }: { instance: string; id: string }) {
  const [loaded, setLoaded] = useState<Pick<Loaded<ImportType>, 'value' | 'problem' | 'at'>>({});
  const [round, setRound] = useState(0);
  const setValue = (value: ImportType): void => setLoaded({ value, at: new Date().toISOString() });
  const setProblem = (problem: ProblemFound): void => setLoaded((before) => ({ ...before, problem }));
  useEffect(() => {
    const leaving = new AbortController();
    followImport(instance, id, { onImport: setValue, onTrouble: setProblem }, leaving.signal).catch(
      (error: unknown) => {
        if (!leaving.signal.aborted) setProblem(problemFrom(error));
      },
    );
    return () => leaving.abort();
  }, [instance, id, round]);
  return (
    <Page
      title={loaded.value?.dryRun === true ? 'Dry run' : 'Import'}
      aside={<a href={linkTo(instance, 'imports')}>All imports</a>}
    >
      <Show loaded={{ ...loaded, isLate: false, reload: () => setRound(round + 1) }}>
        {(now) => (
          <>
            <section class="card">
              <Progress now={now} />
              <ImportControls id={id} now={now} onChanged={setValue} />
            </section>
            <section>
              <h2>{now.dryRun ? 'What would be' : 'Rows'}</h2>
              <ImportRows instance={instance} now={now} />
            </section>
          </>
        )}
      </Show>
    </Page>
  );
}

const FIGURES = ['created', 'updated', 'unchanged', 'rejected', 'cancelled', 'pending'] as const;

/** The same of a dry run, which writes nothing. */
const WOULD_BE: Readonly<Record<(typeof FIGURES)[number], string>> = {
  created: 'would be created',
  updated: 'would be updated',
  unchanged: 'would stay',
  rejected: 'would be rejected',
  cancelled: 'cancelled',
  pending: 'pending',
};

function Progress({ now }: { now: ImportType }) {
  const { state, rows, rowsPerSecond, unknownColumns, createdAt, finishedAt } = now;
  const decided = rows.total - rows.pending;
  // Of a file without rows all is decided when it has been read.
  const [most, done] = rows.total === 0 ? [1, hasEnded(now) ? 1 : 0] : [rows.total, decided];
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
      <progress aria-label="Rows decided" max={most} value={done} />
      <p>
        {number(decided)} of {counted(rows.total, 'row')}
        {state === 'staging' && ' so far, the file is still being read'}
        {rowsPerSecond > 0 && ` · ${number(Math.round(rowsPerSecond))} rows/s`}
        {isMoving && rows.pending > 0 && ` · about ${duration(rows.pending / rowsPerSecond)} left`}
      </p>
      {/* In steps of a tenth: every row would drown who listens. */}
      <p role="status" class="unseen">
        {state}, {Math.floor((done / most) * 10) * 10} % done
      </p>
      <dl class="figures">
        {FIGURES.map((figure) => (
          <div key={figure} class={rows[figure] === 0 ? 'none' : figure}>
            <dt>{now.dryRun ? WOULD_BE[figure] : figure}</dt>
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
