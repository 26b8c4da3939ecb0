import type { Knex } from 'knex';

/** Files of people: their rows as staged, each with one final outcome. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table imports (
      instance_id text not null references instances (id),
      id uuid not null,
      state text not null default 'staging' check (state in ('staging', 'running', 'paused', 'done', 'cancelled')),
      dry_run boolean not null,
      idempotency_key text,
      -- What was asked for, and the SHA-256 of the file, once it is staged: the same key with something else is a mistake.
      asked text not null,
      digest bytea,
      actor text not null,
      request_id text,
      -- The header, and what each column says of somebody.
      columns text[] not null default '{}',
      attributes text[] not null default '{}',
      unknown_columns text[] not null default '{}',
      -- Between cells: the rejects file is written as the file was.
      delimiter text not null default ',',
      total integer not null default 0,
      created integer not null default 0,
      updated integer not null default 0,
      unchanged integer not null default 0,
      rejected integer not null default 0,
      cancelled integer not null default 0,
      created_at timestamptz not null default now(),
      finished_at timestamptz,
      -- When its run is to be started or woken next, null where there is nothing to do; while it is staged, when nobody stages it any more.
      due timestamptz,
      primary key (instance_id, id)
    );
    create unique index imports_id on imports (id);
    create unique index imports_idempotency_key on imports (instance_id, idempotency_key) where idempotency_key is not null;
    create index imports_due on imports (due) where due is not null;
    create index imports_finished on imports (finished_at) where finished_at is not null;

    -- No index looks at what becomes of a row, and pages have room for it, so that it costs one write.
    create table import_rows (
      instance_id text not null,
      import_id uuid not null,
      line integer not null,
      cells jsonb not null,
      -- What it says of somebody; null where the row was rejected as it was staged.
      attributes jsonb,
      user_name text,
      user_name_key text,
      -- Whom the row meant when it was staged, and the version then; null where there was nobody (guard 9).
      base_user_id uuid,
      base_version bigint,
      outcome text not null default 'pending' check (outcome in ('pending', 'created', 'updated', 'unchanged', 'rejected', 'cancelled')),
      user_id uuid,
      version bigint,
      fault text,
      reason text,
      changed text,
      manager text,
      primary key (instance_id, import_id, line),
      foreign key (instance_id, import_id) references imports (instance_id, id) on delete cascade
    ) with (fillfactor = 60);
    create index import_rows_user_name on import_rows (instance_id, import_id, user_name_key, line) where user_name_key is not null;
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table import_rows, imports');
}

export const createImports: Knex.Migration = { up, down };
