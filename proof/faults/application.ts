import type { Random } from '../../src/demo/random.js';
import type { RecordingApplication } from '../../test/support/recording-application.js';
import type { World } from '../world.js';
import { type Fault, seconds } from './fault.js';

const answering =
  (answer: (world: World, random: Random) => RecordingApplication['answer']): Fault =>
  async (world, random) => {
    const usual = world.application.answer;
    world.application.answer = answer(world, random);
    await seconds(2, 5, random);
    world.application.answer = usual;
    world.application.hangUp();
  };

/** F15: one in five of the people, refused for good until it is mended; the seed's coaches too, where it ends so. */
const poison = answering((world) => {
  const isPoisoned = (userName: string): boolean => /[37]@/.test(userName.toLowerCase());
  return ({ account }) => {
    if (!isPoisoned(account.userName)) return { status: 204 };
    world.poisoned.add(account.id);
    return { status: 422, words: 'such a user is not to be' };
  };
});

export const APPLICATION_FAULTS: Readonly<Record<string, Fault>> = {
  'F13 application hangs': answering(() => () => ({ status: 'never' })),
  'F14 application answers 500, 429 and resets, and sometimes takes it all the same': answering((_, random) => () => {
    const status = random.pick([500, 503, 429, 'reset', 204] as const);
    return { status, retryAfter: 1, takes: status === 204 || random.chance(0.5) };
  }),
  'F15 application refuses some': poison,
};
