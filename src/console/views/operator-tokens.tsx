import { useContext, useState } from 'preact/hooks';
import type { Instance, Listed, OperatorToken } from '../api-types.js';
import { useLoad } from '../load.js';
import { Page, RoleNote, Show } from '../parts/page.js';
import { SessionContext, useMay } from '../parts/session-context.js';
import { Badge, Choice } from '../parts/small.js';
import { Table } from '../parts/table.js';
import { IssueToken, isGood, Revoke, tokenColumns } from '../parts/token-parts.js';

const OF = '/operator-tokens';

/** What each role may do; each may also do what those before it may. */
const ROLES: readonly { readonly value: OperatorToken['role']; readonly text: string }[] = [
  { value: 'viewer', text: 'viewer: reads' },
  { value: 'operator', text: 'operator: also acts' },
  { value: 'admin', text: 'admin: also makes instances and these tokens' },
  { value: 'application', text: 'application: reads one instance, by the API' },
];

/** The tokens of people and programs that use the admin API, and so this console. */
export function OperatorTokens() {
  return (
    <Page title="Operator tokens">
      {useMay('admin') ? <List /> : <RoleNote needs="admin" to="see, issue or revoke operator tokens" />}
    </Page>
  );
}

function List() {
  const tokens = useLoad<Listed<OperatorToken>>(OF);
  const instances = useLoad<Listed<Instance>>('/instances');
  const [role, setRole] = useState<OperatorToken['role']>('viewer');
  const [chosen, setChosen] = useState<string>();
  const { id: own } = useContext(SessionContext);
  const slugs = instances.value?.items.map(({ slug }) => slug) ?? [];
  const instance = role === 'application' ? (chosen ?? slugs[0] ?? null) : null;
  return (
    <>
      <p class="lead">One for each person and program, so that the audit log can say who it was.</p>
      <section class="card">
        <h2>A new token</h2>
        <IssueToken
          of={OF}
          needs="admin"
          example="Bo, on call"
          life="90"
          more={{ role, instance }}
          onIssued={tokens.reload}
        >
          <Choice label="Role" value={role} options={ROLES} onChange={setRole} />
          {instance !== null && (
            <Choice
              label="Instance"
              value={instance}
              options={slugs.map((value) => ({ value, text: value }))}
              onChange={setChosen}
            />
          )}
        </IssueToken>
      </section>
      <Show loaded={tokens}>
        {({ items }) => (
          <Table
            caption="Operator tokens"
            rows={items.toReversed()}
            keyOf={({ id }) => id}
            columns={[
              ...tokenColumns,
              {
                title: 'Role',
                cell: ({ id, role: of, instance: slug }) => (
                  <>
                    {slug === null ? of : `${of} of ${slug}`} {id === own && <Badge tone="good">your own</Badge>}
                  </>
                ),
              },
              {
                title: 'Actions',
                kind: 'actions',
                cell: (token) =>
                  isGood(token) && (
                    <div class="buttons">
                      <Revoke
                        token={token}
                        of={OF}
                        needs="admin"
                        explain={
                          token.id === own
                            ? 'It is your own: you are signed out, and sign in with another.'
                            : 'Whoever uses it is refused within a second. It can’t be taken back.'
                        }
                        onRevoked={tokens.reload}
                      />
                    </div>
                  ),
              },
            ]}
          />
        )}
      </Show>
    </>
  );
}
