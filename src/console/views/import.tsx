import { useEffect, useState } from 'preact/hooks';
import { type ProblemFound, problemFrom } from '../api.js';
import type { Import as ImportType } from '../api-types.js';
import { followImport } from '../follow-import.js';
import { ImportControls } from '../parts/import-controls.js';
import { ImportRows } from '../parts/import-rows.js';
import { Page, Show } from '../parts/page.js';
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
              <ImportControls id={id} now={now} onChanged={setValue} />
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
