import type { ComponentChildren } from 'preact';
import { useContext, useLayoutEffect, useRef } from 'preact/hooks';
import type { ProblemFound } from '../api.js';
import type { OwnToken } from '../api-types.js';
import type { Loaded, Pages } from '../load.js';
import { usePlace } from '../router.js';
import { roleWords, SessionContext, useMay } from './session-context.js';
import { At } from './small.js';

/** A view. Its heading takes the focus, so that who uses the keyboard or listens is where they went. */
export function Page({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  const { instance } = usePlace();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = [title, ...(instance === null ? [] : [instance]), 'Roster'].join(' · ');
  }, [title, instance]);
  // Before it is painted: who has gone on to a field by then would be taken out of it.
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <>
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </>
  );
}

/** Puts the focus on the heading, where what had it is there no more. */
export const focusHeading = (): void => document.querySelector('h1')?.focus();

/** What went wrong, in words, with what support needs. The words alone are spoken: the request is another each time. */
export function Problem({ problem, retry }: { problem: ProblemFound; retry?: () => void }) {
  return (
    <div class="problem">
      <p role="alert">{problem.message}</p>
      {problem.requestId !== '' && (
        <p class="quiet">
          <code>{problem.code}</code> · request <code>{problem.requestId}</code>
        </p>
      )}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What there is to say where there is nothing. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** That something is on its way, or why it did not come; where it is there, whether it is as old as that. */
export function Standing({ loaded: { value, problem, at, isLate, reload } }: { loaded: Loaded<unknown> }) {
  if (value === undefined && problem !== undefined) return <Problem problem={problem} retry={reload} />;
  if (value === undefined) {
    return (
      <p class="loading" role="status">
        Loading…
      </p>
    );
  }
  if (problem === undefined && !isLate) return null;
  return (
    <div class="note stale">
      <p role="status">
        {at !== undefined && (
          <>
            Last refreshed <At instant={at} />.{' '}
          </>
        )}
        {problem?.message ?? 'Roster takes long to answer.'}
      </p>
      <button type="button" onClick={reload}>
        Try again
      </button>
    </div>
  );
}

/** What was asked for, or that it is on its way, or why it did not come. */
export function Show<Value>({
  loaded,
  children,
}: {
  loaded: Loaded<Value>;
  children: (value: Value) => ComponentChildren;
}) {
  return (
    <>
      <Standing loaded={loaded} />
      {loaded.value !== undefined && children(loaded.value)}
    </>
  );
}

/** A list as far as it came, with a button for more. */
export function ShowPages<Item>({
  pages,
  empty,
  children,
}: {
  pages: Pages<Item>;
  empty: ComponentChildren;
  children: (items: readonly Item[]) => ComponentChildren;
}) {
  const { more, isMoreComing, moreProblem } = pages;
  return (
    <Show loaded={pages}>
      {(items) => (
        <>
          {items.length === 0 ? <Empty>{empty}</Empty> : children(items)}
          {(more !== undefined || isMoreComing) && (
            <div class="more">
              <button type="button" aria-disabled={isMoreComing} onClick={() => more?.()}>
                {isMoreComing ? 'Loading…' : 'Show more'}
              </button>
              {moreProblem !== undefined && <Problem problem={moreProblem} />}
            </div>
          )}
        </>
      )}
    </Show>
  );
}

/** Says why what can't be pressed can't. */
export function RoleNote({ needs, to }: { needs: OwnToken['role']; to: string }) {
  const { role } = useContext(SessionContext);
  return useMay(needs) ? null : (
    <p class="note">
      This token's role is {role}. To {to} takes one {roleWords(needs)}.
    </p>
  );
}
