import { useLayoutEffect, useState } from 'preact/hooks';

/** Where the console is: `#/acme/accounts/<id>`, `#/acme/stuck?stage=held`. The hash never reaches a server, nor its logs. */
export interface Place {
  /** Null for what is of no instance. */
  readonly instance: string | null;
  /** Empty for the first view. */
  readonly view: string;
  readonly id: string;
  readonly filters: Filters;
}

/** What narrows down what a view shows, by name. */
export type Filters = Readonly<Record<string, string | undefined>>;

/** Stands for the instance of what is of none; no slug is a hyphen. */
const NO_INSTANCE = '-';

/** The link to a view. */
export const linkTo = (instance: string | null, view = '', id = '', filters: Filters = {}): string => {
  const parts = [instance ?? NO_INSTANCE, view, id].filter((part) => part !== '').map(encodeURIComponent);
  const given = Object.entries(filters).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return `#/${parts.join('/')}${given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`}`;
};

function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.split(/\?(.*)/s);
  const [, instance = '', view = '', id = ''] = path.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  const filters = Object.fromEntries(new URLSearchParams(query));
  return { instance: instance === '' || instance === NO_INSTANCE ? null : instance, view, id, filters };
}

/** Goes to a view. */
export const go = (link: string): void => {
  location.hash = link;
};

/** Where the console is now. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  // Not after the first paint, as an effect would be: who clicks that soon would stay where they are.
  useLayoutEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

/**
 * The filters of the view that is shown, and how to change some of them. They are in the address, so that Back, a reload and a link bring
 * them back; a change is no step of its own to go back by.
 */
export function useFilters(): [filters: Filters, change: (some: Filters) => void] {
  const { instance, view, id, filters } = usePlace();
  return [filters, (some) => location.replace(linkTo(instance, view, id, { ...filters, ...some }))];
}
