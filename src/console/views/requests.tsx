import { path } from '../api.js';
import type { Request } from '../api-types.js';
import { useFreshPages, usePages } from '../load.js';
import { Page, ShowPages } from '../parts/page.js';
import { At, Badge } from '../parts/small.js';
import { Table } from '../parts/table.js';
import { linkTo } from '../router.js';
import type { Tone } from '../words.js';

const toneOf = (status: number): Tone => (status >= 500 ? 'bad' : status >= 400 ? 'busy' : 'good');

const EVERY_MS = 5_000;

/** What Okta asked lately, and what it was told. */
export function Requests({ instance }: { instance: string }) {
  const pages = usePages<Request>(path`/instances/${instance}/requests`);
  useFreshPages(pages, EVERY_MS);
  return (
    <Page
      title="Requests"
      aside={
        <button type="button" onClick={pages.reload}>
          Refresh
        </button>
      }
    >
      <p class="lead">
        What Okta asked in the last seven days, the newest first, refused ones too; without the values it sent.
      </p>
      <ShowPages pages={pages} empty="Okta has asked nothing yet. Its “Test API Credentials” is a first request.">
        {(requests) => (
          <Table
            caption="SCIM requests"
            rows={requests}
            keyOf={({ id }) => id}
            columns={[
              { title: 'When', cell: ({ at }) => <At instant={at} /> },
              {
                title: 'Request',
                kind: 'wide',
                cell: ({ method, path: of, body }) => (
                  <>
                    <code>
                      {method} {of}
                    </code>
                    {body !== null && (
                      <details>
                        <summary>Body, redacted</summary>
                        <pre>{JSON.stringify(body, null, 2)}</pre>
                      </details>
                    )}
                  </>
                ),
              },
              {
                title: 'Answer',
                kind: 'wide',
                cell: ({ status, scimType, detail }) => (
                  <>
                    <Badge tone={toneOf(status)}>{status}</Badge> {scimType}{' '}
                    {detail !== null && <span class="quiet">{detail}</span>}
                  </>
                ),
              },
              { title: 'ms', kind: 'number', cell: ({ milliseconds }) => milliseconds.toFixed(1) },
              { title: 'Token', cell: ({ token }) => token?.label ?? <span class="quiet">unknown</span> },
              {
                title: 'User',
                kind: 'short',
                cell: ({ userId }) =>
                  userId === null ? (
                    <span class="quiet">—</span>
                  ) : (
                    <a href={linkTo(instance, 'accounts', userId)}>account</a>
                  ),
              },
            ]}
          />
        )}
      </ShowPages>
    </Page>
  );
}
