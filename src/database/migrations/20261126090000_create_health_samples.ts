import type { Knex } from 'knex';

/** How each instance was at each minute of the last two hours, for the console's charts: figures, and no person. */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table health_samples (
      instance_id text not null references instances (id),
      at timestamptz not null,
      provisioned integer not null,
      waiting integer not null,
      stuck integer not null,
      primary key (instance_id, at)
    );
  `);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table health_samples');
}

export const createHealthSamples: Knex.Migration = { up, down };
