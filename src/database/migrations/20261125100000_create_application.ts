import type { Knex } from 'knex';

/** Where an instance's application is told of changes, and the secrets that sign what it is told. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table instances
      add column application_url text,
      -- When this URL answered with a 2xx for the first time: until then no answer counts as a refusal.
      add column application_proven_at timestamptz;

    create table application_secrets (
      instance_id text not null,
      id uuid not null,
      -- Needed as it is to sign with, so no digest will do; only the worker and the server read it.
      secret text not null,
      created_at timestamptz not null default now(),
      primary key (instance_id, id)
    );
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table application_secrets');
  await knex.raw('alter table instances drop column application_proven_at, drop column application_url');
}

export const createApplication: Knex.Migration = { up, down };
