import { ask, path } from '../api.js';
import type { IssuedToken, Listed, ScimToken } from '../api-types.js';
import { useLoad } from '../load.js';
import { Action } from '../parts/action.js';
import { Empty, Page, RoleNote, Show } from '../parts/page.js';
import { showSecret } from '../parts/secret.js';
import { Table } from '../parts/table.js';
import { IssueToken, isGood, Revoke, tokenColumns } from '../parts/token-parts.js';

const OVERLAP_HOURS = 24;

/** The tokens by which Okta may ask for an instance. */
export function ScimTokens({ instance }: { instance: string }) {
  const of = path`/instances/${instance}/tokens`;
  const tokens = useLoad<Listed<ScimToken>>(of);
  return (
    <Page title="SCIM tokens">
      <p class="lead">
        An Okta administrator pastes one into the app's provisioning settings. Several may be good at once.
      </p>
      <RoleNote needs="operator" to="issue, rotate or revoke tokens" />
      <section class="card">
        <h2>A new token</h2>
        <IssueToken of={of} needs="operator" example="Okta production" life="365" onIssued={tokens.reload} />
      </section>
      <Show loaded={tokens}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>There is no token yet, so Okta can't ask for anything.</Empty>
          ) : (
            <Table
              caption="SCIM tokens"
              rows={items.toReversed()}
              keyOf={({ id }) => id}
              columns={[
                ...tokenColumns,
                {
                  title: 'Actions',
                  kind: 'actions',
                  cell: (token) =>
                    isGood(token) && (
                      <div class="buttons">
                        <Action
                          label="Rotate"
                          about={token.label}
                          needs="operator"
                          explain={`Makes a successor under the same label. This one stays good for ${OVERLAP_HOURS} hours, so that Okta can be given the new one without a gap.`}
                          act={async () => {
                            const body = { overlapHours: OVERLAP_HOURS };
                            showSecret(
                              await ask<IssuedToken>('POST', path`/instances/${instance}/tokens/${token.id}/rotate`, {
                                body,
                              }),
                            );
                            tokens.reload();
                            return `“${token.label}” has a successor.`;
                          }}
                        />
                        <Revoke
                          token={token}
                          of={of}
                          needs="operator"
                          explain="Whoever uses it is refused within a second. It can’t be taken back."
                          onRevoked={tokens.reload}
                        />
                      </div>
                    ),
                },
              ]}
            />
          )
        }
      </Show>
    </Page>
  );
}
