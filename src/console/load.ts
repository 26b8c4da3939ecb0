import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, type ProblemFound, problemFrom, withQuery } from './api.js';
import type { Listed } from './api-types.js';

/** Something that is asked for: not there yet, there, or refused. What is there stays while it is asked for anew. */
export interface Loaded<Value> {
  readonly value?: Value;
  readonly problem?: ProblemFound;
}

/** Asks for a thing of the admin API and, when told, asks again; a path that changes is another thing. */
export function useLoad<Value>(of: string): Loaded<Value> & { readonly reload: () => void } {
  const [loaded, setLoaded] = useState<Loaded<Value> & { of: string }>({ of });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    ask<Value>('GET', of, { signal: leaving.signal }).then(
      (value) => setLoaded({ of, value }),
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        setLoaded((before) => ({ ...(before.of === of ? before : { of }), problem: problemFrom(error) }));
      },
    );
    return () => leaving.abort();
  }, [of, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  // What was loaded for another path is not shown for this one.
  return loaded.of === of ? { ...loaded, reload } : { reload };
}

/** A list as far as it was asked for. */
export interface Pages<Item> extends Loaded<readonly Item[]> {
  /** Asks for the next page; undefined where there is none, or it is on its way. */
  readonly more: (() => void) | undefined;
  readonly isMoreComing: boolean;
  /** Begins anew. */
  readonly reload: () => void;
}

interface State<Item> extends Loaded<readonly Item[]> {
  readonly of: string;
  readonly nextCursor: string | null;
}

/** Asks for a list of the admin API, page by page. */
export function usePages<Item>(of: string): Pages<Item> {
  const [state, setState] = useState<State<Item>>({ of, nextCursor: null });
  const [asked, setAsked] = useState<{ of: string; cursor: string | null; round: number }>({
    of,
    cursor: null,
    round: 0,
  });
  const [isMoreComing, setMoreComing] = useState(false);
  const cursor = asked.of === of ? asked.cursor : null;
  useEffect(() => {
    const leaving = new AbortController();
    ask<Listed<Item>>('GET', withQuery(of, { cursor }), { signal: leaving.signal })
      .then(
        ({ items, nextCursor }) =>
          setState((before) => ({
            of,
            nextCursor,
            value: cursor === null ? items : [...(before.value ?? []), ...items],
          })),
        (error: unknown) => {
          if (leaving.signal.aborted) return;
          setState((before) => ({ ...before, of, problem: problemFrom(error) }));
        },
      )
      .finally(() => setMoreComing(false));
    return () => leaving.abort();
  }, [of, cursor, asked.round]);
  const { nextCursor } = state;
  const reload = useCallback(() => setAsked(({ round }) => ({ of, cursor: null, round: round + 1 })), [of]);
  const more = (): void => {
    setMoreComing(true);
    setAsked(({ round }) => ({ of, cursor: nextCursor, round }));
  };
  if (state.of !== of) return { more: undefined, isMoreComing: false, reload };
  return { ...state, more: nextCursor === null || isMoreComing ? undefined : more, isMoreComing, reload };
}

/** Does something again and again while somebody looks. */
export function useEvery(milliseconds: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

/** How many items the API gives at once, unless told. */
const PAGE = 100;

/** Keeps a list fresh, as long as it is one page: whoever has turned to a second is reading, and nothing moves below the eyes then. */
export const useFreshPages = <Item>({ value, reload }: Pages<Item>, milliseconds: number): void =>
  useEvery(milliseconds, () => {
    if ((value?.length ?? 0) <= PAGE) reload();
  });
