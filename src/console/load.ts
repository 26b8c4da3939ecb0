import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, type ProblemFound, problemFrom, withQuery } from './api.js';
import type { Listed } from './api-types.js';

/** Something that is asked for: not there yet, there, or refused. What is there stays while it is asked for anew. */
export interface Loaded<Value> {
  readonly value?: Value;
  /** Why it is not there, or not fresher. */
  readonly problem?: ProblemFound | undefined;
  /** When the value came. */
  readonly at?: string;
  /** Whether a fresher one lets wait for itself. */
  readonly isLate: boolean;
  /** Asks anew, now. */
  readonly reload: () => void;
}

/** What can be kept fresh. */
interface Fresh<Value> extends Loaded<Value> {
  /** Asks anew, unless that is under way already, or is no use. */
  readonly refresh: () => void;
}

/** Asks for a thing of the admin API and, when told, asks again; a path that changes is another thing. */
export function useLoad<Value>(of: string): Fresh<Value> {
  const { start, shown, isLate, refresh } = useAnswers<Value>(of, alone);
  const reload = useCallback(() => start({}), [start]);
  return { ...shown, isLate, reload, refresh };
}

/** A list as far as it was asked for. */
export interface Pages<Item> extends Fresh<readonly Item[]> {
  /** Asks for the next page; undefined where there is none, or it is on its way. */
  readonly more: (() => void) | undefined;
  readonly isMoreComing: boolean;
  /** Why the next page is not there. */
  readonly moreProblem?: ProblemFound;
}

/** How many items the API gives at once, unless told, and at most. */
const PAGE = 100;
const MOST = 1_000;

/** Asks for a list of the admin API, page by page. */
export function usePages<Item>(of: string): Pages<Item> {
  const { start, shown, isLate, isMoreComing, refresh } = useAnswers<Listed<Item>>(of, joined);
  const { value, ...rest } = shown;
  const cursor = value?.nextCursor ?? null;
  const count = value?.items.length ?? 0;
  return {
    ...rest,
    ...(value === undefined ? {} : { value: value.items }),
    isLate,
    isMoreComing,
    more: cursor === null || isMoreComing ? undefined : () => start({ cursor }),
    // As many as are shown: what somebody is reading does not go from below the eyes.
    reload: () => start({ limit: count > PAGE ? String(Math.min(count, MOST)) : null }),
    refresh,
  };
}

/** Several that are of one thing and fail together, as one: what is wrong with them is said once. */
export function together(...all: readonly [Loaded<unknown>, ...Loaded<unknown>[]]): Loaded<unknown> {
  const worst = all.find(({ value, problem }) => value === undefined || problem !== undefined) ?? all[0];
  return { ...worst, reload: () => all.forEach(({ reload }) => reload()) };
}

const alone = <Value>(answer: Value): Value => answer;
const joined = <Item>({ items, nextCursor }: Listed<Item>, before?: Listed<Item>): Listed<Item> => ({
  items: [...(before?.items ?? []), ...items],
  nextCursor,
});

interface State<Value> extends Pick<Loaded<Value>, 'value' | 'problem' | 'at'> {
  readonly of: string;
  readonly moreProblem?: ProblemFound;
}

interface Query {
  readonly cursor?: string | null;
  readonly limit?: string | null;
}

/** So long a request may be under way before it is said. */
const LATE_MS = 8_000;

/**
 * Asks one thing at a time: what is asked next takes the place of what is under way. `put` makes what is kept of an answer, and of what
 * was kept before where the answer goes on from there.
 */
function useAnswers<Value>(of: string, put: (answer: Value, before?: Value) => Value) {
  const [state, setState] = useState<State<Value>>({ of });
  const [isMoreComing, setMoreComing] = useState(false);
  const [isLate, setLate] = useState(false);
  const underWay = useRef<{ readonly leaving: AbortController; readonly since: number } | undefined>(undefined);
  const start = useCallback(
    (query: Query): void => {
      underWay.current?.leaving.abort();
      const own = { leaving: new AbortController(), since: Date.now() };
      underWay.current = own;
      const isMore = typeof query.cursor === 'string';
      setMoreComing(isMore);
      const end = (next: (before: State<Value>) => State<Value>): void => {
        if (underWay.current !== own) return;
        underWay.current = undefined;
        setMoreComing(false);
        setLate(false);
        setState((before) => next(before.of === of ? before : { of }));
      };
      ask<Value>('GET', withQuery(of, { ...query }), { signal: own.leaving.signal }).then(
        (answer) =>
          end(({ value, at = now() }) =>
            isMore ? { of, at, value: put(answer, value) } : { of, at: now(), value: put(answer) },
          ),
        (error: unknown) => {
          const problem = problemFrom(error);
          end((before) => (isMore ? { ...before, moreProblem: problem } : { ...before, problem }));
        },
      );
    },
    [of, put],
  );
  useEffect(() => {
    start({});
    return () => {
      underWay.current?.leaving.abort();
      underWay.current = undefined;
    };
  }, [start]);
  // What was loaded for another path is not shown for this one.
  const shown = state.of === of ? state : { of };
  const refresh = (): void => {
    if (underWay.current !== undefined) setLate(Date.now() - underWay.current.since > LATE_MS);
    else if (shown.problem?.isDue !== false) start({});
  };
  return { start, shown, isMoreComing, isLate, refresh };
}

const now = (): string => new Date().toISOString();

/** Does something again and again while somebody looks. Nothing moves behind an open dialog: it may be about what would go. */
export function useEvery(milliseconds: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && document.querySelector('dialog[open]') === null) latest.current();
    }, milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

/** Keeps a list fresh, as long as it is one page: whoever has turned to a second is reading, and nothing moves below the eyes then. */
export const useFreshPages = <Item>({ value, refresh }: Pages<Item>, milliseconds: number): void =>
  useEvery(milliseconds, () => {
    if ((value?.length ?? 0) <= PAGE) refresh();
  });
