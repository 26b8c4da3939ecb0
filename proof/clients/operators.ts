import { askAdmin } from '../ask.js';
import type { ClientOf, Tenant } from '../world.js';
import { think } from './think.js';

const THINK_MS = 1_000;
const REASON = 'because the proof says so';

/** Acts as operators do until told to stop: tries users again, gives them the default manager, changes it, and roles. */
export async function operate(of: ClientOf): Promise<void> {
  const { world, tenant, random } = of;
  const instance = `/instances/${tenant.instance}`;
  const someone = (): string | undefined => tenant.ids.get(random.pick(tenant.people));
  const acts: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    act: (id) => {
      const action = random.pick(['retryNow', 'takeDefaultManager']);
      return askAdmin(of, {
        method: 'POST',
        path: `${instance}/accounts/${id}/actions`,
        body: { action, reason: REASON },
      });
    },
    role: (id) => {
      const role = random.pick(['individual', 'manager', 'publisher']);
      return askAdmin(of, { method: 'PATCH', path: `${instance}/accounts/${id}`, body: { role } });
    },
    defaultManager: (id) =>
      askAdmin(of, { method: 'PATCH', path: instance, body: { defaultManager: random.pick([id, null]) } }),
    look: () => askAdmin(of, { method: 'GET', path: `${instance}/progress?stage=stuck` }),
    story: (id) => askAdmin(of, { method: 'GET', path: `${instance}/accounts/${id}/story` }),
  };
  while (!world.signal.aborted) {
    const id = someone();
    if (id !== undefined) await acts[random.pick(Object.keys(acts))]?.(id);
    await think(of, THINK_MS);
  }
}

/** Has all who are stuck tried again, as an operator does once the cause is gone. */
export const retryStuck = (of: ClientOf): Promise<unknown> =>
  askAdmin(of, {
    method: 'POST',
    path: `/instances/${of.tenant.instance}/actions`,
    body: { action: 'retryStuck', reason: REASON },
  });

/** Asks for users of another instance until told to stop; there are none (I11). */
export async function lookOverTheWall(of: ClientOf, other: Tenant, ask: typeof askAdmin): Promise<void> {
  const { world, random } = of;
  while (!world.signal.aborted) {
    const id = [...other.ids.values()][random.below(other.ids.size)];
    if (id !== undefined) {
      const patch = {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', value: { title: 'of another' } }],
      };
      const questions = [
        { method: 'GET', path: `/Users/${id}` },
        { method: 'PATCH', path: `/Users/${id}`, body: patch },
        { method: 'DELETE', path: `/Users/${id}` },
        { method: 'DELETE', path: `/Groups/${id}` },
      ];
      const question = random.pick(questions);
      const answer = await ask(of, question);
      if (answer !== undefined && ![401, 404, 429].includes(answer.status))
        world.seen.push(`I11 ${question.method} of another instance's ${id}: ${answer.status}`);
    }
    await think(of, THINK_MS);
  }
}
