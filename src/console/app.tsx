import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, type ProblemFound, problemFrom } from './api.js';
import type { OwnToken } from './api-types.js';
import { Frame } from './frame.js';
import { Page, Problem } from './parts/page.js';
import { SessionContext } from './parts/session-context.js';
import { endSession, storedToken, whenSessionEnds } from './session.js';
import { SignIn } from './views/sign-in.js';

const NOTES = { 'signed out': '', refused: 'Your token is not valid any more. Sign in with another.' };

function App() {
  const [session, setSession] = useState<OwnToken>();
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<ProblemFound>();
  const [isResuming, setResuming] = useState(storedToken() !== null);
  useEffect(() => {
    whenSessionEnds((why) => {
      setSession(undefined);
      setNote(NOTES[why]);
    });
  }, []);
  const resume = async (): Promise<void> => {
    setResuming(true);
    setProblem(undefined);
    try {
      setSession(await ask<OwnToken>('GET', '/token'));
    } catch (error) {
      const found = problemFrom(error);
      // A refused token has ended the session already.
      if (found.status !== 401) setProblem(found);
    }
    setResuming(false);
  };
  useEffect(() => {
    if (storedToken() !== null) void resume();
  }, []);
  if (isResuming) return <p class="loading">Loading…</p>;
  if (problem !== undefined) {
    return (
      <main class="sign-in">
        <Page title="Roster does not let you in now">
          <Problem problem={problem} retry={() => void resume()} />
          <button
            type="button"
            onClick={() => {
              setProblem(undefined);
              endSession('signed out');
            }}
          >
            Sign out
          </button>
        </Page>
      </main>
    );
  }
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
    <SessionContext.Provider value={session}>
      <Frame />
    </SessionContext.Provider>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
