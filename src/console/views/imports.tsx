import { useRef, useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom, withQuery } from '../api.js';
import type { Import } from '../api-types.js';
import { usePages } from '../load.js';
import { Page, Problem, RoleNote, ShowPages } from '../parts/page.js';
import { useMay } from '../parts/session-context.js';
import { At, Badge, Checkbox, Field } from '../parts/small.js';
import { Table } from '../parts/table.js';
import { go, linkTo } from '../router.js';
import { IMPORT_TONES, number } from '../words.js';

/** Files that were imported, and a new one. */
export function Imports({ instance }: { instance: string }) {
  const pages = usePages<Import>(path`/instances/${instance}/imports`);
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

/** By the file's name: what a browser says of its type differs from machine to machine. */
const typeOf = (name: string): string => (/\.(ndjson|jsonl)$/i.test(name) ? 'application/x-ndjson' : 'text/csv');

/** A key for one press of the button, or its repetition after an answer that was lost. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

function Upload({ instance }: { instance: string }) {
  const may = useMay('operator');
  const [file, setFile] = useState<File>();
  const [isDryRun, setDryRun] = useState(true);
  const [mapping, setMapping] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const key = useRef(newKey());
  const isAnother = (): void => {
    key.current = newKey();
    setProblem(undefined);
  };
  const upload = async (body: File): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const of = withQuery(path`/instances/${instance}/imports`, {
        dryRun: isDryRun ? 'true' : null,
        mapping: mapping.trim(),
      });
      const headers = { 'content-type': typeOf(body.name), 'idempotency-key': key.current };
      const { id } = await ask<Import>('POST', of, { body, headers });
      go(linkTo(instance, 'imports', id));
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (file !== undefined && !isBusy) void upload(file);
      }}
    >
      <Field label="File" hint="CSV with a header, or NDJSON. Only the e-mail is required of a row.">
        {(ids) => (
          <input
            {...ids}
            type="file"
            required
            disabled={!may}
            accept=".csv,.tsv,.txt,.ndjson,.jsonl,text/csv,application/x-ndjson"
            onChange={({ currentTarget }) => {
              setFile(currentTarget.files?.[0]);
              isAnother();
            }}
          />
        )}
      </Field>
      <Field
        label="Columns of other names"
        hint="Where the header says something else: its column, a colon, and what it means, with commas between them."
      >
        {(ids) => (
          <input
            {...ids}
            disabled={!may}
            placeholder="Work mail:email,Boss:manager"
            value={mapping}
            onInput={({ currentTarget }) => {
              setMapping(currentTarget.value);
              isAnother();
            }}
          />
        )}
      </Field>
      <Checkbox
        label="Dry run"
        hint="Says what would be created, changed, moved and rejected; writes nothing."
        checked={isDryRun}
        disabled={!may}
        onChange={(checked) => {
          setDryRun(checked);
          isAnother();
        }}
      />
      {problem !== undefined && <Problem problem={problem} />}
      <button type="submit" class="main" disabled={!may} aria-disabled={isBusy}>
        {isBusy ? 'Uploading…' : isDryRun ? 'Try the file' : 'Import the file'}
      </button>
    </form>
  );
}
