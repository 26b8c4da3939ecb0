import { violatedConstraint } from '../database/errors.js';
import { type RefusalCode, RefusedError } from '../errors.js';

/** What a violated constraint means: the one table from PostgreSQL's names to refusals. */
const MEANINGS: Record<string, [RefusalCode, string]> = {
  users_user_name: ['user_name_taken', 'Another user of this instance has this userName.'],
  instances_pkey: ['instance_exists', 'An instance with this slug exists already.'],
};

/** The refusal that a violated constraint stands for, or the error itself where it is something else. */
export function refusalOf(error: unknown): unknown {
  const meaning = MEANINGS[violatedConstraint(error) ?? ''];
  return meaning === undefined ? error : new RefusedError(...meaning);
}
