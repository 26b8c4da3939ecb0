import { ask, path, withQuery } from '../api.js';
import type { Acted, InstanceAction, Progress } from '../api-types.js';
import { useFreshPages, usePages } from '../load.js';
import { Action } from '../parts/action.js';
import { Page, RoleNote, ShowPages } from '../parts/page.js';
import { ProgressTable } from '../parts/progress-table.js';
import { counted } from '../words.js';

const EVERY_MS = 5_000;

/** Whom the brake holds, and the two ways on: for all of them together. */
export function Held({ instance }: { instance: string }) {
  const pages = usePages<Progress>(withQuery(path`/instances/${instance}/progress`, { stage: 'held' }));
  useFreshPages(pages, EVERY_MS);
  const count = pages.value?.length ?? 0;
  const whom = `${counted(count, 'user')}${pages.more === undefined ? '' : ' and more'}`;
  const act = async (action: InstanceAction['action'], reason: string): Promise<number> => {
    const body: InstanceAction = { action, reason };
    const { accounts } = await ask<Acted>('POST', path`/instances/${instance}/actions`, { body });
    pages.reload();
    return accounts;
  };
  return (
    <Page title="Held deactivations">
      <p class="lead">
        So many people were unassigned at once that it may be a mistake. Their access is off and the application knows;
        their reports and teams stay as they were until somebody says how it was meant.
      </p>
      <RoleNote needs="operator" to="end a hold" />
      {count > 0 && (
        <div class="bar">
          <Action
            label="Release all"
            needs="operator"
            asksWhy
            isMain
            explain={`${whom}. It was meant: their reports go to the default manager and they leave their teams.`}
            act={async (reason) =>
              `${counted(await act('releaseHeld', reason), 'deactivation goes', 'deactivations go')} on.`
            }
          />
          <Action
            label="Revert all"
            needs="operator"
            asksWhy
            isDangerous
            explain={`${whom}. It was a mistake: everybody who is held gets access back at once. Okta still says that they are unassigned until somebody assigns them there again.`}
            act={async (reason) =>
              `${counted(await act('revertHeld', reason), 'user has', 'users have')} access again.`
            }
          />
        </div>
      )}
      <ShowPages pages={pages} empty="Nobody is held. The brake has had nothing to do.">
        {(rows) => (
          <ProgressTable instance={instance} caption="Users whose deactivation is held" rows={rows} saysWhy={false} />
        )}
      </ShowPages>
    </Page>
  );
}
