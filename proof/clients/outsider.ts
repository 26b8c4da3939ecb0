import { PATCH_OP } from '../../src/demo/okta-bodies.js';
import { askScim } from '../ask.js';
import type { ClientOf, Tenant } from '../world.js';
import { think } from './think.js';

const THINK_MS = 1_000;

/** Asks for users of another instance until told to stop; there are none (I11). */
export async function lookOverTheWall(of: ClientOf, other: Tenant): Promise<void> {
  const { world, random } = of;
  while (!world.signal.aborted) {
    const id = [...other.ids.values()][random.below(other.ids.size)];
    if (id !== undefined) {
      const patch = {
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', value: { title: 'of another' } }],
      };
      const questions = [
        { method: 'GET', path: `/Users/${id}` },
        { method: 'PATCH', path: `/Users/${id}`, body: patch },
        { method: 'DELETE', path: `/Users/${id}` },
        { method: 'DELETE', path: `/Groups/${id}` },
      ];
      const question = random.pick(questions);
      const answer = await askScim(of, question);
      if (answer !== undefined && ![401, 404, 429].includes(answer.status))
        world.seen.push(`I11 ${question.method} of another instance's ${id}: ${answer.status}`);
    }
    await think(of, THINK_MS);
  }
}
