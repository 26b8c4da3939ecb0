import { path } from '../api.js';
import type { Health, Instance, Stage } from '../api-types.js';
import { useEvery, useLoad } from '../load.js';
import { HealthChart } from '../parts/health-chart.js';
import { Page, Show } from '../parts/page.js';
import { Badge } from '../parts/small.js';
import { linkTo } from '../router.js';
import { duration, number, STAGE_TONES } from '../words.js';

const EVERY_MS = 15_000;

/** The views that show who is in a stage. */
const SHOWN_IN: Partial<Record<Stage, string>> = { stuck: 'stuck', 'waiting for manager': 'stuck', held: 'held' };

const SWITCHES = [
  ['createUsers', 'create users'],
  ['updateAttributes', 'update attributes'],
  ['deactivateUsers', 'deactivate users'],
] as const;

/** One instance: how it is, and how it is set. */
export function Overview({ instance: slug }: { instance: string }) {
  const instance = useLoad<Instance>(path`/instances/${slug}`);
  const health = useLoad<Health>(path`/instances/${slug}/health`);
  useEvery(EVERY_MS, health.reload);
  return (
    <Page title={instance.value?.name ?? slug}>
      <Show loaded={health}>
        {(now) => (
          <div class="panels">
            <section class="card">
              <h2>The last hour</h2>
              <HealthChart health={now} />
            </section>
            <section class="card">
              <h2>Now</h2>
              <Stages slug={slug} health={now} />
            </section>
          </div>
        )}
      </Show>
      <Show loaded={instance}>
        {({ defaultManager, switches, managerWaitSeconds, brake, application }) => (
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
        )}
      </Show>
    </Page>
  );
}

function Stages({ slug, health }: { slug: string; health: Health }) {
  if (health.now.length === 0) return <p class="quiet">Nobody is here yet.</p>;
  return (
    <ul class="stages">
      {health.now.map(({ stage, count }) => {
        const view = SHOWN_IN[stage];
        return (
          <li key={stage}>
            <Badge tone={STAGE_TONES[stage]}>{stage}</Badge>
            {view === undefined ? <span>{number(count)}</span> : <a href={linkTo(slug, view)}>{number(count)}</a>}
          </li>
        );
      })}
    </ul>
  );
}
