import type { Health } from '../api-types.js';
import { number } from '../words.js';

const HOUR_MS = 3_600_000;
/** There is a sample each minute, some seconds late. */
const GAP_MS = 150_000;
const WIDTH = 120;
const HEIGHT = 28;
/** Below the edge: nobody is no line. */
const GROUND = HEIGHT + 2;

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
              <span class="quiet" aria-hidden="true">
                last hour
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

interface Point {
  readonly at: number;
  readonly value: number;
}

function Line({ title, points }: { title: string; points: readonly Point[] }) {
  const values = points.map(({ value }) => value);
  const highest = Math.max(...values);
  const begin = Date.now() - HOUR_MS;
  const x = (at: number): string => (((at - begin) / HOUR_MS) * WIDTH).toFixed(1);
  const y = (value: number): string => (GROUND - (value / Math.max(1, highest)) * (GROUND - 2)).toFixed(1);
  const said = `${title} over the last hour: from ${number(values[0] ?? 0)} to ${number(values.at(-1) ?? 0)}, at most ${number(highest)}`;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said} preserveAspectRatio="none">
      {stretches(points).map((stretch) => {
        const [first, last] = [stretch[0], stretch.at(-1)];
        if (first === undefined || last === undefined) return null;
        const line = stretch.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ');
        return (
          <g key={first.at}>
            <polygon points={`${x(first.at)},${GROUND} ${line} ${x(last.at)},${GROUND}`} />
            {/* The end twice, so that a lone minute is a dot. */}
            <polyline points={`${line} ${x(last.at)},${y(last.value)}`} vector-effect="non-scaling-stroke" />
          </g>
        );
      })}
    </svg>
  );
}

/** The points without the gaps between them: nobody knows how many there were in a minute in which no server ran. */
function stretches(points: readonly Point[]): Point[][] {
  const all: Point[][] = [];
  for (const point of points) {
    const current = all.at(-1);
    const before = current?.at(-1);
    if (current === undefined || before === undefined || point.at - before.at > GAP_MS) all.push([point]);
    else current.push(point);
  }
  return all;
}
