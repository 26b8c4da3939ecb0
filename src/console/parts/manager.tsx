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

/** What each clause of the rule says. */
export const ORIGINS = {
  assigned: 'named by the user’s own manager reference',
  default: 'the default manager, who takes the place',
} as const;

/** Whether the manager was named, or takes the place of one. */
export function Origin({ origin }: { origin: keyof typeof ORIGINS }) {
  return (
    <span class={`origin ${origin}`} title={ORIGINS[origin]}>
      {origin}
    </span>
  );
}
