import type { Knex } from 'knex';

/**
 * What is so: accounts and teams. An index leaves out the rows that have nothing in its column: the front door's new
 * account is a bare place, and pays for the primary key alone. No index looks at what the front door changes of an account
 * (wanted, asserted version, status, revision), and pages have room left, so that its change touches none (a HOT update).
 * No foreign key leads to `users`: only the statement that stores a user makes an account, and a check would cost it a tenth.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table teams (
      instance_id text not null references instances (id),
      id uuid not null default gen_random_uuid(),
      manager_id uuid not null,
      name text not null,
      primary key (instance_id, id)
    );
    create unique index teams_manager on teams (instance_id, manager_id);

    create table accounts (
      instance_id text not null,
      id uuid not null,
      wanted text not null check (wanted in ('active', 'suspended')),
      asserted_version bigint not null,
      applied_version bigint not null default 0,
      -- An "active: false" that the switch deactivateUsers kept from taking effect (rule 9).
      kept boolean not null default false,
      -- When Okta ended the access, until it is decided that this was no mass unassignment; the same moment where it was, and the
      -- account is held (rule 12).
      unassigned_at timestamptz,
      held_at timestamptz,
      status text not null default 'pending' check (status in ('pending', 'active', 'suspended', 'refused')),
      revision bigint not null default 0,
      user_name text,
      display_name text,
      email text,
      title text not null default '',
      role text not null default 'individual' check (role in ('individual', 'manager', 'publisher', 'coach')),
      coach_since timestamptz,
      -- The keys by which others' references may mean this account, and this account's own reference.
      external_id_key text,
      user_name_key text,
      email_key text,
      manager_reference_key text,
      -- Whom the reference means, active or not; the circle of such references the account is on, named by its least id.
      resolved_to uuid,
      circle uuid,
      manager_id uuid,
      origin text not null default 'none' check (origin in ('assigned', 'default', 'none')),
      team_id uuid,
      -- The mark of a wait for the manager; only a write that decides clears it (guard 4).
      wait_until timestamptz,
      created_at timestamptz not null default now(),
      primary key (instance_id, id),
      foreign key (instance_id, manager_id) references accounts (instance_id, id),
      foreign key (instance_id, team_id) references teams (instance_id, id)
    ) with (fillfactor = 80);
    alter table teams add foreign key (instance_id, manager_id) references accounts (instance_id, id);
    alter table instances add foreign key (id, default_manager_id) references accounts (instance_id, id);

    create index accounts_external_id_key on accounts (instance_id, external_id_key) where external_id_key is not null;
    create index accounts_user_name_key on accounts (instance_id, user_name_key) where user_name_key is not null;
    create index accounts_email_key on accounts (instance_id, email_key) where email_key is not null;
    create index accounts_manager_reference_key on accounts (instance_id, manager_reference_key, id) where manager_reference_key is not null;
    create index accounts_resolved_to on accounts (instance_id, resolved_to, id) where resolved_to is not null;
    create index accounts_circle on accounts (instance_id, circle) where circle is not null;
    create index accounts_manager on accounts (instance_id, manager_id, id) where manager_id is not null;
    create index accounts_team on accounts (instance_id, team_id) where team_id is not null;
    create index accounts_coaches on accounts (instance_id, coach_since) where role = 'coach';
    create index accounts_kept on accounts (instance_id, id) where kept;
    create index accounts_held on accounts (instance_id, id) where held_at is not null;
    create index accounts_by_fallback on accounts (instance_id, origin, manager_id) where origin <> 'assigned';
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table instances drop constraint instances_id_default_manager_id_fkey');
  await knex.raw('alter table teams drop constraint teams_instance_id_manager_id_fkey');
  await knex.raw('drop table accounts, teams');
}

export const createAccountsAndTeams: Knex.Migration = { up, down };
