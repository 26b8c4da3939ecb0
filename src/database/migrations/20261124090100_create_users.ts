import type { Knex } from 'knex';

/**
 * What Okta asserted, one row per SCIM User. The keys are folded in code (`src/scim/protocol/text.ts`), never by PostgreSQL's
 * lower(), so that there is one fold. Times are whole
 * milliseconds, as SCIM shows them; the order of a list is that of the ids, which are UUIDs version 7.
 *
 * A user is kept as the text that SCIM shows, up to the location's URL (`renderUser` in `src/scim/present-user.ts`), so that
 * reading one or a page of them renders nothing; for filters it is kept as JSON besides. No foreign key leads to `instances`: an instance is never removed,
 * its id comes from a token, and each check would lock the same one row for all who write.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table users (
      instance_id text not null,
      id uuid not null,
      user_name text not null,
      user_name_key text not null,
      external_id text,
      external_id_key text,
      email text not null,
      email_key text not null,
      display_name text not null,
      active boolean not null,
      resource text not null,
      attributes jsonb not null generated always as ((resource || '"}}')::jsonb) stored,
      manager_reference text,
      manager_reference_key text,
      version bigint not null default 1,
      source text not null check (source in ('scim', 'import', 'admin')),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      deleted_at timestamptz,
      primary key (instance_id, id)
    ) with (fillfactor = 80);
    create unique index users_user_name on users (instance_id, user_name_key) where deleted_at is null;
    -- A file that was sent before somebody was deleted creates nobody of that name.
    create index users_deleted on users (instance_id, user_name_key) where deleted_at is not null;
    create index users_external_id on users (instance_id, external_id_key) where deleted_at is null and external_id_key is not null;
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table users');
}

export const createUsers: Knex.Migration = { up, down };
