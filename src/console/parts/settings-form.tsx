import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom } from '../api.js';
import type { Instance, InstanceSettings } from '../api-types.js';
import { Confirm } from './action.js';
import { announce } from './notice.js';
import { Problem } from './page.js';
import { useMay } from './session-context.js';

interface SettingsFormProps {
  readonly slug: string;
  readonly title: string;
  /** What was changed and is to be saved: no more, since another operator may have changed the rest meanwhile. */
  readonly changes: InstanceSettings;
  /** What saving them does that is asked about first. */
  readonly warning?: string | undefined;
  /** Another thing to save, at the press of a button. */
  readonly extra?: { readonly label: string; readonly settings: InstanceSettings } | undefined;
  readonly children: ComponentChildren;
  readonly onSaved: () => void;
}

/** Some settings of an instance that are saved together. */
export function SettingsForm({ slug, title, changes, warning, extra, children, onSaved }: SettingsFormProps) {
  const may = useMay('operator');
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const send = async (body: InstanceSettings): Promise<string> => {
    if (Object.values(body).every((value) => value === undefined)) return `${title}: nothing is changed.`;
    await ask<Instance>('PATCH', path`/instances/${slug}`, { body });
    onSaved();
    return `${title}: saved.`;
  };
  const save = async (body: InstanceSettings): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      announce(await send(body));
    } catch (error) {
      setProblem(problemFrom(error));
    }
    setBusy(false);
  };
  return (
    <section class="card">
      <h2>{title}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isBusy) return;
          if (warning === undefined) void save(changes);
          else setAsking(true);
        }}
      >
        {children}
        {problem !== undefined && <Problem problem={problem} />}
        <div class="buttons">
          <button type="submit" class="main" disabled={!may} aria-disabled={isBusy}>
            Save
          </button>
          {extra !== undefined && (
            <button type="button" disabled={!may} onClick={() => void save(extra.settings)}>
              {extra.label}
            </button>
          )}
        </div>
      </form>
      {isAsking && warning !== undefined && (
        <Confirm
          name={title}
          label="Save"
          explain={warning}
          isDangerous
          act={() => send(changes)}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
