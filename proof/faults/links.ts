import { setTimeout as delay } from 'node:timers/promises';
import { LINKS, type LinkName } from '../cluster.js';
import type { World } from '../world.js';
import { type Fault, seconds } from './fault.js';

/** One of these links, in this way for some while between so many seconds and so many. */
export const onLink =
  (
    names: readonly LinkName[],
    mode: Parameters<World['applicationLink']['set']>[0],
    [from, to]: readonly [number, number] = [1, 5],
  ): Fault =>
  async (world, random) => {
    const link = linkOf(world, random.pick(names));
    link.set(mode);
    await seconds(from, to, random);
    // A connection that lost bytes is of no more use.
    if (mode !== 'refuse' && !(typeof mode === 'object' && 'delay' in mode)) link.set('refuse');
    link.set('pass');
  };

const linkOf = (world: World, name: LinkName) =>
  name === 'workers to the application' ? world.applicationLink : world.cluster.links[name];

const flapping =
  (names: readonly LinkName[]): Fault =>
  async (world, random) => {
    const link = linkOf(world, random.pick(names));
    for (let times = 0; times < 4; times += 1) {
      link.set('refuse');
      await delay(300);
      link.set('pass');
      await delay(500);
    }
  };

export const LINK_FAULTS: Readonly<Record<string, Fault>> = {
  'F26 a link refused': onLink(LINKS, 'refuse'),
  'F26 a link lets requests through and no answers': onLink(LINKS, { drop: 'answers' }),
  'F26 a link lets no requests through': onLink(LINKS, { drop: 'requests' }),
  'F26 a link is slow': onLink(LINKS, { delay: [50, 300] }),
  'F26 a link flapping': flapping(LINKS),
};
