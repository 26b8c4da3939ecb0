import assert from 'node:assert/strict';
import type { ClientFamily } from '../../src/demo/okta-client.js';
import { type DemoResult, playDemo } from '../../src/demo/play-demo.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('roster demo', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let said: string[];
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 3 });
  });
  after(() => roster.close());

  const play = (family: ClientFamily, seed: string): Promise<DemoResult> => {
    said = [];
    return playDemo({ ...roster, family, seed, say: (line) => said.push(line) });
  };
  const told = (pattern: RegExp): number => said.findIndex((line) => pattern.test(line));
  const why = ({ rows }: DemoResult) =>
    Object.fromEntries(rows.map((row) => [row.user, [row.manager, row.why, row.team]]));

  it('provisions twelve people as the rules say, and says how', async () => {
    const result = await play('OIN', 'one');
    assert.deepEqual(result.faults, []);
    assert.equal(result.ok, true);
    assert.equal(result.rows.length, 12);
    assert.deepEqual(
      { ...why(result), 'Ines Alves': why(result)['Ines Alves']?.[0] },
      {
        'Grace Moore': ['First Coach', 'by fallback: Okta names nobody', 'First Coach'],
        'Ada Lane': why(result)['Ada Lane'],
        'Bo Kim': ['Grace Moore', 'assigned: grace.moore@acme.example', 'Grace Moore'],
        'Nora Quist': why(result)['Nora Quist'],
        'Cora Diaz': ['Ada Lane', 'assigned: ada.lane@acme.example', 'Ada Lane'],
        'Dan Osei': why(result)['Dan Osei'],
        'Eve Novak': ['Ada Lane', 'assigned: ADA.LANE@ACME.EXAMPLE', 'Ada Lane'],
        'Finn Berg': why(result)['Finn Berg'],
        'Gia Rossi': ['Bo Kim', 'assigned: bo.kim@acme.example', 'Bo Kim'],
        'Hugo Blanc': ['Nora Quist', 'assigned: nora.quist@acme.example', 'Nora Quist'],
        'Ines Alves': 'Nora Quist',
        'Jon Park': ['First Coach', 'by fallback: nobody is petra.green@acme.example', 'First Coach'],
      },
    );
  });

  it('has told each request with its answer, the wait, the fallback and the adoption, in this order', () => {
    const lines = [
      /GET \/Users\?startIndex=1&count=2 → 200 · \d+ ms$/,
      /POST \/Users hugo\.blanc@acme\.example → 201 · \d+ ms$/,
      /after 2 s; this instance waits 3 s/,
      /Hugo Blanc waits for nora\.quist@acme\.example: http/,
      /✓ Hugo Blanc: active, manager First Coach \(by fallback\), team First Coach$/,
      /POST \/Users nora\.quist@acme\.example → 201/,
      /✓ Hugo Blanc: active, manager Nora Quist \(assigned\), team Nora Quist$/,
      /✓ Finn Berg, Senior Engineer: active/,
      /PATCH \/Users\/\S+ ada\.lane@acme\.example → 200/,
      /✓ Ada Lane, Head of Sales: suspended$/,
      /│ Ada Lane +│ active │ Grace Moore │/,
      /^All as the rules say/,
    ].map(told);
    assert.ok(!lines.includes(-1), `not told: ${lines.join()}`);
    assert.deepEqual(
      lines,
      lines.toSorted((a, b) => a - b),
    );
  });

  it('finds and links everybody when it is played again, by the other family', async () => {
    const result = await play('AIW', 'two');
    assert.deepEqual(result.faults, []);
    assert.equal(told(/POST|PATCH/), -1);
    assert.ok(told(/PUT .*ada\.lane/) > 0);
  });

  it('knows when the Roster is wrong', async () => {
    const wrong = `create function spoil() returns trigger language plpgsql as $$
        begin new.title := 'Intern'; return new; end $$;
      create trigger spoil before update on accounts for each row when (new.title = 'Senior Engineer') execute function spoil()`;
    await roster.pool.query(wrong);
    const result = await play('OIN', 'three');
    await roster.pool.query('drop trigger spoil on accounts; drop function spoil');
    assert.equal(result.ok, false);
    assert.ok(
      result.faults.includes('Finn Berg: title is "Intern", should be "Senior Engineer"'),
      result.faults.join('\n'),
    );
    assert.ok(told(/✗ Finn Berg: title/) > 0);
  });

  it('knows somebody who was made by hand under the name that nobody should have', async () => {
    const response = await fetch(`${roster.scimUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${roster.scimToken}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ userName: 'petra.green@acme.example' }),
    });
    assert.equal(response.status, 201);
    await settled(roster);
    const result = await play('OIN', 'four');
    assert.deepEqual(result.faults, []);
    assert.deepEqual(why(result)['Jon Park']?.[0], 'Petra Green');
  });

  it('says in one line what to do where a token is refused or nothing answers', async () => {
    const say = () => undefined;
    await assert.rejects(playDemo({ ...roster, say, scimToken: 'no token' }), /refuses the SCIM token.*--token/);
    await assert.rejects(playDemo({ ...roster, say, adminToken: 'no token' }), /operator token.*--admin-token/);
    await assert.rejects(
      playDemo({ ...roster, say, scimUrl: 'http://127.0.0.1:1/scim/v2' }),
      /Nothing answers at http/,
    );
    await assert.rejects(
      playDemo({ ...roster, say, adminUrl: 'http://127.0.0.1:1/admin/v1' }),
      /Nothing answers at http/,
    );
  });
});
