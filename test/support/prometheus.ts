import assert from 'node:assert/strict';

/** One line of what a `/metrics` says. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus's text format. @throws AssertionError at a line that is not of it */
export function readSamples(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line);
      return { name, labels: pairs(labels), value: Number(value) };
    });
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );

/** What `docs/alerts.yml` may say: a metric with labels, or its absence or increase, compared with a number. */
const EXPRESSION =
  /^(?:(?<call>absent|increase)\()?(?<name>[a-z]\w*)(?:\{(?<labels>[^{}]*)\})?(?:\[\d+m\])?\)?(?: (?<compare>==|>) (?<number>\d+))?$/;

/** The name of the metric that an expression is about. @throws AssertionError where the expression is not a simple one */
export const metricOf = (expression: string): string => partsOf(expression)['name'] ?? '';

/**
 * Whether an expression is true of these samples: `increase` looks at how a series has grown since those before, and sees,
 * like Prometheus, nothing of one that was not there then.
 */
export function isTrue(expression: string, samples: readonly Sample[], before: readonly Sample[]): boolean {
  const { call, name, labels = '', compare, number } = partsOf(expression);
  const wanted = Object.entries(pairs(labels));
  const matches = (sample: Sample): boolean =>
    sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value);
  const found = samples.filter(matches);
  if (call === 'absent') return found.length === 0;
  const values = found.flatMap((sample) => {
    if (call !== 'increase') return [sample.value];
    const earlier = before.find((one) => matches(one) && JSON.stringify(one.labels) === JSON.stringify(sample.labels));
    return earlier === undefined ? [] : [sample.value - earlier.value];
  });
  return values.some((value) => (compare === '==' ? value === Number(number) : value > Number(number)));
}

function partsOf(expression: string): Partial<Record<string, string>> {
  const { groups } = EXPRESSION.exec(expression) ?? assert.fail(`This is no simple expression: ${expression}`);
  return groups ?? {};
}
