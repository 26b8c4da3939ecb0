import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';
import type { Stage } from './progress-list.js';

/** How many of an instance's users were where, at a minute. */
interface HealthSample {
  readonly at: Date;
  readonly provisioned: number;
  readonly waiting: number;
  readonly stuck: number;
}

/** How an instance is now, and how it was over the last hour. */
export interface Health {
  /** The stages that somebody is in. */
  readonly now: readonly { readonly stage: Stage; readonly count: number }[];
  /** The oldest first; a minute in which no server ran has none. */
  readonly samples: readonly HealthSample[];
}

/**
 * The first process of a minute counts; the others find the minute's samples, and count nobody.
 * What is older than two hours goes with it.
 */
const SAMPLE: Statement = {
  name: 'sample_health',
  text: `
    with forgotten as (
      delete from health_samples where at < now() - interval '2 hours'
    )
    insert into health_samples (instance_id, at, provisioned, waiting, stuck)
    select i.id, date_trunc('minute', now()), counted.provisioned, counted.waiting, counted.stuck
    from instances i
    cross join lateral (
      select count(*) filter (where p.stage = 'provisioned') as provisioned,
        count(*) filter (where p.stage = 'waiting for manager') as waiting,
        count(*) filter (where p.stage = 'stuck') as stuck
      from progress p where p.instance_id = i.id) counted
    where not exists (select from health_samples s where s.instance_id = i.id and s.at = date_trunc('minute', now()))
    on conflict do nothing`,
};

/** Writes down how every instance is, once a minute however often it is called. @throws UnavailableError */
export async function sampleHealth(pool: pg.Pool): Promise<void> {
  await run(pool, SAMPLE, []);
}

const NOW: Statement = {
  name: 'health_now',
  text: 'select p.stage, count(*)::integer as count from progress p where p.instance_id = $1 group by p.stage order by p.stage',
};

const SAMPLES: Statement = {
  name: 'health_samples',
  text: `select s.at, s.provisioned, s.waiting, s.stuck from health_samples s
    where s.instance_id = $1 and s.at > now() - interval '1 hour' order by s.at`,
};

/** How an instance is and was. @throws UnavailableError */
export async function readHealth(pool: pg.Pool, instance: InstanceId): Promise<Health> {
  return {
    now: await run<Health['now'][number]>(pool, NOW, [instance]),
    samples: await run<HealthSample>(pool, SAMPLES, [instance]),
  };
}
