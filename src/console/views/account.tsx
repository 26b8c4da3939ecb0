import { path, withQuery } from '../api.js';
import type { Account as AccountType, Story } from '../api-types.js';
import { together, useEvery, useFreshPages, useLoad, usePages } from '../load.js';
import { ManagerLink, ORIGINS } from '../parts/manager.js';
import { Page, RoleNote, ShowPages, Standing } from '../parts/page.js';
import { Why } from '../parts/progress-table.js';
import { RoleChoice } from '../parts/role-choice.js';
import { At, Badge, Outside } from '../parts/small.js';
import { UserActions } from '../parts/user-actions.js';
import { STAGE_TONES, STATUS_TONES } from '../words.js';

const EVERY_MS = 5_000;

/** One user: what is so now, and how it came about. */
export function Account({ instance, id }: { instance: string; id: string }) {
  const account = useLoad<AccountType>(path`/instances/${instance}/accounts/${id}`);
  const head = useLoad<Story>(withQuery(path`/instances/${instance}/accounts/${id}/story`, { limit: '1' }));
  const pages = usePages<Story['items'][number]>(path`/instances/${instance}/accounts/${id}/story`);
  useEvery(EVERY_MS, () => {
    account.refresh();
    head.refresh();
  });
  useFreshPages(pages, EVERY_MS);
  const all = together(account, head, pages);
  return (
    <Page title={account.value?.displayName ?? 'Account'}>
      <RoleNote needs="operator" to="act on the user or set the role" />
      <Standing loaded={all} />
      <div class="panels">
        {account.value !== undefined && (
          <section class="card">
            <h2>Now</h2>
            <Facts
              instance={instance}
              account={account.value}
              reference={head.value?.user.managerReference ?? null}
              onChanged={all.reload}
            />
          </section>
        )}
        {head.value !== undefined && (
          <section class="card">
            <h2>Where the run stands</h2>
            <Run instance={instance} user={head.value.user} onActed={all.reload} />
          </section>
        )}
      </div>
      {pages.value !== undefined && (
        <section>
          <h2>Story</h2>
          <ShowPages pages={{ ...pages, problem: undefined, isLate: false }} empty="Nothing is known of this user.">
            {(items) => (
              <ol class="story">
                {items.map(({ at, kind, code, text }, place) => (
                  <li key={`${at} ${place}`} class={kind}>
                    <span class="quiet">
                      <At instant={at} /> · {kind} · <code>{code}</code>
                    </span>
                    <p>{text}</p>
                  </li>
                ))}
              </ol>
            )}
          </ShowPages>
        </section>
      )}
    </Page>
  );
}

interface RunProps {
  readonly instance: string;
  readonly user: Story['user'];
  readonly onActed: () => void;
}

function Run({ instance, user, onActed }: RunProps) {
  return (
    <>
      <p>
        {user.stage === null ? 'No run yet.' : <Badge tone={STAGE_TONES[user.stage]}>{user.stage}</Badge>}{' '}
        <Outside href={user.workflow.url}>The run in Temporal</Outside>
      </p>
      {(user.reason !== null || user.message !== null) && (
        <p>
          <Why row={user} />
        </p>
      )}
      <UserActions instance={instance} user={user} onActed={onActed} />
    </>
  );
}

interface FactsProps {
  readonly instance: string;
  readonly account: AccountType;
  /** What Okta sent of the manager. */
  readonly reference: string | null;
  readonly onChanged: () => void;
}

function Facts({ instance, account, reference, onChanged }: FactsProps) {
  const { userName, title, status, manager, team, version } = account;
  return (
    <>
      <dl class="facts">
        <dt>userName</dt>
        <dd>{userName}</dd>
        <dt>Status</dt>
        <dd>
          <Badge tone={STATUS_TONES[status]}>{status}</Badge>
        </dd>
        <dt>Title</dt>
        <dd>{title === '' ? <span class="quiet">blank</span> : title}</dd>
        <dt>Manager</dt>
        <dd>
          {manager === null ? (
            <span class="quiet">none</span>
          ) : (
            <>
              <ManagerLink instance={instance} manager={manager} /> <span class="quiet">{ORIGINS[manager.origin]}</span>
            </>
          )}
        </dd>
        <dt>Okta names</dt>
        <dd>{reference ?? <span class="quiet">nobody</span>}</dd>
        <dt>Team</dt>
        <dd>{team?.name ?? <span class="quiet">none</span>}</dd>
        <dt>Version</dt>
        <dd>
          asserted {version.asserted}, applied {version.applied}, revision {version.revision}
          {version.announced !== null && `, announced ${version.announced}`}
        </dd>
      </dl>
      <RoleChoice instance={instance} account={account} onChanged={onChanged} />
    </>
  );
}
