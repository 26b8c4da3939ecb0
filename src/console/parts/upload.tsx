import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, ProblemFound, path, problemFrom, withQuery } from '../api.js';
import type { Import } from '../api-types.js';
import { go, linkTo } from '../router.js';
import { number } from '../words.js';
import { announce } from './notice.js';
import { Problem } from './page.js';
import { useMay } from './session-context.js';
import { Checkbox, Field } from './small.js';

/** By the file's name: what a browser says of its type differs from machine to machine. */
const typeOf = (name: string): string => (/\.(ndjson|jsonl)$/i.test(name) ? 'application/x-ndjson' : 'text/csv');

/** A key for one press of the button, or its repetition after an answer that was lost. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Sends a file to be tried or imported, and goes to its import. */
export function Upload({ instance }: { instance: string }) {
  const may = useMay('operator');
  const [file, setFile] = useState<File>();
  const [isDryRun, setDryRun] = useState(true);
  const [mapping, setMapping] = useState('');
  const [underWay, setUnderWay] = useState<AbortController>();
  const [problem, setProblem] = useState<ProblemFound>();
  const key = useRef(newKey());
  const chooser = useRef<HTMLInputElement>(null);
  const isHere = useRef(true);
  useEffect(
    () => () => {
      isHere.current = false;
    },
    [],
  );
  const isAnother = (): void => {
    key.current = newKey();
    setProblem(undefined);
  };
  const upload = async (body: File): Promise<void> => {
    const cancelling = new AbortController();
    const { signal } = cancelling;
    setUnderWay(cancelling);
    setProblem(undefined);
    try {
      await checkReadable(body, chooser.current);
      const of = withQuery(path`/instances/${instance}/imports`, {
        dryRun: isDryRun ? 'true' : null,
        mapping: mapping.trim(),
      });
      const headers = { 'content-type': typeOf(body.name), 'idempotency-key': key.current };
      const { id } = await ask<Import>('POST', of, { body, headers, signal, isLong: true });
      if (isHere.current) go(linkTo(instance, 'imports', id));
      else announce(`“${body.name}” is uploaded: it is in Imports of ${instance}.`);
    } catch (error) {
      if (signal.aborted) {
        // The server may have it still, or all of it: what is sent next is another file to it.
        key.current = newKey();
        announce(
          `The upload of “${body.name}” is cancelled. If all of it had arrived already, it is in the list below.`,
        );
      } else if (isHere.current) setProblem(problemFrom(error));
      else announce(`“${body.name}” was not taken: ${problemFrom(error).message}`);
    }
    setUnderWay(undefined);
  };
  const isBusy = underWay !== undefined;
  const mayChange = may && !isBusy;
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
            ref={chooser}
            type="file"
            required
            disabled={!mayChange}
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
            disabled={!mayChange}
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
        disabled={!mayChange}
        onChange={(checked) => {
          setDryRun(checked);
          isAnother();
        }}
      />
      {problem !== undefined && <Problem problem={problem} />}
      {isBusy && file !== undefined && (
        <>
          <p role="status">
            “{file.name}”, {number(Math.ceil(file.size / 1_000))} kB, is on its way. You may go to other views
            meanwhile, but not close this tab.
          </p>
          <progress aria-label="Upload" />
        </>
      )}
      <div class="buttons">
        <button type="submit" class="main" disabled={!may} aria-disabled={isBusy}>
          {isBusy ? 'Uploading…' : isDryRun ? 'Try the file' : 'Import the file'}
        </button>
        {isBusy && (
          <button type="button" onClick={() => underWay.abort()}>
            Cancel the upload
          </button>
        )}
      </div>
    </form>
  );
}

/** A browser sends a file as it was when it was chosen, or not at all. @throws ProblemFound */
async function checkReadable(file: File, chooser: HTMLInputElement | null): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    // Otherwise the same file chosen again would be no change.
    if (chooser !== null) chooser.value = '';
    const detail = `“${file.name}” has changed since it was chosen, or is there no more: choose it again.`;
    throw new ProblemFound({ code: 'file_changed', detail });
  }
}
