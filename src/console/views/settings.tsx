import { useState } from 'preact/hooks';
import { path } from '../api.js';
import type { Instance } from '../api-types.js';
import { useDraft } from '../draft.js';
import { useEvery, useLoad } from '../load.js';
import { Page, RoleNote, Show } from '../parts/page.js';
import { useMay } from '../parts/session-context.js';
import { SettingsForm } from '../parts/settings-form.js';
import { Checkbox, Field } from '../parts/small.js';
import { WaitAndBrake } from '../parts/wait-and-brake.js';

const EVERY_MS = 15_000;

const SWITCHES = [
  { name: 'createUsers', label: 'Create users', hint: 'Off: Okta is refused, and nobody is created.' },
  {
    name: 'updateAttributes',
    label: 'Update attributes',
    hint: 'Off: what Okta changes is not remembered; only who is active counts.',
  },
  {
    name: 'deactivateUsers',
    label: 'Deactivate users',
    hint: 'Off: who is unassigned keeps access. Switched on again, all whom it kept lose it.',
  },
] as const;

/** What an operator may set of an instance; each part is saved by itself. */
export function Settings({ instance: slug }: { instance: string }) {
  const instance = useLoad<Instance>(path`/instances/${slug}`);
  useEvery(EVERY_MS, instance.refresh);
  return (
    <Page title="Settings">
      <RoleNote needs="operator" to="change settings" />
      <Show loaded={instance}>
        {(now) => (
          <>
            <DefaultManager now={now} onSaved={instance.reload} />
            <Switches now={now} onSaved={instance.reload} />
            <WaitAndBrake now={now} onSaved={instance.reload} />
          </>
        )}
      </Show>
    </Page>
  );
}

interface PartProps {
  readonly now: Instance;
  readonly onSaved: () => void;
}

function DefaultManager({ now: { slug, defaultManager }, onSaved }: PartProps) {
  const may = useMay('operator');
  const [wanted, setWanted] = useState('');
  return (
    <SettingsForm
      slug={slug}
      title="Default manager"
      changes={{ defaultManager: wanted.trim() }}
      extra={
        defaultManager?.explicit === true
          ? { label: 'Back to the first coach', settings: { defaultManager: null } }
          : undefined
      }
      onSaved={() => {
        setWanted('');
        onSaved();
      }}
    >
      <p>
        Now: <strong>{defaultManager?.userName ?? 'none'}</strong>
        {defaultManager !== null && (defaultManager.explicit ? ', chosen here' : ', the coach who has been it longest')}
        . Everybody whose own reference means nobody is with the default manager.
      </p>
      <Field label="Another" hint="E-mail or id of somebody active who is manager, publisher or coach.">
        {(ids) => (
          <input
            {...ids}
            required
            disabled={!may}
            value={wanted}
            onInput={({ currentTarget }) => setWanted(currentTarget.value)}
          />
        )}
      </Field>
    </SettingsForm>
  );
}

const SWITCHED_ON_AGAIN =
  'Deactivate users is switched on again: all whom Okta took away while it was off lose access at once.';

function Switches({ now, onSaved }: PartProps) {
  const may = useMay('operator');
  const { shown, changes, set } = useDraft({ ...now.switches, scimRoles: now.scimRoles });
  const { scimRoles, ...switches } = changes;
  return (
    <SettingsForm
      slug={now.slug}
      title="What Okta may do"
      changes={{ scimRoles, switches: Object.keys(switches).length === 0 ? undefined : switches }}
      warning={switches.deactivateUsers === true ? SWITCHED_ON_AGAIN : undefined}
      onSaved={onSaved}
    >
      {SWITCHES.map(({ name, label, hint }) => (
        <Checkbox
          key={name}
          label={label}
          hint={hint}
          checked={shown[name]}
          disabled={!may}
          onChange={(checked) => set({ [name]: checked })}
        />
      ))}
      <Checkbox
        label="Set roles"
        hint="On: the roles that Okta sends set the roles of accounts."
        checked={shown.scimRoles}
        disabled={!may}
        onChange={(checked) => set({ scimRoles: checked })}
      />
    </SettingsForm>
  );
}
