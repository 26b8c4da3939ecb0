import { spawn } from 'node:child_process';
import pg from 'pg';
import { testDatabase } from '../support/database.js';
import { testPostgres } from '../support/postgres.js';
describe('leak', () => {
  it('leaks', async () => {
    const d = await testDatabase();
    const c = new pg.Client({ connectionString: d.url, application_name: 'leaky' });
    c.on('error', () => undefined);
    await c.connect();
    spawn('sleep', ['30'], { stdio: 'ignore' }).unref();
    console.log(await testPostgres());
  });
});
