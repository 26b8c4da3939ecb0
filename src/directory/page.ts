/** Which part of a list is wanted: it is ordered by id, which is the order of creation for users. */
export interface Page {
  /** Only what comes after this id. */
  readonly after?: string | undefined;
  /** This many at most. */
  readonly limit: number;
}

/** Comes before every id that is given out. A bound rather than "or is null" keeps a deep page as cheap as the first. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** The page's lower bound, exclusive. */
export const lowerBound = ({ after = BEFORE_ALL }: Page): string => after;
