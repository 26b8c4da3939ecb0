import { askAdmin, toldBy, verdictOf } from '../ask.js';
import type { ClientOf } from '../world.js';
import { think } from './think.js';

const THINK_MS = 1_000;
const REASON = 'because the proof says so';
/** Of an account, by id: whether it is a publisher. No rule raises or lowers to that, as one does to manager (rule 6). */
export const ROLE_REGISTER = 'publisher';

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
    role: async (id) => {
      const role = random.pick(['individual', 'manager', 'publisher']);
      const asserted = { [ROLE_REGISTER]: role === 'publisher' };
      const operation = world.ledger.begin({
        instance: tenant.instance,
        subject: id,
        kind: 'PATCH accounts',
        asserted,
      });
      const answer = await askAdmin(of, { method: 'PATCH', path: `${instance}/accounts/${id}`, body: { role } });
      world.ledger.end(operation, { outcome: verdictOf(answer, [200]), ...toldBy(answer) });
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
