import { Pool } from 'undici';
import type { Person } from './people.js';

/** Creates people over SCIM as Okta does. */
export interface ScimClient {
  /** @returns the id. @throws Error for any answer but 201 */
  create(person: Person): Promise<string>;
  /** Creates them with so many requests under way at once. @returns the ids */
  createAll(people: readonly Person[], atOnce: number): Promise<string[]>;
  close(): Promise<void>;
}

export function scimClient(origin: string, token: string): ScimClient {
  const pool = new Pool(origin, { connections: 10 });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' };

  const create = async (person: Person): Promise<string> => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/scim/v2/Users',
      headers,
      body: JSON.stringify(person),
    });
    const text = await body.text();
    if (statusCode !== 201) throw new Error(`POST of ${person.userName} was answered ${statusCode}: ${text}`);
    return String((JSON.parse(text) as Record<string, unknown>)['id']);
  };
  return {
    create,
    createAll: async (people, atOnce) => {
      const ids: string[] = [];
      const waiting = people.entries();
      const lane = async (): Promise<void> => {
        for (const [index, person] of waiting) ids[index] = await create(person);
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
      return ids;
    },
    close: () => pool.close(),
  };
}
