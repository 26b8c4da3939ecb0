import { violatedConstraint } from '../database/errors.js';
import { type RefusalCode, RefusedError } from '../errors.js';

/** What a violated constraint means: the one table from PostgreSQL's names to refusals. */
const MEANINGS: Record<string, [RefusalCode, string]> = {
  users_user_name: ['user_name_taken', 'Another user of this instance has this userName.'],
  instances_pkey: ['instance_exists', 'An instance with this slug exists already.'],
  scim_tokens_instance_id_fkey: ['instance_unknown', 'There is no such instance.'],
  instances_id_default_manager_id_fkey: ['default_manager_refused', 'There is no such account in this instance.'],
};

/** The refusal that a violated constraint stands for, or the error itself where it is something else. */
export function refusalOf(error: unknown): unknown {
  const meaning = MEANINGS[violatedConstraint(error) ?? ''];
  return meaning === undefined ? error : new RefusedError(...meaning);
}
