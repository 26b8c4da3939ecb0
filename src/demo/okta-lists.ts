import { need, type ScimList } from './okta-answers.js';
import type { Random } from './random.js';

/** Okta's page, always. */
const PAGE = 100;

/** The query of Okta's look-ups, in one of the two encodings of a space that have been seen. */
export function filterQuery(attribute: string, value: string, random: Random): string {
  const filter = encodeURIComponent(`${attribute} eq ${JSON.stringify(value)}`);
  return `filter=${random.chance(0.5) ? filter.replaceAll('%20', '+') : filter}&startIndex=1&count=${PAGE}`;
}

/**
 * Flow 12: everything the server has of one kind, page by page, in its order.
 * @throws OktaRequirementError for pages that do not follow each other.
 */
export async function importAll<Resource extends { readonly id: string }>(
  list: (query: string, startIndex: number) => Promise<ScimList<Resource>>,
): Promise<Resource[]> {
  const all = new Map<string, Resource>();
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += PAGE) {
    const page = await list(`startIndex=${startIndex}&count=${PAGE}`, startIndex);
    total = page.totalResults;
    const expected = Math.max(0, Math.min(PAGE, total - startIndex + 1));
    need('An import', page.Resources.length === expected, `${expected} resources from ${startIndex} on`);
    for (const resource of page.Resources) {
      need('An import', !all.has(resource.id), `a stable order: ${resource.id} came twice`);
      all.set(resource.id, resource);
    }
  }
  return [...all.values()];
}
