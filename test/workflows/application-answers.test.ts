import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import {
  type AnsweringInstance,
  ask,
  playSituations,
  SITUATIONS,
  type Situation,
  type Stand,
} from '../support/answering-instance.js';
import { temporalClient } from '../support/histories.js';
import { until } from '../support/interleave.js';
import { assign } from '../support/people.js';
import type { Answer } from '../support/recording-application.js';
import { startRoster, type TestRoster } from '../support/roster.js';

/** How things stand before and after what happens, with us and at the application; and what a new account's refusal leaves. */
const STORY: Record<Situation, { account: string; before: string; after: string; stage: string }> = {
  create: {
    account: 'active under boss in team Boss',
    before: 'nothing',
    after: 'active under boss',
    stage: 'provisioned',
  },
  update: {
    account: 'active VP under boss in team Boss',
    before: 'active under boss',
    after: 'active VP under boss',
    stage: 'provisioned',
  },
  suspension: { account: 'suspended', before: 'active under boss', after: 'suspended', stage: 'deactivated' },
  'handed over': {
    account: 'active under coach in team First Coach',
    before: 'active under parting',
    after: 'active under coach',
    stage: 'provisioned',
  },
  adopted: {
    account: 'active under late in team Late',
    before: 'active under coach',
    after: 'active under late',
    stage: 'provisioned',
  },
};

/** What an answer comes to. */
type End =
  /** The application has it, and nobody need look at it. */
  | 'told'
  /** So it says: who is not there is off. */
  | 'as told'
  /** Stuck, and tried again; access and team are as Okta wants them. */
  | 'unreachable'
  /** The same, but the application has it. */
  | 'taken'
  /** Stuck: tried again in rounds, and at once where somebody changes the user; a new account is undone. */
  | 'refused';

interface Row {
  readonly name: string;
  readonly answer: Answer;
  /** In the order of the situations: create, update, suspension, handed over, adopted. */
  readonly ends: readonly [End, End, End, End, End];
  /** What an operator reads of it, if not the application's own words. */
  readonly words?: string;
}

const same = (end: End): Row['ends'] => [end, end, end, end, end];

const ROWS: readonly Row[] = [
  { name: '200', answer: { status: 200 }, ends: same('told') },
  { name: '201', answer: { status: 201 }, ends: same('told') },
  { name: '204', answer: { status: 204 }, ends: same('told') },
  { name: '400', answer: { status: 400, words: 'What?' }, ends: same('refused') },
  { name: '401', answer: { status: 401, words: 'Who?' }, ends: same('unreachable') },
  { name: '409', answer: { status: 409, words: 'Taken.' }, ends: same('refused') },
  {
    name: '410',
    answer: { status: 410, words: 'Gone.' },
    ends: ['refused', 'refused', 'as told', 'refused', 'refused'],
  },
  { name: '422', answer: { status: 422, words: 'No seat.' }, ends: same('refused') },
  { name: '429', answer: { status: 429, words: 'Slow.', retryAfter: 6 }, ends: same('unreachable') },
  { name: '500', answer: { status: 500, words: 'Oops.' }, ends: same('unreachable') },
  {
    name: 'none, it hangs',
    answer: { status: 'never' },
    ends: same('unreachable'),
    words: 'It did not answer in time.',
  },
  { name: 'none, it resets', answer: { status: 'reset' }, ends: same('unreachable'), words: 'other side closed' },
  { name: '500, but takes it', answer: { status: 500, words: 'Oops.', takes: true }, ends: same('taken') },
];

function standAt(situation: Situation, end: End, words: string): Stand {
  const { account, before, after, stage } = STORY[situation];
  const stands: Record<End, Stand> = {
    told: { account, operator: stage, application: after },
    'as told': { account, operator: stage, application: before },
    unreachable: { account, operator: `stuck, application_unreachable, ${words}`, application: before },
    taken: { account, operator: `stuck, application_unreachable, ${words}`, application: after },
    refused: {
      account: situation === 'create' ? 'refused' : account,
      operator: `stuck, application_refused, ${words}`,
      application: before,
    },
  };
  return stands[end];
}

describe('where the application answers', function () {
  this.timeout(90_000);
  let roster: TestRoster;
  let temporal: { client: Client; close: () => Promise<void> };
  const played = new Map<Row, Promise<AnsweringInstance>>();
  before(async () => {
    roster = await startRoster({ patienceSeconds: 2 });
    temporal = await temporalClient(roster);
    // All at once: some take as long as a hanging call does.
    for (const row of ROWS) {
      const playing = playSituations(roster, temporal.client, row.answer);
      playing.catch(() => undefined);
      played.set(row, playing);
    }
  });
  after(async () => {
    const instances = await Promise.allSettled(played.values());
    await temporal.close();
    await roster.close();
    for (const instance of instances) if (instance.status === 'fulfilled') await instance.value.close();
  });

  const stands = async (instance: AnsweringInstance): Promise<Record<string, Stand>> =>
    Object.fromEntries(
      await Promise.all(SITUATIONS.map(async (situation) => [situation, await instance.stand(situation)] as const)),
    );
  const standsAt = (ends: readonly End[], words: string): Record<string, Stand> =>
    Object.fromEntries(
      SITUATIONS.map((situation, index) => [situation, standAt(situation, ends[index] ?? 'told', words)]),
    );

  for (const row of ROWS) {
    const { name, answer, ends, words = answer.words ?? '' } = row;
    it(`${name}: ${[...new Set(ends)].join(', ')}`, async () => {
      const instance = await played.get(row);
      assert.ok(instance !== undefined);
      const { application } = instance;
      assert.deepEqual(await stands(instance), standsAt(ends, words));

      if (ends.some((end) => end !== 'told')) {
        await comesBack(instance, ends.includes('refused'));
        await instance.quiet('nobody stuck');
        const told = ends.map((end) => (end === 'as told' ? end : 'told'));
        assert.deepEqual(await stands(instance), standsAt(told, ''));
      }
      assert.deepEqual(application.faults, []);
      assert.deepEqual(application.repeated, []);
      assert.deepEqual(calledTooEarly(instance, answer.retryAfter ?? 0), []);
    });
  }

  /** The application takes everything again: whom it refused an operator retries, the others are brought forward by the first 2xx. */
  async function comesBack({ roster: own, application }: AnsweringInstance, refused: boolean): Promise<void> {
    application.answer = () => ({ status: 204 });
    application.hangUp();
    await until('nobody is being told', async () => (await count(own, 'announcing_token is not null')) === 0);
    if (refused) await ask(own, 'POST', '/actions', { action: 'retryStuck', reason: 'it is back' });
    else {
      await assign(own, 'herald@x.test', { manager: 'boss@x.test' });
      const isLater = 'announcing_token is null and announcing_until > now()';
      if ((await count(own, isLater)) === 0) return;
      // Its 2xx brings nobody forward of whom the application asked for a later time.
      await until('the times it asked for have come', async () => (await count(own, isLater)) === 0);
      await assign(own, 'later-herald@x.test', { manager: 'boss@x.test' });
    }
  }

  const count = async ({ pool, instance }: TestRoster, condition: string): Promise<number> =>
    (await pool.query(`select from accounts where instance_id = $1 and ${condition}`, [instance])).rowCount ?? 0;

  const calledTooEarly = ({ application }: AnsweringInstance, seconds: number): string[] =>
    application.calls.flatMap((call, index) => {
      const { overAt = 0, account, id } = call;
      const next = application.calls.slice(index + 1).find((later) => later.account.id === account.id);
      const waited = (next?.at ?? Number.POSITIVE_INFINITY) - overAt;
      return call.status === 429 && waited < seconds * 1_000
        ? [`${account.userName}, ${id}: again after ${Math.round(waited)} ms`]
        : [];
    });
});
