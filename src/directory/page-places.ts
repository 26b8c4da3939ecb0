import { createHash } from 'node:crypto';

/** Where a list goes on: the id after which the user at an index comes. */
interface Place {
  readonly after: string;
  readonly until: number;
}

const REMEMBERED_MS = 60_000;
const REMEMBERED_PLACES = 10_000;

/**
 * Remembers where pages ended, so that a client who reads a list page by page by index is not counted through it from the
 * beginning each time: the deepest page then costs what the first one does. What is not remembered is counted.
 */
export class PagePlaces {
  private readonly places = new Map<string, Place>();

  /** @param list whatever makes it this list: instance, filter and order */
  find(list: string, startIndex: number): string | undefined {
    const place = this.places.get(keyOf(list, startIndex));
    return place !== undefined && place.until > Date.now() ? place.after : undefined;
  }

  remember(list: string, startIndex: number, after: string): void {
    const key = keyOf(list, startIndex);
    this.places.delete(key);
    this.places.set(key, { after, until: Date.now() + REMEMBERED_MS });
    if (this.places.size <= REMEMBERED_PLACES) return;
    const [oldest] = this.places.keys();
    if (oldest !== undefined) this.places.delete(oldest);
  }
}

/** A digest: a filter can be long. */
const keyOf = (list: string, startIndex: number): string =>
  createHash('sha256').update(`${list} ${startIndex}`).digest('base64url');
