import { provesSession, sessionOf } from '../support/okta-session.js';
import { startRoster, type TestRoster } from '../support/roster.js';

describe('an Okta session of 300 people', () => {
  // Three of the fifty seeds of `npm run soak`; together they have both client families and each pace.
  for (const session of [1, 2, 3].map(sessionOf)) {
    describe(`${session.family}, seed ${session.seed}, ${session.pace}`, () => {
      let roster: TestRoster;
      before(async () => {
        roster = await startRoster({ managerWaitSeconds: 1 });
      });
      after(() => roster.close());

      it('ends with every account, manager, origin and team as the rules say', async function () {
        this.timeout(180_000);
        await provesSession(roster, session);
      });
    });
  }
});
