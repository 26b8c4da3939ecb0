import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ask, type ProblemFound, path, problemFrom } from '../api.js';
import type { IssuedToken, OwnToken, ScimToken } from '../api-types.js';
import { Action } from './action.js';
import { Problem } from './page.js';
import { showSecret } from './secret.js';
import { useMay } from './session-context.js';
import { At, Badge, Choice, Field, Since } from './small.js';
import type { Column } from './table.js';

/** Whether a token still opens anything. */
export const isGood = ({ revokedAt, expiresAt }: Pick<ScimToken, 'revokedAt' | 'expiresAt'>): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now());

/** What is shown of tokens of either kind. */
export const tokenColumns: readonly Column<ScimToken>[] = [
  { title: 'Label', cell: ({ label }) => label },
  {
    title: 'State',
    cell: (token) =>
      token.revokedAt !== null ? (
        <Badge tone="off">revoked</Badge>
      ) : isGood(token) ? (
        <Badge tone="good">good</Badge>
      ) : (
        <Badge tone="off">expired</Badge>
      ),
  },
  { title: 'Made', cell: ({ createdAt }) => <At instant={createdAt} /> },
  { title: 'Expires', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <At instant={expiresAt} />) },
  {
    title: 'Last used',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? <span class="quiet">never</span> : <Since instant={lastUsedAt} />),
  },
];

interface RevokeProps {
  readonly token: Pick<ScimToken, 'id' | 'label'>;
  readonly of: string;
  readonly needs: OwnToken['role'];
  readonly explain: string;
  readonly onRevoked: () => void;
}

/** Revokes a token. */
export const Revoke = ({ token: { id, label }, of, needs, explain, onRevoked }: RevokeProps) => (
  <Action
    label="Revoke"
    about={label}
    needs={needs}
    isDangerous
    explain={explain}
    act={async () => {
      await ask<undefined>('DELETE', `${of}${path`/${id}`}`);
      onRevoked();
      return `“${label}” is revoked.`;
    }}
  />
);

const LIVES = [
  { value: '30', text: '30 days' },
  { value: '90', text: '90 days' },
  { value: '365', text: 'a year' },
  { value: 'never', text: 'never' },
] as const;
type Life = (typeof LIVES)[number]['value'];

interface IssueProps {
  readonly of: string;
  readonly needs: OwnToken['role'];
  readonly example: string;
  readonly life: Life;
  /** What the body says besides. */
  readonly more?: object;
  readonly children?: ComponentChildren;
  readonly onIssued: () => void;
}

/** Makes a token. */
export function IssueToken({ of, needs, example, life: usual, more = {}, children, onIssued }: IssueProps) {
  const may = useMay(needs);
  const [label, setLabel] = useState('');
  const [life, setLife] = useState<Life>(usual);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const issue = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const expiresAt = life === 'never' ? null : new Date(Date.now() + Number(life) * 86_400_000).toISOString();
    try {
      showSecret(await ask<IssuedToken>('POST', of, { body: { label: label.trim(), expiresAt, ...more } }));
      onIssued();
      setLabel('');
    } catch (error) {
      setProblem(problemFrom(error));
    }
    setBusy(false);
  };
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void issue();
      }}
    >
      <Field label="Label">
        {(ids) => (
          <input
            {...ids}
            required
            maxLength={200}
            disabled={!may}
            placeholder={example}
            value={label}
            onInput={({ currentTarget }) => setLabel(currentTarget.value)}
          />
        )}
      </Field>
      {children}
      <Choice label="Expires" value={life} options={LIVES} disabled={!may} onChange={setLife} />
      <button type="submit" class="main" disabled={!may} aria-disabled={isBusy}>
        Issue
      </button>
      {problem !== undefined && <Problem problem={problem} />}
    </form>
  );
}
