import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom } from '../api.js';
import type { Instance, InstanceSettings } from '../api-types.js';
import { announce } from './notice.js';
import { Problem } from './page.js';
import { useMay } from './session-context.js';

interface SettingsFormProps {
  readonly slug: string;
  readonly title: string;
  /** What to save, when it is. */
  readonly settings: () => InstanceSettings;
  /** Another thing to save, at the press of a button. */
  readonly extra?: { readonly label: string; readonly settings: InstanceSettings } | undefined;
  readonly children: ComponentChildren;
  readonly onSaved: () => void;
}

/** Some settings of an instance that are saved together. */
export function SettingsForm({ slug, title, settings, extra, children, onSaved }: SettingsFormProps) {
  const may = useMay('operator');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const save = async (body: InstanceSettings): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await ask<Instance>('PATCH', path`/instances/${slug}`, { body });
      announce(`${title}: saved.`);
      onSaved();
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
          if (!isBusy) void save(settings());
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
    </section>
  );
}
