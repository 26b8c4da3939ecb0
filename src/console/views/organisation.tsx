import { useState } from 'preact/hooks';
import { path, withQuery } from '../api.js';
import type { Account, Instance, Team } from '../api-types.js';
import { useLoad, usePages } from '../load.js';
import { Origin } from '../parts/manager.js';
import { Page, Show, ShowPages } from '../parts/page.js';
import { Badge } from '../parts/small.js';
import { linkTo } from '../router.js';
import { STATUS_TONES } from '../words.js';

/**
 * Who manages whom. Everybody's chain of managers ends at the default manager, since nobody is on a circle: the tree grows from
 * there, branch by branch as it is opened.
 */
export function Organisation({ instance: slug }: { instance: string }) {
  const instance = useLoad<Instance>(path`/instances/${slug}`);
  return (
    <Page title="Organisation">
      <p class="lead">
        <Origin origin="assigned" /> the manager whom the user's own reference names. <Origin origin="default" /> the
        default manager, because the reference names nobody who is active, or closes a circle. Who waits for a manager
        is not in the tree yet (<a href={linkTo(slug, 'stuck', '', { stage: 'waiting for manager' })}>who waits</a>).
      </p>
      <Show loaded={instance}>
        {({ defaultManager }) =>
          defaultManager === null ? <TeamTops instance={slug} /> : <Top instance={slug} id={defaultManager.id} />
        }
      </Show>
    </Page>
  );
}

function Top({ instance, id }: { instance: string; id: string }) {
  const top = useLoad<Account>(path`/instances/${instance}/accounts/${id}`);
  return (
    <Show loaded={top}>
      {(account) => (
        <ul class="tree">
          <Branch instance={instance} account={account} isOpen />
        </ul>
      )}
    </Show>
  );
}

/** Without a default manager the tree has no one top: then each team is one. */
function TeamTops({ instance }: { instance: string }) {
  const teams = usePages<Team>(path`/instances/${instance}/teams`);
  return (
    <ShowPages pages={teams} empty="There is no default manager and no team: nobody manages anybody.">
      {(items) => (
        <>
          <p class="note">There is no default manager, and so no top: each team is shown by itself.</p>
          {items.map(({ manager }) => (
            <Top key={manager.id} instance={instance} id={manager.id} />
          ))}
        </>
      )}
    </ShowPages>
  );
}

function Branch({
  instance,
  account,
  isOpen: isOpenFirst = false,
}: {
  instance: string;
  account: Account;
  isOpen?: boolean;
}) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  const { id, displayName, title, status, role, manager } = account;
  // A first report makes a manager of anybody, so an individual has none. Whom the brake holds keeps them.
  const mayHaveReports = role !== 'individual';
  return (
    <li>
      <div class="branch">
        {mayHaveReports ? (
          <button
            type="button"
            class="twig"
            aria-expanded={isOpen}
            aria-label={`Reports of ${displayName}`}
            onClick={() => setOpen(!isOpen)}
          >
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          </button>
        ) : (
          <span class="twig" aria-hidden="true" />
        )}
        <div>
          <a href={linkTo(instance, 'accounts', id)}>{displayName}</a>
          {title !== '' && <span class="quiet">{title}</span>}
          {status !== 'active' && <Badge tone={STATUS_TONES[status]}>{status}</Badge>}
          {manager === null ? <span class="origin top">no manager</span> : <Origin origin={manager.origin} />}
        </div>
      </div>
      {isOpen && <Reports instance={instance} manager={account} />}
    </li>
  );
}

function Reports({ instance, manager }: { instance: string; manager: Account }) {
  const pages = usePages<Account>(withQuery(path`/instances/${instance}/accounts`, { managerId: manager.id }));
  return (
    <ShowPages pages={pages} empty="Nobody reports here.">
      {(accounts) => (
        <ul aria-label={`Reports of ${manager.displayName}`}>
          {accounts.map((account) => (
            <Branch key={account.id} instance={instance} account={account} />
          ))}
        </ul>
      )}
    </ShowPages>
  );
}
