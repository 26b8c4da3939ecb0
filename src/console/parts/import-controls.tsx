import { useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom, request } from '../api.js';
import type { Import, ImportAction } from '../api-types.js';
import { Action } from './action.js';
import { announce } from './notice.js';
import { Problem, RoleNote } from './page.js';

const ACTIONS: Readonly<
  Record<ImportAction, { label: string; explain: string; done: string; isOffered: (now: Import) => boolean }>
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
    isOffered: ({ state }) => state === 'running' || state === 'paused',
  },
};

const ACTION_NAMES: readonly ImportAction[] = ['pause', 'resume', 'cancel'];

/** What there is to do about an import. */
export function ImportControls({ id, now, onChanged }: { id: string; now: Import; onChanged: (now: Import) => void }) {
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
              onChanged(await ask<Import>('POST', path`/imports/${id}/actions`, { body: { action, reason } }));
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
      const url = URL.createObjectURL(
        await (await request('GET', path`/imports/${id}/rejects`, { isLong: true })).blob(),
      );
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
