import type { Knex } from 'knex';

/** Who changed what: written by the very statement that changes it, and never changed itself. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table audit_log (
      instance_id text not null,
      entry bigint generated always as identity,
      at timestamptz not null default now(),
      -- When the request came in that asked for it.
      received_at timestamptz,
      actor text not null,
      action text not null,
      user_id uuid,
      group_id uuid,
      version bigint,
      -- The names of the attributes, or of the settings, that it changed, with commas between them: never what they say.
      changed text,
      outcome text not null check (outcome in ('accepted', 'refused', 'ignored')),
      -- Why it was refused or ignored: a stable code.
      reason text,
      request_id text,
      -- An operator's own reason. It may name people, so it can be taken away: the chain is over its digest, which sealing adds.
      note text,
      note_digest bytea,
      primary key (instance_id, entry)
    );
    comment on column audit_log.actor is 'the token''s id as scim:<id> or operator:<id>, temporal:<who> or temporal, the command line as cli, or roster itself';
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table audit_log');
}

export const createAuditLog: Knex.Migration = { up, down };
