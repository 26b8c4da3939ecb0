import { ask, path, withQuery } from '../api.js';
import type { Acted, InstanceAction, Listed, Progress, Reason } from '../api-types.js';
import { useFreshPages, useLoad, usePages } from '../load.js';
import { Action } from '../parts/action.js';
import { Page, RoleNote, ShowPages } from '../parts/page.js';
import { ProgressTable } from '../parts/progress-table.js';
import { Choice, Outside } from '../parts/small.js';
import { UserActions } from '../parts/user-actions.js';
import { useFilters } from '../router.js';
import { counted, REASONS, STAGE_WORDS, STAGES, STUCK_FOR } from '../words.js';

const EVERY_MS = 5_000;

const ALL = 'all';

/** Who does not come on, why, and what to do about it; and who is in any other stage. */
export function Stuck({ instance }: { instance: string }) {
  const [filters, change] = useFilters();
  const stage = STAGES.find((one) => one === filters['stage']) ?? 'stuck';
  const reason = stage === 'stuck' ? STUCK_FOR.find((one) => one === filters['reason']) : undefined;
  const of = withQuery(path`/instances/${instance}/progress`, { stage });
  const pages = usePages<Progress>(of);
  const { value: first } = useLoad<Listed<Progress> & { stuckUrl: string }>(withQuery(of, { limit: '1' }));
  useFreshPages(pages, EVERY_MS);
  const hasMore = pages.more !== undefined || pages.isMoreComing;
  const isOfReason = (user: Progress): boolean => reason === undefined || user.reason === reason;
  return (
    <Page
      title={STAGE_WORDS[stage].who}
      aside={
        stage === 'stuck' && first !== undefined && <Outside href={first.stuckUrl}>All stuck runs in Temporal</Outside>
      }
    >
      <RoleNote needs="operator" to="act on users" />
      <div class="bar">
        <Choice
          label="Show"
          value={stage}
          options={STAGES.map((value) => ({ value, text: STAGE_WORDS[value].who }))}
          onChange={(next) => change({ stage: next, reason: undefined })}
        />
        {stage === 'stuck' && (
          <Choice
            label="Of the reason"
            value={reason ?? ALL}
            options={[{ value: ALL, text: 'any' }, ...STUCK_FOR.map((value) => ({ value, text: REASONS[value].what }))]}
            onChange={(next) => change({ reason: next === ALL ? undefined : next })}
          />
        )}
        {stage === 'stuck' && (hasMore || pages.value?.some(isOfReason) === true) && (
          <RetryAll instance={instance} reason={reason} onActed={pages.reload} />
        )}
      </div>
      <ShowPages pages={pages} empty={STAGE_WORDS[stage].nobody}>
        {(users) => {
          const rows = users.filter(isOfReason);
          return (
            <>
              {rows.length < users.length && (
                <p class="note">
                  {counted(rows.length, 'user')} of this reason, of the {counted(users.length, 'user')} listed so far.
                </p>
              )}
              {rows.length > 0 && (
                <ProgressTable
                  instance={instance}
                  caption={STAGE_WORDS[stage].who}
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
            </>
          );
        }}
      </ShowPages>
    </Page>
  );
}

interface RetryAllProps {
  readonly instance: string;
  readonly reason: Reason | undefined;
  readonly onActed: () => void;
}

/** Tries all again, or those of one reason. */
function RetryAll({ instance, reason: code, onActed }: RetryAllProps) {
  const whom = code === undefined ? 'everybody who is stuck' : `everybody for whom this is so: ${REASONS[code].what}`;
  return (
    <Action
      label={code === undefined ? 'Try all again' : 'Try all of this reason again'}
      needs="operator"
      asksWhy
      explain={`Tries ${whom}, also those not on this page.`}
      act={async (reason) => {
        const body: InstanceAction = { action: 'retryStuck', reason, ...(code === undefined ? {} : { code }) };
        const { accounts } = await ask<Acted>('POST', path`/instances/${instance}/actions`, { body });
        onActed();
        return `${counted(accounts, 'user is', 'users are')} tried again.`;
      }}
    />
  );
}
