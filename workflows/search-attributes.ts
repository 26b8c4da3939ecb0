import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What an operator filters runs by in the Temporal UI: codes and opaque ids, never personal data. */
export const searchAttributes = {
  stage: defineSearchAttributeKey('RosterStage', SearchAttributeType.KEYWORD),
  reason: defineSearchAttributeKey('RosterReason', SearchAttributeType.KEYWORD),
  instance: defineSearchAttributeKey('RosterInstance', SearchAttributeType.KEYWORD),
  source: defineSearchAttributeKey('RosterSource', SearchAttributeType.KEYWORD),
  batch: defineSearchAttributeKey('RosterBatch', SearchAttributeType.KEYWORD),
  stuckSince: defineSearchAttributeKey('RosterStuckSince', SearchAttributeType.DATETIME),
} as const;
