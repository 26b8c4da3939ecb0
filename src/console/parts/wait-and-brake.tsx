import { useState } from 'preact/hooks';
import type { Instance } from '../api-types.js';
import { useMay } from './session-context.js';
import { SettingsForm } from './settings-form.js';
import { Checkbox, Field } from './small.js';

/** What the brake is where it was off and is switched on. */
const USUAL_BRAKE = { percent: 20, minimum: 10, windowMinutes: 10 };

/** How long a new user waits for a manager, and how many deactivations go through at once. */
export function WaitAndBrake({ now, onSaved }: { now: Instance; onSaved: () => void }) {
  const may = useMay('operator');
  const [seconds, setSeconds] = useState(now.managerWaitSeconds);
  const [hasBrake, setHasBrake] = useState(now.brake !== null);
  const [brake, setBrake] = useState(now.brake ?? USUAL_BRAKE);
  return (
    <SettingsForm
      slug={now.slug}
      title="Wait and brake"
      settings={() => ({ managerWaitSeconds: seconds, brake: hasBrake ? brake : null })}
      onSaved={onSaved}
    >
      <Quantity
        label="Wait for a manager, seconds"
        hint="How long a new user waits for a manager who is not here yet."
        max={86_400}
        value={seconds}
        disabled={!may}
        onChange={setSeconds}
      />
      <Checkbox
        label="Brake"
        hint="Holds deactivations, once Okta takes more people away at once than both of these."
        checked={hasBrake}
        disabled={!may}
        onChange={setHasBrake}
      />
      {hasBrake && (
        <div class="bar">
          <Quantity
            label="People"
            max={1_000_000}
            value={brake.minimum}
            disabled={!may}
            onChange={(minimum) => setBrake({ ...brake, minimum })}
          />
          <Quantity
            label="% of the active"
            max={100}
            value={brake.percent}
            disabled={!may}
            onChange={(percent) => setBrake({ ...brake, percent })}
          />
          <Quantity
            label="Within minutes"
            min={1}
            max={1_440}
            value={brake.windowMinutes}
            disabled={!may}
            onChange={(windowMinutes) => setBrake({ ...brake, windowMinutes })}
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
  readonly value: number;
  readonly disabled: boolean;
  readonly onChange: (value: number) => void;
}

function Quantity({ label, hint, min = 0, max, value, disabled, onChange }: QuantityProps) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(ids) => (
        <input
          {...ids}
          type="number"
          required
          min={min}
          max={max}
          disabled={disabled}
          value={value}
          onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}
