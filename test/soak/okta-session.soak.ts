import { provesSession, sessionOf } from '../support/okta-session.js';
import { startRoster } from '../support/roster.js';

/** Which seeds to play: one (`7`) or a range (`20-30`). */
const SEEDS = process.env['SOAK_SEEDS'] ?? '1-50';

describe(`Okta sessions, seeds ${SEEDS}`, () => {
  for (const seed of seedsOf(SEEDS)) {
    const session = sessionOf(seed);
    it(`seed ${seed}: ${session.family}, ${session.pace}`, async function () {
      this.timeout(180_000);
      const roster = await startRoster({ managerWaitSeconds: 1 });
      try {
        await provesSession(roster, session);
      } finally {
        await roster.close();
      }
    });
  }
});

function seedsOf(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  if (!(first >= 1 && last >= first)) throw new Error(`SOAK_SEEDS is "${text}"; give a seed or a range, as in 20-30.`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
