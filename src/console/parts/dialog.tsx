import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { focusHeading } from './page.js';

interface DialogProps {
  readonly title: string;
  /** Whether Escape does not close it. */
  readonly isHeld?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal dialog of the browser's own: it keeps the focus inside, closes with Escape and gives the focus back. */
export function Dialog({ title, isHeld = false, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // The field where there is one, but never a button: the key that opened the dialog may still be down.
    (dialog?.querySelector<HTMLElement>('textarea:enabled:read-write') ?? heading.current)?.focus();
    // Closed by the browser, and not only taken out of the page: that gives the focus back to what opened it.
    return () => {
      dialog?.close();
      // Where that was in another dialog, which is gone by now, the focus is still in here.
      if (dialog?.contains(document.activeElement) === true) focusHeading();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      onClose={onClose}
      onCancel={(event) => {
        if (isHeld) event.preventDefault();
      }}
      onKeyDown={(event) => {
        // Without the key the browser asks once, and closes at the second Escape all the same.
        if ((isHeld && event.key === 'Escape') || (event.repeat && event.key === 'Enter')) event.preventDefault();
      }}
    >
      <h2 ref={heading} id={titleId} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}
