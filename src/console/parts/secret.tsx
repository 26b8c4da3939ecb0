import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { IssuedToken } from '../api-types.js';
import { moment } from '../words.js';
import { Dialog } from './dialog.js';
import { Field } from './small.js';

let show: (issued: IssuedToken) => void = () => undefined;

/** Shows a secret that was made just now, whatever view is there by then. */
export const showSecret = (issued: IssuedToken): void => show(issued);

/** Where secrets are shown, one after the other: above the views, which may be left while one is being made. */
export function Secrets() {
  const [kept, setKept] = useState<readonly IssuedToken[]>([]);
  useLayoutEffect(() => {
    show = (issued) => setKept((before) => [...before, issued]);
    return () => {
      show = () => undefined;
    };
  }, []);
  const first = kept[0];
  return first === undefined ? null : <Secret key={first.id} issued={first} onKept={() => setKept(kept.slice(1))} />;
}

/** It is nowhere else, and with this dialog it is gone: nothing but the button closes it. */
function Secret({ issued, onKept }: { issued: IssuedToken; onKept: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(issued.token);
      setSaid('Copied.');
    } catch {
      // Without HTTPS a page has no clipboard; it is selected by now.
      setSaid('It is selected: copy it with Ctrl C or ⌘ C.');
    }
  };
  return (
    <Dialog title={`Token “${issued.label}”`} isHeld onClose={onKept}>
      <p>
        It is shown this once.{' '}
        {issued.expiresAt === null ? 'It never expires.' : `It expires on ${moment(issued.expiresAt)}.`}
      </p>
      <Field label="The token">
        {(ids) => <textarea {...ids} ref={field} class="secret" readOnly rows={2} value={issued.token} />}
      </Field>
      <p role="status" class="hint">
        {said}
      </p>
      <div class="buttons">
        <button type="button" class="main" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" onClick={onKept}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
