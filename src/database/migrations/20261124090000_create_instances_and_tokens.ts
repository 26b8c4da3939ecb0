import type { Knex } from 'knex';

/** Instances (a customer's copy of the application) and the tokens that open SCIM and the admin API. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table instances (
      id text primary key,
      name text not null,
      manager_wait_seconds integer not null default 60 check (manager_wait_seconds between 0 and 86400),
      default_manager_id uuid,
      -- Rule 9: what Okta may do to users.
      create_users boolean not null default true,
      update_attributes boolean not null default true,
      deactivate_users boolean not null default true,
      -- Rule 11: whether the roles of SCIM set roles.
      scim_roles boolean not null default false,
      -- Rule 12: more unassigned than that within the window are held; null for no brake.
      brake jsonb default '{"percent": 20, "minimum": 10, "windowMinutes": 10}',
      -- How much each SCIM token may ask; null for any.
      rate_limit jsonb default '{"perSecond": 100, "burst": 1000}',
      -- When the instance's own run acts next by itself; null while nothing about the instance is to be done.
      due timestamptz,
      created_at timestamptz not null default now()
    );

    create table scim_tokens (
      instance_id text not null references instances (id),
      id uuid not null,
      digest bytea not null,
      label text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      primary key (instance_id, id)
    );
    create unique index scim_tokens_digest on scim_tokens (digest);

    create table operator_tokens (
      id uuid primary key,
      digest bytea not null,
      label text not null,
      role text not null check (role in ('application', 'viewer', 'operator', 'admin')),
      -- The one instance that the token of an application reads; null for operators, who are everybody's.
      instance_id text references instances (id) check ((instance_id is not null) = (role = 'application')),
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz
    );
    create unique index operator_tokens_digest on operator_tokens (digest);
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table operator_tokens, scim_tokens, instances');
}

export const createInstancesAndTokens: Knex.Migration = { up, down };
