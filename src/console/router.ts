import { useLayoutEffect, useState } from 'preact/hooks';

/** Where the console is: `#/acme/accounts/<id>`. The hash never reaches a server, nor its logs. */
export interface Place {
  /** Null for what is of no instance. */
  readonly instance: string | null;
  /** Empty for the first view. */
  readonly view: string;
  readonly id: string;
}

/** Stands for the instance of what is of none; no slug is a hyphen. */
const NO_INSTANCE = '-';

/** The link to a view. */
export const linkTo = (instance: string | null, view = '', id = ''): string =>
  `#/${[instance ?? NO_INSTANCE, view, id]
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/')}`;

function placeOf(hash: string): Place {
  const [, instance = '', view = '', id = ''] = hash.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { instance: instance === '' || instance === NO_INSTANCE ? null : instance, view, id };
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
