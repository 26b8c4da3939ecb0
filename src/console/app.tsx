import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, type ProblemFound, problemFrom } from './api.js';
import type { Instance, Listed, OwnToken } from './api-types.js';
import { useLoad } from './load.js';
import { Notices } from './parts/notice.js';
import { Empty, Page, Problem } from './parts/page.js';
import { RoleContext } from './parts/session-context.js';
import { go, linkTo, type Place, usePlace } from './router.js';
import { endSession, type Session, storedToken, whenSessionEnds } from './session.js';
import { Account } from './views/account.js';
import { Accounts } from './views/accounts.js';
import { Held } from './views/held.js';
import { Import } from './views/import.js';
import { Imports } from './views/imports.js';
import { Instances } from './views/instances.js';
import { OperatorTokens } from './views/operator-tokens.js';
import { Organisation } from './views/organisation.js';
import { Overview } from './views/overview.js';
import { Requests } from './views/requests.js';
import { ScimTokens } from './views/scim-tokens.js';
import { Settings } from './views/settings.js';
import { SignIn } from './views/sign-in.js';
import { Stuck } from './views/stuck.js';

interface InstanceView {
  readonly title: string;
  readonly View: ComponentType<{ instance: string }>;
  /** What a thing of the view is shown by, where the address names one. */
  readonly One?: ComponentType<{ instance: string; id: string }>;
}

/** The views of an instance, in the order of the menu. */
const VIEWS: Readonly<Record<string, InstanceView>> = {
  '': { title: 'Overview', View: Overview },
  stuck: { title: 'Stuck', View: Stuck },
  held: { title: 'Held', View: Held },
  accounts: { title: 'Accounts', View: Accounts, One: Account },
  organisation: { title: 'Organisation', View: Organisation },
  imports: { title: 'Imports', View: Imports, One: Import },
  requests: { title: 'Requests', View: Requests },
  tokens: { title: 'Tokens', View: ScimTokens },
  settings: { title: 'Settings', View: Settings },
};

const OPERATOR_TOKENS = 'operator-tokens';

const NOTES = { 'signed out': '', refused: 'Your token is not valid any more. Sign in with another.' };

function App() {
  const [session, setSession] = useState<Session>();
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<ProblemFound>();
  const [isResuming, setResuming] = useState(storedToken() !== null);
  useEffect(() => {
    whenSessionEnds((why) => {
      setSession(undefined);
      setNote(NOTES[why]);
    });
  }, []);
  const resume = async (token: string): Promise<void> => {
    setProblem(undefined);
    try {
      setSession({ ...(await ask<OwnToken>('GET', '/token')), token });
    } catch (error) {
      const found = problemFrom(error);
      // A refused token has ended the session already.
      if (found.status !== 401) setProblem(found);
    }
    setResuming(false);
  };
  useEffect(() => {
    const token = storedToken();
    if (token !== null) void resume(token);
  }, []);
  const kept = storedToken();
  if (isResuming) return <p class="loading">Loading…</p>;
  if (problem !== undefined && kept !== null) return <Problem problem={problem} retry={() => void resume(kept)} />;
  if (session === undefined) {
    return (
      <SignIn
        note={note}
        onSignedIn={(signedIn) => {
          setNote('');
          setSession(signedIn);
        }}
      />
    );
  }
  return (
    <RoleContext.Provider value={session.role}>
      <SignedIn session={session} />
    </RoleContext.Provider>
  );
}

function SignedIn({ session: { role } }: { session: Session }) {
  const place = usePlace();
  const instances = useLoad<Listed<Instance>>('/instances');
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        To the content
      </a>
      <header>
        <a class="brand" href={linkTo(null)}>
          Roster
        </a>
        <select
          aria-label="Instance"
          value={place.instance ?? ''}
          onChange={({ currentTarget }) =>
            go(
              linkTo(
                currentTarget.value === '' ? null : currentTarget.value,
                place.instance === null ? '' : place.view,
              ),
            )
          }
        >
          <option value="">All instances</option>
          {(instances.value?.items ?? []).map(({ slug, name }) => (
            <option key={slug} value={slug} selected={slug === place.instance}>
              {name}
            </option>
          ))}
        </select>
        <nav aria-label="Roster" class="who">
          <a href={linkTo(null, OPERATOR_TOKENS)} aria-current={place.view === OPERATOR_TOKENS ? 'page' : undefined}>
            Operator tokens
          </a>
          <span class="quiet">{role}</span>
          <button type="button" onClick={() => endSession('signed out')}>
            Sign out
          </button>
        </nav>
      </header>
      {place.instance !== null && <Menu place={place} instance={place.instance} />}
      <main id="main" tabIndex={-1}>
        {/* The key makes another place another view, with nothing of the one before. */}
        <Here key={`${place.instance} ${place.view} ${place.id}`} place={place} />
      </main>
      <Notices />
    </>
  );
}

/** The hash is the console's address, so the link of the skip itself must not become it. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Menu({ place, instance }: { place: Place; instance: string }) {
  return (
    <nav class="menu" aria-label={`Instance ${instance}`}>
      <ul>
        {Object.entries(VIEWS).map(([view, { title }]) => (
          <li key={view}>
            <a href={linkTo(instance, view)} aria-current={view === place.view ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Here({ place: { instance, view, id } }: { place: Place }) {
  if (instance === null) {
    if (view === '') return <Instances />;
    if (view === OPERATOR_TOKENS) return <OperatorTokens />;
    return <Nowhere />;
  }
  const found = Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined;
  if (found === undefined) return <Nowhere />;
  const { View, One } = found;
  return id !== '' && One !== undefined ? <One instance={instance} id={id} /> : <View instance={instance} />;
}

const Nowhere = () => (
  <Page title="Nothing here">
    <Empty>
      There is no such view. <a href={linkTo(null)}>All instances</a>
    </Empty>
  </Page>
);

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
