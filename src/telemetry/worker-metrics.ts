import type { MetricsExporterConfig } from '@temporalio/worker';
import { ANNOUNCEMENT_DURATION } from './announcement-metrics.js';

/** An answer comes in milliseconds where all is well, and is no longer waited for after 15 s. */
const ANNOUNCEMENT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** How Temporal's runtime tells what it counts: at `/metrics` of this address, in seconds, named as Prometheus wants it. */
export const workerMetrics = (bindAddress: string): MetricsExporterConfig => ({
  attachServiceName: false,
  prometheus: {
    bindAddress,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
    histogramBucketOverrides: { [ANNOUNCEMENT_DURATION]: ANNOUNCEMENT_SECONDS },
  },
});
