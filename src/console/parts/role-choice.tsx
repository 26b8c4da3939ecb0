import { useState } from 'preact/hooks';
import { ask, path } from '../api.js';
import type { Account, Role } from '../api-types.js';
import { ROLES } from '../words.js';
import { Action } from './action.js';
import { useMay } from './session-context.js';
import { Choice } from './small.js';

interface RoleChoiceProps {
  readonly instance: string;
  readonly account: Account;
  readonly onChanged: () => void;
}

/** The role of an account, and another that it is set to on purpose. */
export function RoleChoice({ instance, account: { id, displayName, role }, onChanged }: RoleChoiceProps) {
  const may = useMay('operator');
  const [chosen, setChosen] = useState<Role>();
  const wanted = chosen ?? role;
  return (
    <div class="bar">
      <Choice
        label="Role"
        value={wanted}
        disabled={!may}
        options={ROLES.map((value) => ({ value, text: value }))}
        onChange={setChosen}
      />
      <Action
        label="Set role"
        needs="operator"
        explain={
          wanted === role
            ? `${displayName} is ${role} already.`
            : `${displayName}, who is ${role} now, becomes ${wanted}, in the application too.`
        }
        act={async () => {
          const body = { role: wanted };
          const now = await ask<Account>('PATCH', path`/instances/${instance}/accounts/${id}`, { body });
          setChosen(undefined);
          onChanged();
          return now.role === wanted
            ? `The role is ${wanted} now.`
            : `Who has reports is at least manager: the role is ${now.role}.`;
        }}
      />
    </div>
  );
}
