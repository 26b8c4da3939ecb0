import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { EndpointUrl } from '../../src/application/endpoint-url.js';
import type { InstanceId } from '../../src/ids.js';
import { createInstance } from '../../src/instances/instances.js';
import { searchAttributes } from '../../workflows/search-attributes.js';
import { proveApplication } from './fake-application.js';
import { scim } from './http.js';
import { until } from './interleave.js';
import { assign, setActive } from './people.js';
import {
  type Answer,
  type RecordingApplication,
  startRecordingApplication,
  type ToldAccount,
} from './recording-application.js';
import { BY_TEST, clientOf, type TestRoster } from './roster.js';

/** What may happen to a user. Each has an instance's user of its own, so that all may happen at once. */
export const SITUATIONS = ['create', 'update', 'suspension', 'handed over', 'adopted'] as const;
export type Situation = (typeof SITUATIONS)[number];

/** How things stand with a user, in words: with us, to an operator, and at the application. */
export interface Stand {
  readonly account: string;
  readonly operator: string;
  readonly application: string;
}

/** An instance whose application answers one user of each situation as a test wants it to, and all others with 204. */
export interface AnsweringInstance {
  readonly roster: TestRoster;
  readonly application: RecordingApplication;
  readonly ids: Readonly<Record<Situation, string>>;
  /** Waits until nobody is on the way, and nobody is stuck unless that `mayBe`. */
  quiet(stuck: 'may be stuck' | 'nobody stuck'): Promise<void>;
  stand(situation: Situation): Promise<Stand>;
  close(): Promise<void>;
}

const accountSchema = z.looseObject({
  status: z.string(),
  title: z.string(),
  manager: z.looseObject({ userName: z.string() }).nullable(),
  team: z.looseObject({ name: z.string() }).nullable(),
});
const progressSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      userId: z.string(),
      stage: z.string(),
      reason: z.string().nullable(),
      message: z.string().nullable(),
    }),
  ),
});

/** Who is on the way: to be told, and neither stuck with words for people nor at rest. */
const ON_THE_WAY = `
  select u.user_name as who from accounts a
  join users u on u.instance_id = a.instance_id and u.id = a.id
  left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
  where a.instance_id = $1 and (exists (select from kicks k where k.instance_id = a.instance_id and k.user_id = a.id)
    or case when p.stage = 'stuck' then p.message is null or $2
      else a.applied_version < a.asserted_version or announced_revision(a) < a.revision or a.wait_until is not null end)`;

/** Makes an instance, plays all situations at once, and returns when the application has answered as it should. */
export async function playSituations(roster: TestRoster, temporal: Client, answer: Answer): Promise<AnsweringInstance> {
  const application = await startRecordingApplication();
  const own = await instanceWith(roster, application.url);
  const quiet: AnsweringInstance['quiet'] = (stuck) =>
    until(
      `all are told${stuck === 'may be stuck' ? ', or stuck' : ''}`,
      async () => {
        const { rows } = await roster.pool.query(ON_THE_WAY, [own.instance, stuck === 'nobody stuck']);
        return rows.length === 0;
      },
      45_000,
    );

  await assign(own, 'boss@x.test', { displayName: 'Boss' });
  await assign(own, 'parting@x.test', { displayName: 'Parting' });
  const present = {
    update: await assign(own, 'update@x.test', { manager: 'boss@x.test' }),
    suspension: await assign(own, 'suspension@x.test', { manager: 'boss@x.test' }),
    'handed over': await assign(own, 'handed-over@x.test', { manager: 'parting@x.test' }),
    adopted: await assign(own, 'adopted@x.test', { manager: 'late@x.test' }),
  };
  await quiet('nobody stuck');

  application.answer = ({ account }) =>
    ['boss', 'parting', 'late', 'coach'].some((who) => account.userName.startsWith(who)) ? { status: 204 } : answer;
  const parting = application.calls.find(({ account }) => account.userName === 'parting@x.test')?.account.id ?? '';
  const [create] = await Promise.all([
    assign(own, 'create@x.test', { manager: 'boss@x.test' }),
    retitle(own, present.update),
    setActive(own, present.suspension, false),
    setActive(own, parting, false),
    assign(own, 'late@x.test', { displayName: 'Late' }),
  ]);
  await quiet('may be stuck');

  const ids = { create, ...present };
  return {
    roster: own,
    application,
    ids,
    quiet,
    stand: async (situation) => {
      const id = ids[situation];
      const account = accountSchema.parse(await ask(own, 'GET', `/accounts/${id}`));
      const { items } = progressSchema.parse(await ask(own, 'GET', '/progress'));
      const { stage, reason, message } = items.find(({ userId }) => userId === id) ?? {};
      const said = [stage, reason, message].filter((word) => word !== null && word !== undefined).join(', ');
      if (stage === 'stuck') await untilShown(temporal, `user/${own.instance}/${id}`, stage, reason);
      return {
        account: inWords(account, account.team?.name),
        operator: said,
        application: inWords(application.has.get(id), undefined),
      };
    },
    close: () => application.close(),
  };
}

async function instanceWith(roster: TestRoster, url: EndpointUrl): Promise<TestRoster> {
  const { slug } = await createInstance(
    roster.pool,
    {
      slug: `test-${randomBytes(6).toString('hex')}`,
      name: 'Test',
      managerWaitSeconds: 1,
      application: { url },
      coach: { userName: 'coach@x.test', givenName: 'First', familyName: 'Coach' },
    },
    BY_TEST,
  );
  await proveApplication({ pool: roster.pool, instance: slug });
  return { ...roster, ...(await clientOf(roster, slug)), instance: slug satisfies InstanceId };
}

/** The run, in the Temporal UI, shows what the admin API says: at the latest when what it tries again has failed again. */
const untilShown = (temporal: Client, workflowId: string, stage: unknown, reason: unknown): Promise<void> =>
  until(`the run shows ${String(stage)}, ${String(reason)}`, async () => {
    const { status, typedSearchAttributes: shown } = await temporal.workflow.getHandle(workflowId).describe();
    return (
      status.name === 'RUNNING' &&
      shown.get(searchAttributes.stage) === stage &&
      shown.get(searchAttributes.reason) === reason
    );
  });

async function retitle(roster: TestRoster, id: string): Promise<void> {
  const { status } = await scim(roster, 'PATCH', `/Users/${id}`, {
    Operations: [{ op: 'replace', value: { title: 'VP' } }],
  });
  assert.equal(status, 200);
}

/** Asks the admin API of an instance. @throws AssertionError where it refuses */
export async function ask(roster: TestRoster, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}${path}`, {
    method,
    headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

function inWords(
  account:
    | (Pick<ToldAccount, 'status' | 'title'> & { readonly manager: { readonly userName: string } | null })
    | undefined,
  team: string | undefined,
): string {
  if (account === undefined) return 'nothing';
  const { status, title, manager } = account;
  return [
    title === '' ? status : `${status} ${title}`,
    ...(manager === null ? [] : [`under ${manager.userName.split('@')[0]}`]),
    ...(team === undefined ? [] : [`in team ${team}`]),
  ].join(' ');
}
