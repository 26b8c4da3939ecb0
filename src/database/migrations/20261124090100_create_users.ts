import type { Knex } from 'knex';

/**
 * What Okta asserted, one row per SCIM User. The keys are folded in code (`src/scim/protocol/text.ts`), never by PostgreSQL's
 * lower(), so that there is one fold. Times are whole
 * milliseconds, as SCIM shows them; the order of a list is that of the ids, which are UUIDs version 7.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table users (
      instance_id text not null references instances (id),
      id uuid not null,
      user_name text not null,
      user_name_key text not null,
      external_id text,
      external_id_key text,
      email text not null,
      email_key text not null,
      display_name text not null,
      active boolean not null,
      attributes jsonb not null,
      manager_reference text,
      manager_reference_key text,
      version bigint not null default 1,
      source text not null check (source in ('scim', 'import', 'admin')),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      deleted_at timestamptz,
      primary key (instance_id, id)
    );
    create unique index users_user_name on users (instance_id, user_name_key) where deleted_at is null;
    create index users_external_id on users (instance_id, external_id_key) where deleted_at is null and external_id_key is not null;
    create index users_present on users (instance_id, id) where deleted_at is null;
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table users');
}

export const createUsers: Knex.Migration = { up, down };
