import { useEffect, useState } from 'preact/hooks';
import { path, withQuery } from '../api.js';
import type { Account } from '../api-types.js';
import { usePages } from '../load.js';
import { ManagerLink } from '../parts/manager.js';
import { Page, ShowPages } from '../parts/page.js';
import { Badge, Choice, Field } from '../parts/small.js';
import { Table } from '../parts/table.js';
import { linkTo, useFilters } from '../router.js';
import { STATUS_TONES, STATUSES } from '../words.js';

const ANY = 'any';

/** The accounts of an instance, in the order of their creation. */
export function Accounts({ instance }: { instance: string }) {
  const [{ userName = '', ...filters }, change] = useFilters();
  const [typed, setTyped] = useState(userName);
  useEffect(() => setTyped(userName), [userName]);
  const status = STATUSES.find((one) => one === filters['status']);
  const pages = usePages<Account>(withQuery(path`/instances/${instance}/accounts`, { userName, status }));
  const isFiltered = userName !== '' || status !== undefined;
  return (
    <Page title="Accounts">
      <form
        class="bar"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          change({ userName: typed.trim() });
        }}
      >
        <Field label="userName" hint="The whole of it, in capitals or not.">
          {(ids) => (
            <input
              {...ids}
              type="search"
              placeholder="ada@acme.example"
              value={typed}
              onInput={({ currentTarget }) => {
                setTyped(currentTarget.value);
                if (currentTarget.value === '') change({ userName: '' });
              }}
            />
          )}
        </Field>
        <button type="submit">Search</button>
        <Choice
          label="Status"
          value={status ?? ANY}
          options={[{ value: ANY, text: 'any' }, ...STATUSES.map((value) => ({ value, text: value }))]}
          onChange={(next) => change({ status: next === ANY ? undefined : next })}
        />
      </form>
      <ShowPages
        pages={pages}
        empty={isFiltered ? 'Nobody is like that.' : 'Nobody is here yet: assign people in Okta, or import a file.'}
      >
        {(accounts) => (
          <Table
            caption="Accounts"
            rows={accounts}
            keyOf={({ id }) => id}
            columns={[
              {
                title: 'Name',
                cell: ({ id, displayName, userName }) => (
                  <>
                    <a href={linkTo(instance, 'accounts', id)}>{displayName}</a>
                    <br />
                    <span class="quiet">{userName}</span>
                  </>
                ),
              },
              { title: 'Title', cell: ({ title }) => title },
              { title: 'Role', cell: ({ role }) => role },
              { title: 'Status', cell: ({ status }) => <Badge tone={STATUS_TONES[status]}>{status}</Badge> },
              {
                title: 'Manager',
                cell: ({ manager }) =>
                  manager === null ? (
                    <span class="quiet">none</span>
                  ) : (
                    <ManagerLink instance={instance} manager={manager} />
                  ),
              },
              { title: 'Team', cell: ({ team }) => team?.name ?? <span class="quiet">none</span> },
            ]}
          />
        )}
      </ShowPages>
    </Page>
  );
}
