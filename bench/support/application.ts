import { once } from 'node:events';
import type pg from 'pg';
import { endpointUrl } from '../../src/application/endpoint-url.js';
import { setInstance } from '../../src/instances/instances.js';
import { type BenchInstance, BY_BENCH } from './seed.js';
import type { Stage } from './stage.js';

/** How long an application thinks about each account. */
export const ANSWER_MS = 20;
/** What a userName contains that an application refuses. */
export const POISON = 'poison';

/** Takes all; refuses poison while there is trouble; answers nobody while there is trouble. */
export const PATHS = { taking: '/taking', particular: '/particular', hanging: '/hanging' } as const;

/** Has trouble begin or end. */
export interface Trouble {
  readonly isOn: boolean;
}

/** The applications of a bench, a process of its own (`bench/application.ts`). */
export interface BenchApplications {
  /** Makes one of them an instance's: what was so before it is not told of. */
  give(pool: pg.Pool, instance: BenchInstance, kind: keyof typeof PATHS): Promise<void>;
  trouble(isOn: boolean): Promise<void>;
}

export async function startApplications(stage: Stage): Promise<BenchApplications> {
  const program = await stage.program('bench/application', {});
  return {
    give: async (pool, { slug }, kind) => {
      const url = endpointUrl(`http://127.0.0.1:${program.port}${PATHS[kind]}`, true);
      await setInstance(pool, slug, { application: { url } }, BY_BENCH);
    },
    trouble: async (isOn) => {
      const heard = once(program.process, 'message');
      program.process.send({ isOn } satisfies Trouble);
      await heard;
    },
  };
}
