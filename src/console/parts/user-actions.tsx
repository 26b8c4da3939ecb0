import { ask, path } from '../api.js';
import type { Acted, Stage, UserAction } from '../api-types.js';
import { USER_ACTIONS } from '../words.js';
import { Action } from './action.js';

/** What there is to do for who is in each stage; for all others nothing. */
const OFFERED: Partial<Record<Stage, readonly UserAction[]>> = {
  stuck: ['retryNow', 'abandon'],
  'waiting for manager': ['takeDefaultManager'],
  deactivating: ['retryNow', 'abandon'],
};

interface UserActionsProps {
  readonly instance: string;
  readonly user: { readonly userId: string; readonly userName: string; readonly stage: Stage | null };
  readonly onActed: () => void;
}

/** The buttons for one user. */
export function UserActions({ instance, user: { userId, userName, stage }, onActed }: UserActionsProps) {
  const actions = (stage === null ? undefined : OFFERED[stage]) ?? [];
  if (actions.length === 0) return null;
  return (
    <div class="buttons">
      {actions.map((action) => (
        <Action
          key={action}
          label={USER_ACTIONS[action].label}
          about={userName}
          needs="operator"
          explain={USER_ACTIONS[action].explain}
          asksWhy
          isDangerous={action === 'abandon'}
          act={async (reason) => {
            await ask<Acted>('POST', path`/instances/${instance}/accounts/${userId}/actions`, {
              body: { action, reason },
            });
            onActed();
            return `${USER_ACTIONS[action].label}: asked for ${userName}. What comes of it shows here in a moment.`;
          }}
        />
      ))}
    </div>
  );
}
