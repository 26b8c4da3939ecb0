import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ProblemFound, problemFrom } from '../api.js';
import type { OwnToken } from '../api-types.js';
import { Dialog } from './dialog.js';
import { announce } from './notice.js';
import { focusHeading, Problem } from './page.js';
import { roleWords, useMay } from './session-context.js';
import { Field } from './small.js';

interface ActionProps {
  readonly label: string;
  /** What the button is about, where several are alike: for who listens. */
  readonly about?: string;
  readonly needs: OwnToken['role'];
  /** What it does, said before it is done. */
  readonly explain: ComponentChildren;
  /** Whether the audit log wants to know why. */
  readonly asksWhy?: boolean;
  readonly isDangerous?: boolean;
  readonly isMain?: boolean;
  /** Does it. @returns what to say when it is done */
  readonly act: (reason: string) => Promise<string>;
}

const MAX_REASON = 500;

/** A button for what is done on purpose: it says what will happen, asks why where that is kept, and tells how it went. */
export function Action(props: ActionProps) {
  const { label, about, needs, explain, asksWhy = false, isDangerous = false, isMain = false, act } = props;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const may = useMay(needs);
  const name = about === undefined ? label : `${label}: ${about}`;
  // What was done may take the row away, and the button with it that the focus came back to.
  useLayoutEffect(() => {
    const own = button.current;
    return () => {
      if (own === document.activeElement) focusHeading();
    };
  }, []);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={isDangerous ? 'danger' : isMain ? 'main' : undefined}
        aria-label={name}
        disabled={!may}
        title={may ? undefined : `This takes a token ${roleWords(needs)}.`}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && <Confirm {...{ name, label, explain, asksWhy, isDangerous, act }} onClose={() => setOpen(false)} />}
    </>
  );
}

interface ConfirmProps extends Pick<ActionProps, 'label' | 'explain' | 'asksWhy' | 'isDangerous' | 'act'> {
  /** What the dialog is called. */
  readonly name: string;
  readonly onClose: () => void;
}

/** The dialog that says what will happen, and then does it. It stays open until that is done, or has failed and says how. */
export function Confirm(props: ConfirmProps) {
  const { name, label, explain, asksWhy = false, isDangerous = false, act, onClose } = props;
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await act(reason.trim());
      onClose();
      announce(done);
    } catch (error) {
      setProblem(problemFrom(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={name} isHeld={isBusy} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void submit();
        }}
      >
        <div class="explain">{explain}</div>
        {asksWhy && (
          <Field label="Reason" hint="For the audit log: whoever reads it later knows only this.">
            {(ids) => (
              <textarea
                {...ids}
                required
                maxLength={MAX_REASON}
                rows={2}
                value={reason}
                onInput={({ currentTarget }) => setReason(currentTarget.value)}
              />
            )}
          </Field>
        )}
        {problem !== undefined && <Problem problem={problem} />}
        <div class="buttons">
          <button type="submit" class={isDangerous ? 'danger' : 'main'} aria-disabled={isBusy}>
            {isBusy ? 'One moment…' : label}
          </button>
          <button type="button" disabled={isBusy} onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
