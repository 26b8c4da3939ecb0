import { scim } from './http.js';
import { until } from './interleave.js';
import type { TestRoster } from './roster.js';

/** What became of creates: an answer that never came leaves open whether the user is stored. */
export interface Creates {
  readonly acknowledged: Map<string, string>;
  readonly unknown: Set<string>;
  readonly refused: string[];
}

const IN_FLIGHT = 10;

/**
 * Creates users `<prefix>0@x.test`, `<prefix>1@x.test`, … ten at a time, as Okta does in a burst; every third names the
 * one before as manager.
 * @param at is called when so many have been tried, to do harm in the middle.
 */
export async function createMany(
  roster: Pick<TestRoster, 'scimUrl' | 'scimToken'>,
  prefix: string,
  count: number,
  at: Readonly<Record<number, () => Promise<void> | void>> = {},
): Promise<Creates> {
  const creates: Creates = { acknowledged: new Map(), unknown: new Set(), refused: [] };
  const harm: Promise<void>[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const act = at[index];
      if (act !== undefined) harm.push(Promise.resolve(act()));
      const userName = `${prefix}${index}@x.test`;
      const manager =
        index % 3 === 1
          ? {
              'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { manager: `${prefix}${index - 1}@x.test` },
            }
          : {};
      try {
        const { status, body, text } = await scim(roster, 'POST', '/Users', { userName, ...manager });
        if (status === 201) creates.acknowledged.set(userName, String(body?.['id']));
        else creates.refused.push(`${userName}: ${status} ${text}`);
      } catch {
        creates.unknown.add(userName);
        await serverAnswers(roster);
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
  await Promise.all(harm);
  return creates;
}

/** Waits until the server takes connections again. */
const serverAnswers = (roster: Pick<TestRoster, 'scimUrl'>): Promise<void> =>
  until(
    'the server is back',
    () =>
      fetch(new URL('/healthz', roster.scimUrl)).then(
        () => true,
        () => false,
      ),
    15_000,
  );
