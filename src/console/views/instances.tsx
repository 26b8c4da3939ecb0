import { path } from '../api.js';
import type { Health, Instance, Listed } from '../api-types.js';
import { useEvery, useLoad } from '../load.js';
import { HealthChart } from '../parts/health-chart.js';
import { Empty, Page, Show } from '../parts/page.js';
import { linkTo } from '../router.js';
import { counted } from '../words.js';

const EVERY_MS = 30_000;

/** Every instance, and how it is. */
export function Instances() {
  const instances = useLoad<Listed<Instance>>('/instances');
  return (
    <Page title="Instances">
      <Show loaded={instances}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              There is no instance yet. <code>roster instance create acme --name "Acme" --coach ada@acme.example</code>{' '}
              makes one.
            </Empty>
          ) : (
            <ul class="cards">
              {items.map((instance) => (
                <InstanceCard key={instance.slug} instance={instance} />
              ))}
            </ul>
          )
        }
      </Show>
    </Page>
  );
}

function InstanceCard({ instance: { slug, name } }: { instance: Instance }) {
  const health = useLoad<Health>(path`/instances/${slug}/health`);
  useEvery(EVERY_MS, health.refresh);
  return (
    <li class="card">
      <h2>
        <a href={linkTo(slug)}>{name}</a> <span class="quiet">{slug}</span>
      </h2>
      <Show loaded={health}>
        {(now) => (
          <>
            <HealthChart health={now} />
            <Trouble slug={slug} health={now} />
          </>
        )}
      </Show>
    </li>
  );
}

/** What of an instance wants an operator. */
function Trouble({ slug, health }: { slug: string; health: Health }) {
  const count = (stage: string): number => health.now.find((one) => one.stage === stage)?.count ?? 0;
  const [stuck, held] = [count('stuck'), count('held')];
  if (stuck + held === 0) return <p class="quiet">Nobody is stuck or held.</p>;
  return (
    <p>
      {stuck > 0 && <a href={linkTo(slug, 'stuck')}>{counted(stuck, 'user is stuck', 'users are stuck')}</a>}
      {stuck > 0 && held > 0 && ' · '}
      {held > 0 && <a href={linkTo(slug, 'held')}>{counted(held, 'deactivation is held', 'deactivations are held')}</a>}
    </p>
  );
}
