import { useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom } from '../api.js';
import type { Account as AccountType, Role, Story } from '../api-types.js';
import { useEvery, useLoad, usePages } from '../load.js';
import { ManagerLink } from '../parts/manager.js';
import { announce } from '../parts/notice.js';
import { Page, Problem, Show, ShowPages } from '../parts/page.js';
import { Why } from '../parts/progress-table.js';
import { useMay } from '../parts/session-context.js';
import { At, Badge, Choice, Outside } from '../parts/small.js';
import { UserActions } from '../parts/user-actions.js';
import { ROLES, STAGE_TONES, STATUS_TONES } from '../words.js';

const EVERY_MS = 5_000;

/** One user: what is so now, and how it came about. */
export function Account({ instance, id }: { instance: string; id: string }) {
  const account = useLoad<AccountType>(path`/instances/${instance}/accounts/${id}`);
  const head = useLoad<Story>(`${path`/instances/${instance}/accounts/${id}/story`}?limit=1`);
  const pages = usePages<Story['items'][number]>(path`/instances/${instance}/accounts/${id}/story`);
  const reload = (): void => {
    account.reload();
    head.reload();
    if (pages.more === undefined && !pages.isMoreComing) pages.reload();
  };
  useEvery(EVERY_MS, reload);
  return (
    <Page title={account.value?.displayName ?? 'Account'}>
      <div class="panels">
        <section class="card">
          <h2>Now</h2>
          <Show loaded={account}>
            {(now) => (
              <Facts
                instance={instance}
                account={now}
                reference={head.value?.user.managerReference ?? null}
                onChanged={reload}
              />
            )}
          </Show>
        </section>
        <section class="card">
          <h2>Where the run stands</h2>
          <Show loaded={head}>
            {({ user }) => (
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
                <UserActions instance={instance} user={user} onActed={reload} />
              </>
            )}
          </Show>
        </section>
      </div>
      <section>
        <h2>Story</h2>
        <ShowPages pages={pages} empty="Nothing is known of this user.">
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
    </Page>
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
          {manager === null ? <span class="quiet">none</span> : <ManagerLink instance={instance} manager={manager} />}
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

function RoleChoice({
  instance,
  account: { id, role },
  onChanged,
}: Pick<FactsProps, 'instance' | 'account' | 'onChanged'>) {
  const may = useMay('operator');
  const [problem, setProblem] = useState<ProblemFound>();
  const set = async (wanted: Role): Promise<void> => {
    setProblem(undefined);
    try {
      const now = await ask<AccountType>('PATCH', path`/instances/${instance}/accounts/${id}`, {
        body: { role: wanted },
      });
      announce(
        now.role === wanted
          ? `The role is ${wanted} now.`
          : `Who has reports is at least manager: the role is ${now.role}.`,
      );
      onChanged();
    } catch (error) {
      setProblem(problemFrom(error));
    }
  };
  return (
    <>
      <Choice
        label={may ? 'Role' : 'Role (an operator’s token may change it)'}
        value={role}
        disabled={!may}
        options={ROLES.map((value) => ({ value, text: value }))}
        onChange={(wanted) => void set(wanted)}
      />
      {problem !== undefined && <Problem problem={problem} />}
    </>
  );
}
