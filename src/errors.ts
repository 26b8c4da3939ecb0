/** The stable codes of what Roster refuses, whichever door it came through; `docs/errors.md` lists them. */
export type RefusalCode =
  | 'user_name_taken'
  | 'not_found'
  | 'instance_exists'
  | 'instance_unknown'
  | 'invalid_slug'
  | 'default_manager_refused'
  | 'token_unknown'
  | 'invalid_token_instance'
  | 'user_deleted'
  | 'user_not_off'
  | 'user_not_settled'
  | 'cursor_too_old'
  | 'invalid_application'
  | 'application_unknown'
  | 'application_secret_needed'
  | 'too_many_secrets'
  | 'last_secret'
  | 'nothing_to_do'
  | 'invalid_import'
  | 'import_staging'
  | 'idempotency_key_reused';

/** What must never be so is so: a fault of ours. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * Something known that Roster will not do. The message says what and why, and is shown to whoever asked; each front
 * (SCIM, admin API, command line) gives it its own form.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

export const instanceUnknown = (instance: string): RefusedError =>
  new RefusedError('instance_unknown', `There is no instance ${instance}.`);
