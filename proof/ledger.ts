import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** What an operation asserts: values of registers, by their names. */
export type Registers = Readonly<Record<string, string | boolean>>;

/** What a client asked for and what it was told. */
export interface Operation {
  /** Place in the ledger. */
  readonly n: number;
  readonly instance: string;
  /** What it is about: a person by externalId, or a group by name. */
  readonly subject: string;
  readonly kind: string;
  readonly asserted: Registers;
  /** Milliseconds of one clock. */
  readonly sentAt: number;
  endedAt?: number;
  /** `ok` was done, `fail` was surely not, of `unknown` nobody can say. */
  outcome?: Verdict;
  status?: number;
  requestId?: string;
}

type Verdict = 'ok' | 'fail' | 'unknown';

export const subjectKey = ({ instance, subject }: Pick<Operation, 'instance' | 'subject'>): string =>
  `${instance}/${subject}`;

/** What was asked and answered, in order, each line on the disk before the question and after the answer. */
export class Ledger {
  readonly operations: Operation[] = [];
  /** By `subjectKey`. */
  readonly bySubject = new Map<string, Operation[]>();
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'w', 0o600);
  }

  begin(asked: Omit<Operation, 'n' | 'sentAt'>): Operation {
    const operation: Operation = { n: this.operations.length + 1, ...asked, sentAt: performance.now() };
    this.operations.push(operation);
    const key = subjectKey(operation);
    const before = this.bySubject.get(key);
    if (before === undefined) this.bySubject.set(key, [operation]);
    else before.push(operation);
    this.write([operation]);
    return operation;
  }

  end(
    operations: Operation | readonly Operation[],
    answer: Required<Pick<Operation, 'outcome'>> & Pick<Operation, 'status' | 'requestId'>,
  ): void {
    const ended = [operations].flat();
    for (const operation of ended) Object.assign(operation, answer, { endedAt: performance.now() });
    this.write(ended);
  }

  count(outcome: Verdict): number {
    return this.operations.filter((operation) => operation.outcome === outcome).length;
  }

  close(): void {
    closeSync(this.file);
  }

  private write(operations: readonly Operation[]): void {
    writeSync(this.file, operations.map((operation) => `${JSON.stringify(operation)}\n`).join(''));
    fsyncSync(this.file);
  }
}
