import type pg from 'pg';
import { Gauge, Registry } from 'prom-client';
import { countAssigned, readFigures } from '../directory/figures.js';
import { inTime } from '../in-time.js';
import { rosterVersion } from '../version.js';
import { atMostEvery } from './at-most-every.js';
import { figureGauges } from './figure-gauges.js';
import { processMetrics } from './process-metrics.js';
import { type RequestMetrics, requestMetrics } from './request-metrics.js';

/** What a server tells of itself and of what the database says. */
export interface Metrics {
  readonly requests: RequestMetrics;
  readonly contentType: string;
  /**
   * Everything in Prometheus's text format, within 3 s. Where PostgreSQL does not answer, what it said last, and
   * `roster_database_up 0`. Never throws.
   */
  text(): Promise<string>;
}

export interface MetricsOptions {
  /** Of which the figures take one connection for a moment. */
  readonly pool: pg.Pool;
  readonly isTemporalUp: () => Promise<boolean>;
}

/** However many scrape, and however often. */
const EVERY_MS = 5_000;
/** For what is counted one by one. */
const COUNTED_EVERY_MS = 60_000;
/** Prometheus gives up after 10 s unless told otherwise; what is up answers in milliseconds. */
const PATIENCE_MS = { figures: 2_500, temporal: 1_000 } as const;

/** The metrics of one server. */
export function createMetrics({ pool, isTemporalUp }: MetricsOptions): Metrics {
  const registry = new Registry();
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const databaseUp = gauge('roster_database_up', 'Whether PostgreSQL answered the last question.');
  const temporalUp = gauge('roster_temporal_up', 'Whether Temporal answered the last question.');
  new Gauge({
    name: 'roster_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: rosterVersion() }, 1);
  const assignedAccounts = new Gauge({
    name: 'roster_assigned_manager_accounts',
    help: 'Accounts that have the manager whom their own reference means.',
    labelNames: ['instance'],
    registers: [registry],
  });
  const showFigures = figureGauges(registry);
  const figures = atMostEvery(EVERY_MS, () => readFigures(pool));
  const assigned = atMostEvery(COUNTED_EVERY_MS, () => countAssigned(pool));
  const temporal = atMostEvery(EVERY_MS, isTemporalUp);

  return {
    requests: requestMetrics(registry),
    contentType: registry.contentType,
    text: async () => {
      const [read, counted, isUp] = await Promise.all([
        inTime(figures(), PATIENCE_MS.figures),
        inTime(assigned(), PATIENCE_MS.figures),
        inTime(temporal(), PATIENCE_MS.temporal),
      ]);
      databaseUp.set(read === undefined ? 0 : 1);
      temporalUp.set(isUp === true ? 1 : 0);
      if (read !== undefined) showFigures(read);
      if (counted !== undefined) for (const { instance, count } of counted) assignedAccounts.set({ instance }, count);
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`;
    },
  };
}
