import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** What a client asked for and what it was told. */
export interface Operation {
  /** Place in the ledger. */
  readonly n: number;
  readonly instance: string;
  /** Whose account it is about. */
  readonly person: string;
  readonly kind: 'create' | 'patch' | 'put' | 'delete';
  /** What it asserts of the person. */
  readonly asserted: Asserted;
  /** Milliseconds of one clock. */
  readonly sentAt: number;
  endedAt?: number;
  /** `ok` was done, `fail` was surely not, of `unknown` nobody can say. */
  outcome?: 'ok' | 'fail' | 'unknown';
  status?: number;
  requestId?: string;
}

/** The registers of a person: each operation sets some. */
export interface Asserted {
  readonly title?: string;
  readonly active?: boolean;
  /** The externalId of the manager. */
  readonly manager?: string;
  /** Whether there is such a user at all. */
  readonly exists?: boolean;
}

/** What was asked and answered, in order, each line on the disk before the question and after the answer. */
export class Ledger {
  readonly operations: Operation[] = [];
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'w', 0o600);
  }

  begin(asked: Omit<Operation, 'n' | 'sentAt'>): Operation {
    const operation: Operation = { n: this.operations.length + 1, ...asked, sentAt: performance.now() };
    this.operations.push(operation);
    this.write(operation);
    return operation;
  }

  end(
    operation: Operation,
    answer: Required<Pick<Operation, 'outcome'>> & Pick<Operation, 'status' | 'requestId'>,
  ): void {
    Object.assign(operation, answer, { endedAt: performance.now() });
    this.write(operation);
  }

  close(): void {
    closeSync(this.file);
  }

  private write(operation: Operation): void {
    writeSync(this.file, `${JSON.stringify(operation)}\n`);
    fsyncSync(this.file);
  }
}
