import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import { INSTALLATION, type InstanceId } from '../ids.js';
import type { Reason, Stage } from './progress-list.js';

/** Those of an instance who are in one stage for one reason. */
export interface StageFigures {
  readonly instance: InstanceId;
  readonly stage: Stage;
  readonly reason: Reason | null;
  readonly count: number;
  readonly oldestSeconds: number;
  /** How long ago the first of them should have acted by itself; 0 where none is late. */
  readonly overdueSeconds: number;
}

/** What the database says of how all instances are; ages in seconds, 0 where there is nothing. */
export interface Figures {
  readonly kicks: { readonly count: number; readonly oldestSeconds: number };
  /** Who is on the way, held or stuck. */
  readonly stages: readonly StageFigures[];
  /** Who has the default manager by fallback, in each instance that has such. */
  readonly fallenBack: readonly { readonly instance: InstanceId; readonly count: number }[];
  readonly unsealedOldestSeconds: number;
}

/** Each part reads an index that lists nobody but those it counts; what is settled costs nothing, however much it is. */
export const FIGURES: Statement = {
  name: 'figures',
  text: `
    select 'kicks' as figure, null as instance, null as stage, null as reason, count(*)::integer as count,
      coalesce(extract(epoch from now() - min(k.created_at)), 0)::double precision as seconds, 0::double precision as overdue
    from kicks k
    union all
    select 'stage', p.instance_id, p.stage, p.reason, count(*)::integer,
      extract(epoch from now() - min(p.since))::double precision,
      coalesce(greatest(0, extract(epoch from now() - min(p.due))), 0)::double precision
    from progress p
    where p.stage in ('provisioning', 'waiting for manager', 'deactivating', 'held', 'stuck')
    group by p.instance_id, p.stage, p.reason
    union all
    select 'fallen back', i.id, null, null, fallen.count, 0, 0
    from instances i
    cross join lateral (
      select count(*)::integer as count from accounts a where a.instance_id = i.id and a.origin = 'default') fallen
    where fallen.count > 0
    union all
    select 'unsealed', null, null, null, 0, coalesce(extract(epoch from now() - min(first.at)), 0)::double precision, 0
    from (select id from instances union all select '${INSTALLATION}') i
    cross join lateral (
      (select e.at from events e where e.instance_id = i.id and e.position is null order by e.entry limit 1)
      union all
      (select l.at from audit_log l where l.instance_id = i.id and l.position is null order by l.entry limit 1)) first`,
};

/** How many of an instance have the manager whom their own reference means. */
export interface AssignedFigure {
  readonly instance: InstanceId;
  readonly count: number;
}

/** Walks an index of everybody who has a manager, and nothing else of them: too much for each time, little for now and then. */
export const ASSIGNED: Statement = {
  name: 'assigned_figures',
  text: `
    select i.id as instance,
      (select count(*) from accounts a where a.instance_id = i.id and a.manager_id is not null)::integer
        - (select count(*) from accounts a where a.instance_id = i.id and a.origin = 'default')::integer as count
    from instances i`,
};

/** Counts them in every instance. @throws UnavailableError */
export const countAssigned = (pool: pg.Pool): Promise<AssignedFigure[]> => run<AssignedFigure>(pool, ASSIGNED, []);

interface Row {
  readonly figure: 'kicks' | 'stage' | 'fallen back' | 'unsealed';
  readonly instance: InstanceId;
  readonly stage: Stage;
  readonly reason: Reason | null;
  readonly count: number;
  readonly seconds: number;
  readonly overdue: number;
}

/** Reads all figures at one moment. @throws UnavailableError */
export async function readFigures(pool: pg.Pool): Promise<Figures> {
  const rows = await run<Row>(pool, FIGURES, []);
  const of = (figure: Row['figure']): Row[] => rows.filter((row) => row.figure === figure);
  const [kicks] = of('kicks');
  const [unsealed] = of('unsealed');
  return {
    kicks: { count: kicks?.count ?? 0, oldestSeconds: past(kicks) },
    stages: of('stage').map((row) => ({
      instance: row.instance,
      stage: row.stage,
      reason: row.reason,
      count: row.count,
      oldestSeconds: past(row),
      overdueSeconds: row.overdue,
    })),
    fallenBack: of('fallen back').map(({ instance, count }) => ({ instance, count })),
    unsealedOldestSeconds: past(unsealed),
  };
}

/** What was written after this statement began is not of the future. */
const past = (row: Row | undefined): number => Math.max(0, row?.seconds ?? 0);
