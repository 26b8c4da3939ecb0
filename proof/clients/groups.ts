import { CORE_GROUP, readGroupList } from '../../src/demo/okta-answers.js';
import { PATCH_OP } from '../../src/demo/okta-bodies.js';
import { askScim, toldBy, verdictOf } from '../ask.js';
import type { Registers } from '../ledger.js';
import type { ClientOf } from '../world.js';
import { think } from './think.js';

const THINK_MS = 500;

/** The register of a member. */
export const memberRegister = (reference: string): string => `member ${reference}`;

/**
 * Pushes a group until told to stop: members of its own come and go, beside another client with other members (guard 10). Who is given all
 * its members, `all`, makes it.
 * @param references what the client's own members are called: whoever they mean, or nobody.
 */
export async function pushGroup(
  of: ClientOf,
  group: string,
  references: readonly string[],
  all?: readonly string[],
): Promise<void> {
  const { world, tenant, random } = of;
  const { ledger, signal } = world;

  const write = async (asserted: Registers, method: string, path: string, body: object, good: readonly number[]) => {
    const operation = ledger.begin({ instance: tenant.instance, subject: group, kind: `${method} Groups`, asserted });
    const answer = await askScim(of, { method, path, body });
    ledger.end(operation, { outcome: verdictOf(answer, good), ...toldBy(answer) });
    return operation.outcome === 'ok' ? answer : undefined;
  };

  const find = async (): Promise<boolean> => {
    const filter = encodeURIComponent(`displayName eq "${group}"`);
    const answer = await askScim(of, { method: 'GET', path: `/Groups?filter=${filter}&startIndex=1&count=100` });
    if (answer?.status !== 200) return false;
    const [found] = readGroupList(`the filter for ${group}`, answer.body, 1).Resources;
    if (found !== undefined) tenant.ids.set(group, found.id);
    return true;
  };

  const change = async (): Promise<void> => {
    const chosen = random.shuffled(references).slice(0, 1 + random.below(3));
    const isAdded = random.chance(0.6);
    const asserted = Object.fromEntries(chosen.map((reference) => [memberRegister(reference), isAdded]));
    const operations = isAdded
      ? [{ op: 'add', path: 'members', value: chosen.map((value) => ({ value })) }]
      : chosen.map((value) => ({ op: 'remove', path: `members[value eq "${value}"]` }));
    const body = { schemas: [PATCH_OP], Operations: operations };
    await write(asserted, 'PATCH', `/Groups/${tenant.ids.get(group)}`, body, [200, 204]);
  };

  while (!signal.aborted) {
    if (tenant.ids.has(group)) await change();
    else if ((await find()) && all !== undefined && !tenant.ids.has(group)) {
      const nobody = Object.fromEntries(all.map((reference) => [memberRegister(reference), false]));
      const body = { schemas: [CORE_GROUP], displayName: group };
      await write({ exists: true, ...nobody }, 'POST', '/Groups', body, [201]);
    }
    await think(of, THINK_MS);
  }
}
