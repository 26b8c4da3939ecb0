import assert from 'node:assert/strict';
import { ApplicationGate } from '../../activities/application-gate.js';
import type { InstanceId } from '../../src/ids.js';

const ACME = 'acme' as InstanceId;
const GLOBEX = 'globex' as InstanceId;

describe('calls to an instance’s application', () => {
  let gate: ApplicationGate;
  beforeEach(() => {
    gate = new ApplicationGate();
  });

  const enter = (instance: InstanceId) => {
    const place = gate.enter(instance);
    assert.ok('leave' in place, 'there is a place');
    return place;
  };
  const call = (instance: InstanceId, isAnswered: boolean) => {
    const { answered, leave } = enter(instance);
    answered(isAnswered);
    leave();
  };

  it('are at least twenty at once', () => {
    for (let at = 0; at < 20; at++) enter(ACME);
  });

  it('have a bound, beyond which others come back soon; another instance’s are not counted', () => {
    let places = 0;
    for (; places < 1_000 && 'leave' in gate.enter(ACME); places++);
    assert.ok(places < 1_000);
    const refused = gate.enter(ACME);
    assert.ok('afterMs' in refused && refused.afterMs < 2_000);
    enter(GLOBEX);
  });

  it('are few once it has not answered several times in a row, and as many as before once it has', () => {
    for (let at = 0; at < 5; at++) call(ACME, false);
    const probes = [enter(ACME), enter(ACME), enter(ACME)];
    const refused = gate.enter(ACME);
    assert.ok('afterMs' in refused && refused.afterMs > 10_000, 'and who finds no place does not ask each second');
    enter(GLOBEX);
    probes[0]?.answered(true);
    for (let at = 0; at < 20; at++) enter(ACME);
  });
});
