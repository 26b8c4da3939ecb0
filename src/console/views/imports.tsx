import { path } from '../api.js';
import type { Import } from '../api-types.js';
import { useFreshPages, usePages } from '../load.js';
import { Page, RoleNote, ShowPages } from '../parts/page.js';
import { At, Badge } from '../parts/small.js';
import { Table } from '../parts/table.js';
import { Upload } from '../parts/upload.js';
import { linkTo } from '../router.js';
import { IMPORT_TONES, number } from '../words.js';

const EVERY_MS = 5_000;

/** Files that were imported, and a new one. */
export function Imports({ instance }: { instance: string }) {
  const pages = usePages<Import>(path`/instances/${instance}/imports`);
  useFreshPages(pages, EVERY_MS);
  return (
    <Page title="Imports">
      <section class="card">
        <h2>A new file</h2>
        <RoleNote needs="operator" to="import a file" />
        <Upload instance={instance} />
      </section>
      <section>
        <h2>So far</h2>
        <ShowPages pages={pages} empty="Nothing was imported yet.">
          {(imports) => (
            <Table
              caption="Imports"
              rows={imports}
              keyOf={({ id }) => id}
              columns={[
                {
                  title: 'Begun',
                  cell: ({ id, createdAt }) => (
                    <a href={linkTo(instance, 'imports', id)}>
                      <At instant={createdAt} />
                    </a>
                  ),
                },
                {
                  title: 'State',
                  cell: ({ state, dryRun }) => (
                    <>
                      <Badge tone={IMPORT_TONES[state]}>{state}</Badge> {dryRun && <Badge tone="off">dry run</Badge>}
                    </>
                  ),
                },
                { title: 'Rows', kind: 'number', cell: ({ rows }) => number(rows.total) },
                { title: 'Created', kind: 'number', cell: ({ rows }) => number(rows.created) },
                { title: 'Updated', kind: 'number', cell: ({ rows }) => number(rows.updated) },
                { title: 'Unchanged', kind: 'number', cell: ({ rows }) => number(rows.unchanged) },
                { title: 'Rejected', kind: 'number', cell: ({ rows }) => number(rows.rejected) },
              ]}
            />
          )}
        </ShowPages>
      </section>
    </Page>
  );
}
