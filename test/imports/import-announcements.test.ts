import assert from 'node:assert/strict';
import { connectApplication } from '../support/fake-application.js';
import { temporalClient } from '../support/histories.js';
import { countsOf, HEADER, importFile, organisation } from '../support/imports.js';
import { until } from '../support/interleave.js';
import { type RecordingApplication, startRecordingApplication } from '../support/recording-application.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('an import with an application to be told', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let application: RecordingApplication;
  before(async () => {
    roster = await startRoster();
    await settled(roster);
    application = await startRecordingApplication();
    await connectApplication(roster, application.url);
  });
  after(async () => {
    await roster.close();
    await application.close();
  });

  it('tells of each account once, with its manager, some at a time; whom it refuses are stuck, and nobody else', async () => {
    let atOnce = 0;
    let most = 0;
    application.answer = async ({ account }) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await until('others come meanwhile', () => most > 5);
      atOnce -= 1;
      return account.userName.endsWith('7@x.test') ? { status: 422, words: 'No seat.' } : { status: 201 };
    };
    const ended = await importFile(roster, [HEADER, ...organisation(600)]);
    assert.deepEqual(countsOf(ended), { total: 600, created: 600 });
    const refused = Array.from({ length: 60 }, (_, at) => `p${at * 10 + 7}@x.test`).toSorted();
    const stuck = async () => {
      const { rows } = await roster.pool.query<{ name: string; reason: string }>(
        `select u.user_name as name, p.reason from progress p
         join users u on u.instance_id = p.instance_id and u.id = p.user_id
         where p.instance_id = $1 and p.stage = 'stuck' order by u.user_name`,
        [roster.instance],
      );
      return rows;
    };
    await until('those refused are stuck', async () => (await stuck()).length === refused.length, 30_000);
    await settled(roster);
    assert.deepEqual(
      await stuck(),
      refused.map((name) => ({ name, reason: 'application_refused' })),
    );
    const temporal = await temporalClient(roster);
    const openRuns = async (query: string): Promise<number> =>
      (await temporal.client.workflow.count(`WorkflowType="convergeUser" AND ExecutionStatus="Running" AND ${query}`))
        .count;
    // Who reports to one of them may have a run already, which was told of the move.
    await until('the runs that the import left are found by it', async () => {
      const ofBatch = await openRuns(`RosterBatch="${ended.id}" AND RosterSource="import"`);
      return (
        ofBatch > 0 && ofBatch === (await openRuns(`RosterInstance="${roster.instance}" AND RosterSource="import"`))
      );
    });
    await temporal.close();
    assert.deepEqual([application.faults, application.repeated], [[], []]);
    assert.ok(most > 5 && most <= 100, `${most} at once`);
    const taken = application.calls.filter(({ status }) => status === 201);
    const names = taken.filter(({ type }) => type === 'account.created').map(({ account }) => account.userName);
    assert.equal(new Set(names).size, names.length, 'created once each');
    assert.equal(names.length, 540);
    // Who was refused manages nobody: their reports went to the default manager, and the application was told.
    const managerOf = (name: string): string | undefined =>
      [...application.has.values()].find(({ userName }) => userName === name)?.manager?.userName;
    await until('it is told whose reports they were', () => managerOf('p50@x.test') === 'coach@roster.test');
  });
});
