import { setTimeout as delay } from 'node:timers/promises';
import { ended, type Program, type ProgramName } from '../cluster.js';
import type { World } from '../world.js';
import { type Fault, SERVERS, seconds, WORKERS } from './fault.js';

/** A moment that does not come within this time is not waited for. */
const MOMENT_MS = 3_000;

/** The statements of a run's steps, by their names. */
const STEPS = [
  'read_asserted',
  'apply_accounts',
  'evaluate_reports',
  'find_managers',
  'join_teams',
  'mark_applied',
  'claim_announcement',
  'finish_announcement',
];

const end = async (world: World, name: ProgramName, signal: NodeJS.Signals): Promise<void> => {
  const child = world.cluster.process(name);
  child?.kill(signal);
  if (child !== undefined) await ended(child);
};

/** SIGKILL; whoever keeps it running starts it again. */
export const kill =
  (names: readonly ProgramName[]): Fault =>
  (world, random) =>
    end(world, random.pick(names), 'SIGKILL');

/** SIGKILL at the very moment at which a statement is sent to PostgreSQL, or its answer comes back. */
const killAt =
  (names: readonly Program[], statements: readonly string[], at: 'request' | 'answer'): Fault =>
  async (world, random) => {
    const name = random.pick(names);
    const link = world.cluster.links[`${name} to PostgreSQL`];
    const came = new Promise<void>((told) => link.set({ cut: random.pick(statements), at, after: 'pass', told }));
    const killed = came.then(() => end(world, name, 'SIGKILL')).then(() => true);
    const isKilled = await Promise.race([killed, delay(MOMENT_MS, false)]);
    link.set('pass');
    return isKilled;
  };

/** SIGSTOP, then SIGCONT: a zombie that goes on where it was. */
const freeze =
  (names: readonly ProgramName[]): Fault =>
  async (world, random) => {
    const child = world.cluster.process(random.pick(names));
    child?.kill('SIGSTOP');
    await seconds(2, 12, random);
    child?.kill('SIGCONT');
  };

/** The same for longer than any lease lasts; other faults come meanwhile. */
const freezeLong: Fault = (world, random) => {
  const child = world.cluster.process(random.pick(WORKERS));
  child?.kill('SIGSTOP');
  world.cluster.later.push(seconds(32, 40, random).then(() => void child?.kill('SIGCONT')));
  return Promise.resolve();
};

export const PROCESS_FAULTS: Readonly<Record<string, Fault>> = {
  'F1 worker killed': kill(WORKERS),
  'F1 worker killed before a step': killAt(WORKERS, STEPS, 'request'),
  'F1 worker killed after a step, before it could tell': killAt(WORKERS, STEPS, 'answer'),
  'F2 worker frozen': freeze(WORKERS),
  'F2 worker frozen for longer than leases': freezeLong,
  'F2 server frozen': freeze(SERVERS),
  'F3 server killed': kill(SERVERS),
  'F3 server killed before COMMIT': killAt(SERVERS, ['insert_users', 'update_free_users'], 'request'),
  'F3 server killed after COMMIT, before its answer': killAt(SERVERS, ['insert_users', 'update_free_users'], 'answer'),
  'F4 dispatcher killed between signal and removal': killAt(SERVERS, ['remove_kicks'], 'request'),
  'F25 clock an hour off': async (world, random) => {
    const name = random.pick([...SERVERS, ...WORKERS]);
    world.cluster.process(name)?.kill('SIGUSR2');
    await seconds(2, 5, random);
    // It is right again in a process that is started anew.
    await end(world, name, 'SIGKILL');
  },
  'F28 server asked to end': (world, random) => end(world, random.pick(SERVERS), 'SIGTERM'),
  'F28 worker asked to end': (world, random) => end(world, random.pick(WORKERS), 'SIGTERM'),
};
