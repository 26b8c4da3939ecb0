import { searchAttributes } from '../../workflows/search-attributes.js';
import type { InstanceId, UserId } from '../ids.js';

/** Where people look at runs. */
export interface TemporalUi {
  /** Without a slash at the end. */
  readonly url: string;
  readonly namespace: string;
}

/** The id of every run of a user. */
export const userWorkflowId = (instance: InstanceId, userId: UserId): string => `user/${instance}/${userId}`;

/** A user's run in the Temporal Web UI: the link shows the latest. */
export function runOf(ui: TemporalUi, instance: InstanceId, userId: UserId): { id: string; url: string } {
  const id = userWorkflowId(instance, userId);
  return { id, url: `${workflows(ui)}/${encodeURIComponent(id)}` };
}

/** The list of all open runs of an instance that stand at a stage in the Temporal Web UI. */
export function runsUrl(ui: TemporalUi, instance: InstanceId, at: 'stuck' | 'held'): string {
  const { instance: ofInstance, stage } = searchAttributes;
  // A slug and our own words: nothing in them ends a quoted text.
  const query = `${ofInstance.name}="${instance}" AND ${stage.name}="${at}" AND ExecutionStatus="Running"`;
  return `${workflows(ui)}?query=${encodeURIComponent(query)}`;
}

const workflows = ({ url, namespace }: TemporalUi): string =>
  `${url}/namespaces/${encodeURIComponent(namespace)}/workflows`;
