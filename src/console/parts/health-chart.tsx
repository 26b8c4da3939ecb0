import type { Health } from '../api-types.js';
import { number } from '../words.js';

const HOUR_MS = 3_600_000;
const WIDTH = 120;
const HEIGHT = 28;

type Measure = Exclude<keyof Health['samples'][number], 'at'>;

const MEASURES: readonly { readonly measure: Measure; readonly stage: string; readonly title: string }[] = [
  { measure: 'provisioned', stage: 'provisioned', title: 'Provisioned' },
  { measure: 'waiting', stage: 'waiting for manager', title: 'Waiting' },
  { measure: 'stuck', stage: 'stuck', title: 'Stuck' },
];

/** How many are provisioned, waiting and stuck, now and over the last hour. Each line has its own scale, from zero. */
export function HealthChart({ health }: { health: Health }) {
  return (
    <dl class="sparks">
      {MEASURES.map(({ measure, stage, title }) => {
        const now = health.now.find((one) => one.stage === stage)?.count ?? 0;
        return (
          <div key={measure} class={`spark ${measure} ${now === 0 ? 'none' : ''}`}>
            <dt>{title}</dt>
            <dd>{number(now)}</dd>
            <dd>
              <Line
                title={title}
                points={[
                  ...health.samples.map((sample) => ({ at: Date.parse(sample.at), value: sample[measure] })),
                  { at: Date.now(), value: now },
                ]}
              />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Line({ title, points }: { title: string; points: readonly { at: number; value: number }[] }) {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return null;
  const most = Math.max(1, ...points.map(({ value }) => value));
  const begin = Date.now() - HOUR_MS;
  const x = (at: number): number => ((at - begin) / HOUR_MS) * WIDTH;
  const y = (value: number): number => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
  const line = points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const said = `${title} over the last hour: from ${number(first.value)} to ${number(last.value)}, at most ${number(Math.max(...points.map(({ value }) => value)))}`;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said} preserveAspectRatio="none">
      <polygon points={`${x(first.at).toFixed(1)},${HEIGHT} ${line} ${x(last.at).toFixed(1)},${HEIGHT}`} />
      <polyline points={line} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
