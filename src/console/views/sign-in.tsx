import { useState } from 'preact/hooks';
import { ask, ProblemFound, problemFrom } from '../api.js';
import type { OwnToken } from '../api-types.js';
import { Page, Problem } from '../parts/page.js';
import { Field } from '../parts/small.js';
import { endSession, storeToken } from '../session.js';

/** What else is pasted by mistake can hold letters that no header takes. */
const TOKEN = /^rst_[\w-]+$/;
const NO_TOKEN = new ProblemFound({
  status: 0,
  code: 'no_token',
  detail: 'This is no token: a token begins with rst_.',
  requestId: '',
});

/** Asks for an operator token, and takes it where the server does. */
export function SignIn({ note, onSignedIn }: { note: string; onSignedIn: (session: OwnToken) => void }) {
  const [token, setToken] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemFound>();
  const signIn = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const given = token.trim();
    if (!TOKEN.test(given)) {
      setProblem(NO_TOKEN);
      setBusy(false);
      return;
    }
    storeToken(given);
    try {
      onSignedIn(await ask<OwnToken>('GET', '/token'));
    } catch (error) {
      endSession('signed out');
      setProblem(inWords(problemFrom(error)));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <Page title="Sign in to Roster">
        {note !== '' && (
          <p class="note" role="status">
            {note}
          </p>
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!isBusy) void signIn();
          }}
        >
          <Field
            label="Operator token"
            hint={
              <>
                Made with <code>roster operator-token issue --label "Bo" --role operator</code>;{' '}
                <code>npm run dev</code> keeps one as <code>adminToken</code> in <code>.roster/dev.json</code>. It stays
                in this tab and goes with it.
              </>
            }
          >
            {(ids) => (
              <input
                {...ids}
                type="password"
                required
                autoComplete="off"
                spellcheck={false}
                value={token}
                onInput={({ currentTarget }) => setToken(currentTarget.value)}
              />
            )}
          </Field>
          {problem !== undefined && <Problem problem={problem} />}
          <button type="submit" class="main" aria-disabled={isBusy}>
            {isBusy ? 'One moment…' : 'Sign in'}
          </button>
        </form>
      </Page>
    </main>
  );
}

/** What the API says to programs, said to a person. */
function inWords(problem: ProblemFound): ProblemFound {
  if (problem.status === 401) problem.message = 'This token is not valid: it may be mistyped, revoked or expired.';
  if (problem.status === 403)
    problem.message = 'This token is an application’s: it reads one instance by the API and can’t sign in here.';
  return problem;
}
