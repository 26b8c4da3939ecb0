import { path } from '../api.js';
import type { Health, Instance, Stage } from '../api-types.js';
import { together, useEvery, useLoad } from '../load.js';
import { HealthChart } from '../parts/health-chart.js';
import { Page, Standing } from '../parts/page.js';
import { Badge } from '../parts/small.js';
import { linkTo } from '../router.js';
import { duration, number, STAGE_TONES } from '../words.js';

const EVERY_MS = 15_000;

/** Where those of a stage are listed. */
const listOf = (slug: string, stage: Stage): string =>
  stage === 'held' ? linkTo(slug, 'held') : linkTo(slug, 'stuck', '', { stage });

const SWITCHES = [
  ['createUsers', 'create users'],
  ['updateAttributes', 'update attributes'],
  ['deactivateUsers', 'deactivate users'],
] as const;

/** One instance: how it is, and how it is set. */
export function Overview({ instance: slug }: { instance: string }) {
  const instance = useLoad<Instance>(path`/instances/${slug}`);
  const health = useLoad<Health>(path`/instances/${slug}/health`);
  useEvery(EVERY_MS, () => {
    instance.refresh();
    health.refresh();
  });
  return (
    <Page title={instance.value?.name ?? slug}>
      <Standing loaded={together(instance, health)} />
      {health.value !== undefined && (
        <div class="panels">
          <section class="card">
            <h2>Now, and the last hour</h2>
            <HealthChart health={health.value} />
          </section>
          <section class="card">
            <h2>Stages</h2>
            <Stages slug={slug} health={health.value} />
          </section>
        </div>
      )}
      {instance.value !== undefined && <HowItIsSet instance={instance.value} />}
    </Page>
  );
}

function HowItIsSet({ instance }: { instance: Instance }) {
  const { slug, defaultManager, switches, managerWaitSeconds, brake, application } = instance;
  return (
    <section class="card">
      <div class="card-head">
        <h2>How it is set</h2>
        <a href={linkTo(slug, 'settings')}>Settings</a>
      </div>
      <dl class="facts">
        <dt>Default manager</dt>
        <dd>
          {defaultManager === null ? (
            'none: there is no active coach'
          ) : (
            <>
              <a href={linkTo(slug, 'accounts', defaultManager.id)}>{defaultManager.userName}</a>{' '}
              {defaultManager.explicit ? '(chosen)' : '(the first coach)'}
            </>
          )}
        </dd>
        <dt>Okta may</dt>
        <dd>{SWITCHES.map(([name, words]) => `${words}: ${switches[name] ? 'yes' : 'no'}`).join(' · ')}</dd>
        <dt>Wait for a manager</dt>
        <dd>{duration(managerWaitSeconds)}</dd>
        <dt>Brake</dt>
        <dd>
          {brake === null
            ? 'off'
            : `more than ${number(brake.minimum)} and ${brake.percent} % unassigned in ${brake.windowMinutes} min`}
        </dd>
        <dt>Application</dt>
        <dd>{application === null ? 'none is told' : application.url}</dd>
      </dl>
    </section>
  );
}

function Stages({ slug, health }: { slug: string; health: Health }) {
  if (health.now.length === 0) return <p class="quiet">Nobody is here yet.</p>;
  return (
    <ul class="stages">
      {health.now.map(({ stage, count }) => (
        <li key={stage}>
          <Badge tone={STAGE_TONES[stage]}>{stage}</Badge>
          <a href={listOf(slug, stage)} aria-label={`${stage}: ${number(count)}`}>
            {number(count)}
          </a>
        </li>
      ))}
    </ul>
  );
}
