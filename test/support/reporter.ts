import Mocha from 'mocha';

/**
 * The reporter `spec`; then which tests went wrong once, where they may be tried again; and as the very last line how many passed, failed
 * and, if any, were skipped.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const again: string[] = [];
    runner.on('retry', (test, error) => void again.push(`  ${test.fullTitle()}\n    ${error.message.split('\n')[0]}`));
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      if (again.length > 0) process.stdout.write(`went wrong once and were tried again:\n${again.join('\n')}\n\n`);
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
    });
  }
}
