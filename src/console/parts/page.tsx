import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { ProblemFound } from '../api.js';
import type { OwnToken } from '../api-types.js';
import type { Loaded, Pages } from '../load.js';
import { RoleContext, useMay } from './session-context.js';

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
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Roster`;
  }, [title]);
  useEffect(() => heading.current?.focus(), []);
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

/** What went wrong, in words, with what support needs. */
export function Problem({ problem, retry }: { problem: ProblemFound; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{problem.message}</p>
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

const Loading = () => (
  <p class="loading" role="status">
    Loading…
  </p>
);

/** What was asked for, or that it is on its way, or why it did not come. */
export function Show<Value>({
  loaded,
  children,
}: {
  loaded: Loaded<Value> & { reload: () => void };
  children: (value: Value) => ComponentChildren;
}) {
  const { value, problem, reload } = loaded;
  return (
    <>
      {problem !== undefined && <Problem problem={problem} retry={reload} />}
      {value === undefined ? problem === undefined && <Loading /> : children(value)}
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
  return (
    <Show loaded={pages}>
      {(items) => (
        <>
          {items.length === 0 ? <Empty>{empty}</Empty> : children(items)}
          {(pages.more !== undefined || pages.isMoreComing) && (
            <button type="button" class="more" aria-disabled={pages.isMoreComing} onClick={() => pages.more?.()}>
              {pages.isMoreComing ? 'Loading…' : 'Show more'}
            </button>
          )}
        </>
      )}
    </Show>
  );
}

/** Says why what can't be pressed can't. */
export function RoleNote({ needs, to }: { needs: OwnToken['role']; to: string }) {
  const role = useContext(RoleContext);
  return useMay(needs) ? null : (
    <p class="note">
      This token's role is {role}. To {to} takes one of role {needs}.
    </p>
  );
}
