import { useState } from 'preact/hooks';
import { ask, path, withQuery } from '../api.js';
import type { Acted, InstanceAction, Listed, Progress, Reason, Stage } from '../api-types.js';
import { useFreshPages, useLoad, usePages } from '../load.js';
import { Action } from '../parts/action.js';
import { Page, RoleNote, ShowPages } from '../parts/page.js';
import { ProgressTable } from '../parts/progress-table.js';
import { Choice, Outside } from '../parts/small.js';
import { UserActions } from '../parts/user-actions.js';
import { counted, REASONS } from '../words.js';

const EVERY_MS = 5_000;

type Shown = Extract<Stage, 'stuck' | 'waiting for manager'>;

/** What only those can be who are stuck. */
const STUCK_FOR: readonly Reason[] = ['application_refused', 'application_unreachable', 'directory_unavailable'];

const ALL = 'all';

/** Who does not come on, why, and what to do about it. */
export function Stuck({ instance }: { instance: string }) {
  const [stage, setStage] = useState<Shown>('stuck');
  const of = withQuery(path`/instances/${instance}/progress`, { stage });
  const pages = usePages<Progress>(of);
  const { value: first } = useLoad<Listed<Progress> & { stuckUrl: string }>(
    withQuery(path`/instances/${instance}/progress`, { stage, limit: '1' }),
  );
  useFreshPages(pages, EVERY_MS);
  return (
    <Page
      title="Stuck users"
      aside={first !== undefined && <Outside href={first.stuckUrl}>All stuck runs in Temporal</Outside>}
    >
      <RoleNote needs="operator" to="act on users" />
      <div class="bar">
        <Choice
          label="Show"
          value={stage}
          options={[
            { value: 'stuck', text: 'Stuck' },
            { value: 'waiting for manager', text: 'Waiting for a manager' },
          ]}
          onChange={setStage}
        />
        {stage === 'stuck' && <RetryAll instance={instance} onActed={pages.reload} />}
      </div>
      <ShowPages
        pages={pages}
        empty={stage === 'stuck' ? 'Nobody is stuck. All is well.' : 'Nobody waits for a manager.'}
      >
        {(rows) => (
          <ProgressTable
            instance={instance}
            caption={stage === 'stuck' ? 'Users who are stuck' : 'Users who wait for a manager'}
            rows={rows}
            more={[
              {
                title: 'Actions',
                kind: 'actions',
                cell: (user) => <UserActions instance={instance} user={user} onActed={pages.reload} />,
              },
            ]}
          />
        )}
      </ShowPages>
    </Page>
  );
}

/** Tries all again, or those of one reason. */
function RetryAll({ instance, onActed }: { instance: string; onActed: () => void }) {
  const [code, setCode] = useState<Reason | typeof ALL>(ALL);
  const whom = code === ALL ? 'everybody who is stuck' : `everybody for whom this is so: ${REASONS[code].what}`;
  return (
    <>
      <Choice
        label="Of the reason"
        value={code}
        options={[{ value: ALL, text: 'any' }, ...STUCK_FOR.map((value) => ({ value, text: REASONS[value].what }))]}
        onChange={setCode}
      />
      <Action
        label="Try all again"
        needs="operator"
        asksWhy
        explain={`Tries ${whom}, also those not on this page.`}
        act={async (reason) => {
          const body: InstanceAction = { action: 'retryStuck', reason, ...(code === ALL ? {} : { code }) };
          const { accounts } = await ask<Acted>('POST', path`/instances/${instance}/actions`, { body });
          onActed();
          return `${counted(accounts, 'user is', 'users are')} tried again.`;
        }}
      />
    </>
  );
}
