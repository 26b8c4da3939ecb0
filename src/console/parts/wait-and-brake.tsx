import type { Instance } from '../api-types.js';
import { useDraft } from '../draft.js';
import { useMay } from './session-context.js';
import { SettingsForm } from './settings-form.js';
import { Checkbox, Field } from './small.js';

/** What the brake is where it was off and is switched on. */
const USUAL_BRAKE = { percent: 20, minimum: 10, windowMinutes: 10 };

/** How long a new user waits for a manager, and how many deactivations go through at once. */
export function WaitAndBrake({ now, onSaved }: { now: Instance; onSaved: () => void }) {
  const may = useMay('operator');
  const { managerWaitSeconds, brake } = now;
  const { shown, changes, set } = useDraft({ managerWaitSeconds, hasBrake: brake !== null, ...(brake ?? USUAL_BRAKE) });
  const { managerWaitSeconds: wait, ...ofBrake } = changes;
  const { hasBrake, percent, minimum, windowMinutes } = shown;
  return (
    <SettingsForm
      slug={now.slug}
      title="Wait and brake"
      changes={{
        managerWaitSeconds: wait,
        // Its parts are set together.
        brake: Object.keys(ofBrake).length === 0 ? undefined : hasBrake ? { percent, minimum, windowMinutes } : null,
      }}
      onSaved={onSaved}
    >
      <Quantity
        label="Wait for a manager, seconds"
        hint="How long a new user waits for a manager who is not here yet."
        max={86_400}
        value={shown.managerWaitSeconds}
        disabled={!may}
        onChange={(seconds) => set({ managerWaitSeconds: seconds })}
      />
      <Checkbox
        label="Brake"
        hint="Holds deactivations, once Okta takes more people away at once than both of these."
        checked={hasBrake}
        disabled={!may}
        onChange={(checked) => set({ hasBrake: checked })}
      />
      {hasBrake && (
        <div class="bar">
          <Quantity
            label="People"
            max={1_000_000}
            value={minimum}
            disabled={!may}
            onChange={(people) => set({ minimum: people })}
          />
          <Quantity
            label="% of the active"
            max={100}
            step="any"
            value={percent}
            disabled={!may}
            onChange={(part) => set({ percent: part })}
          />
          <Quantity
            label="Within minutes"
            min={1}
            max={1_440}
            value={windowMinutes}
            disabled={!may}
            onChange={(minutes) => set({ windowMinutes: minutes })}
          />
        </div>
      )}
    </SettingsForm>
  );
}

interface QuantityProps {
  readonly label: string;
  readonly hint?: string;
  readonly min?: number;
  readonly max: number;
  /** Whole numbers, unless any may be given. */
  readonly step?: 'any';
  readonly value: number;
  readonly disabled: boolean;
  readonly onChange: (value: number) => void;
}

function Quantity({ label, hint, min = 0, max, step, value, disabled, onChange }: QuantityProps) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(ids) => (
        <input
          {...ids}
          type="number"
          required
          min={min}
          max={max}
          step={step}
          disabled={disabled}
          // What is no number yet stays as it is typed; the browser does not let it be saved.
          value={Number.isNaN(value) ? '' : value}
          onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}
