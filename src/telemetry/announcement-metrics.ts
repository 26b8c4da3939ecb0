import type { MetricMeter } from '@temporalio/common';
import type { Outcome } from '../application/outcome.js';
import type { InstanceId } from '../ids.js';

/** Counts one POST to an instance's application: what came of it, and how long it took. */
export type NoteAnnouncement = (instance: InstanceId, outcome: Outcome, seconds: number) => void;

export const ANNOUNCEMENT_DURATION = 'roster_announcement_duration';

/** What came of a POST, in the words of the reason codes. */
const OUTCOMES: Readonly<Record<Outcome, string>> = { done: 'told', refused: 'refused', retry: 'unreachable' };

/** The metrics of telling applications, beside Temporal's own on the worker's one endpoint. */
export function announcementMetrics(meter: MetricMeter): NoteAnnouncement {
  const announcements = meter.createCounter(
    'roster_announcements',
    undefined,
    'POSTs to applications, by instance and outcome: told, refused, unreachable.',
  );
  const durations = meter.createHistogram(
    ANNOUNCEMENT_DURATION,
    'float',
    'seconds',
    'How long applications took to answer.',
  );
  return (instance, outcome, seconds) => {
    const tags = { outcome: OUTCOMES[outcome] };
    announcements.add(1, { ...tags, instance });
    durations.record(seconds, tags);
  };
}
