import assert from 'node:assert/strict';
import { temporalLogFields } from '../../src/telemetry/temporal-log.js';

describe("what the log tells of Temporal's own entries", () => {
  it("which run has failed, and Temporal's code for why, but not the words", () => {
    const meta = { run_id: 'a-run', failure: 'Failure { message: "[TMPRL1100] Nondeterminism error: of ada@x.test" }' };
    assert.deepEqual(temporalLogFields({ meta }), {
      runId: 'a-run',
      code: 'TMPRL1100',
      err: undefined,
    });
  });

  it('nothing else of an entry without such', () => {
    const meta = { workflowId: 'user/acme/1', headers: 'secret' };
    assert.deepEqual(temporalLogFields({ meta }), {
      workflowId: 'user/acme/1',
      err: undefined,
    });
  });
});
