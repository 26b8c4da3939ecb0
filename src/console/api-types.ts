import type { z } from 'zod';
import type * as imports from '../admin/import-schemas.js';
import type * as schemas from '../admin/schemas.js';
import type { story } from '../admin/story.js';
import type * as tokens from '../admin/token-schemas.js';

/*
 * What the admin API takes and answers, as its own schemas say. Types alone: the schemas stay in the server, which has
 * checked its answers by them.
 */

/** A page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export type Account = z.output<typeof schemas.account>;
export type AccountStatus = z.output<typeof schemas.accountStatus>;
export type Acted = z.output<typeof schemas.acted>;
export type Health = z.output<typeof schemas.health>;
export type Import = z.output<typeof imports.importStatus>;
export type ImportAction = z.input<typeof imports.importAction>['action'];
export type ImportRow = z.output<typeof imports.importRow>;
export type RowOutcome = z.output<typeof imports.rowOutcome>;
export type Instance = z.output<typeof schemas.instance>;
export type InstanceAction = z.input<typeof schemas.instanceAction>;
export type InstanceSettings = z.input<typeof schemas.instanceSettings>;
export type IssuedToken = z.output<typeof tokens.issuedScimToken>;
export type OperatorToken = z.output<typeof tokens.operatorToken>;
export type OwnToken = z.output<typeof tokens.ownToken>;
export type Problem = z.output<typeof schemas.problem>;
export type Progress = z.output<typeof schemas.progress>;
export type Reason = z.output<typeof schemas.reasonCode>;
export type Request = z.output<typeof schemas.request>;
export type Role = Account['role'];
export type ScimToken = z.output<typeof tokens.scimToken>;
export type Stage = z.output<typeof schemas.stage>;
export type Story = z.output<typeof story>;
export type Team = z.output<typeof schemas.team>;
export type UserAction = z.input<typeof schemas.userAction>['action'];
