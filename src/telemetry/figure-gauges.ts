import { Gauge, type Registry } from 'prom-client';
import type { Figures, StageFigures } from '../directory/figures.js';
import type { Stage } from '../directory/progress-list.js';

/** The gauges of what the database says. The function that it returns sets them all; until then they say nothing. */
export function figureGauges(registry: Registry): (figures: Figures) => void {
  const registers = [registry];
  const set: ((figures: Figures) => void)[] = [];
  /** One number over all instances. */
  const one = (name: string, help: string, value: (figures: Figures) => number): void => {
    // Without labels prom-client shows a gauge as 0 before it is set: it is registered when there is something to say.
    const gauge = new Gauge({ name, help, registers: [] });
    set.push((figures) => {
      registry.registerMetric(gauge);
      gauge.set(value(figures));
    });
  };
  /** A number for each of some labels; what has none is not shown. */
  const each = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    values: (figures: Figures) => readonly (readonly [Record<Label, string>, number])[],
  ): void => {
    const gauge = new Gauge({ name, help, labelNames, registers });
    set.push((figures) => {
      gauge.reset();
      for (const [labels, value] of values(figures)) gauge.set(labels, value);
    });
  };

  one('roster_kicks', 'Users and instances whom Temporal is still to be told of.', ({ kicks }) => kicks.count);
  one('roster_kicks_oldest_seconds', 'Since when the longest of them waits.', ({ kicks }) => kicks.oldestSeconds);

  const stuck = (value: 'count' | 'oldestSeconds') => (figures: Figures) =>
    inStages(figures, ['stuck']).map(
      (row) => [{ instance: row.instance, reason: row.reason ?? 'none' }, row[value]] as const,
    );
  each('roster_stuck', 'Users who are stuck, by reason code.', ['instance', 'reason'], stuck('count'));
  each(
    'roster_stuck_oldest_seconds',
    'Since when the longest of them is.',
    ['instance', 'reason'],
    stuck('oldestSeconds'),
  );

  const waiting = (figures: Figures) => inStages(figures, ['waiting for manager']);
  one('roster_waiting_for_manager', 'Users who wait for their manager.', (figures) => total(waiting(figures)));
  one('roster_waiting_for_manager_oldest_seconds', 'Since when the longest of them waits.', (figures) =>
    longest(waiting(figures)),
  );
  one(
    'roster_waiting_for_manager_overdue_seconds',
    "How long the longest of them waits beyond the end of the instance's manager wait.",
    (figures) => Math.max(0, ...waiting(figures).map((row) => row.overdueSeconds)),
  );

  const unsettled = (figures: Figures) => inStages(figures, ['provisioning', 'deactivating']);
  one('roster_unsettled', 'Users who are being provisioned or deactivated.', (figures) => total(unsettled(figures)));
  one('roster_unsettled_oldest_seconds', 'Since when the longest of them is.', (figures) =>
    longest(unsettled(figures)),
  );

  one(
    'roster_lag_seconds',
    'How long the account is on its way to what was asserted that is so for the longest.',
    (figures) => Math.max(figures.kicks.oldestSeconds, longest(unsettled(figures))),
  );

  each('roster_brake_held', 'Users whose deactivation the brake holds.', ['instance'], (figures) =>
    inStages(figures, ['held']).map((row) => [{ instance: row.instance }, row.count] as const),
  );
  each('roster_default_manager_accounts', 'Accounts that fell back to the default manager.', ['instance'], (figures) =>
    figures.fallenBack.map(({ instance, count }) => [{ instance }, count] as const),
  );
  one(
    'roster_unsealed_oldest_seconds',
    'Since when the longest of events and audit rows is not sealed.',
    (figures) => figures.unsealedOldestSeconds,
  );
  return (figures) => {
    for (const show of set) show(figures);
  };
}

const inStages = (figures: Figures, stages: readonly Stage[]): StageFigures[] =>
  figures.stages.filter(({ stage }) => stages.includes(stage));
const total = (rows: readonly StageFigures[]): number => rows.reduce((sum, { count }) => sum + count, 0);
const longest = (rows: readonly StageFigures[]): number => Math.max(0, ...rows.map((row) => row.oldestSeconds));
