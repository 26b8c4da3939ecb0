import type { Account } from '../api-types.js';
import { linkTo } from '../router.js';

/** A manager, and by which clause of the rule. */
export function ManagerLink({ instance, manager }: { instance: string; manager: NonNullable<Account['manager']> }) {
  return (
    <>
      <a href={linkTo(instance, 'accounts', manager.id)}>{manager.userName}</a> <Origin origin={manager.origin} />
    </>
  );
}

/** Whether the manager was named, or takes the place of one. */
export function Origin({ origin }: { origin: 'assigned' | 'default' }) {
  return (
    <span
      class={`origin ${origin}`}
      title={
        origin === 'assigned' ? 'named by the user’s own manager reference' : 'the default manager, who takes the place'
      }
    >
      {origin}
    </span>
  );
}
