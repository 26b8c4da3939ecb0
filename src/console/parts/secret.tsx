import { useRef, useState } from 'preact/hooks';
import type { IssuedToken } from '../api-types.js';
import { moment } from '../words.js';
import { Dialog } from './dialog.js';
import { Field } from './small.js';

/** A secret that was made just now. It is nowhere else, and with this dialog it is gone. */
export function Secret({ issued, onClose }: { issued: IssuedToken; onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(issued.token);
      setSaid('Copied.');
    } catch {
      // Without HTTPS a page has no clipboard; it is selected by now.
      setSaid('It is selected: copy it with Ctrl C or ⌘ C.');
    }
  };
  return (
    <Dialog title={`Token “${issued.label}”`} onClose={onClose}>
      <p>
        It is shown this once.{' '}
        {issued.expiresAt === null ? 'It never expires.' : `It expires on ${moment(issued.expiresAt)}.`}
      </p>
      <Field label="The token">
        {(ids) => <input {...ids} ref={input} class="secret" readOnly value={issued.token} size={47} />}
      </Field>
      <p role="status" class="hint">
        {said}
      </p>
      <div class="buttons">
        <button type="button" class="main" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
