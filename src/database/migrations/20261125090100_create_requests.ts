import type { Knex } from 'knex';

/** The last requests of each instance, refused ones too: Okta keeps no bodies, and says little of what failed. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table requests (
      instance_id text not null,
      id uuid not null,
      at timestamptz(3) not null,
      token_id uuid,
      method text not null,
      path text not null,
      status smallint not null,
      scim_type text,
      detail text,
      ms real not null,
      request_id text not null,
      user_id uuid,
      body jsonb,
      primary key (instance_id, id)
    );
    comment on column requests.path is 'with the names of query parameters, never their values';
    comment on column requests.body is 'with every value redacted; only while the instance wants bodies';
    -- Rows come in the order of time: enough to find the old ones by.
    create index requests_at on requests using brin (at);
    alter table instances add column log_bodies_until timestamptz;
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table instances drop column log_bodies_until');
  await knex.raw('drop table requests');
}

export const createRequests: Knex.Migration = { up, down };
