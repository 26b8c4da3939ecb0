// Preloaded into each process of the proof: on SIGUSR2 its clock is off by PROOF_CLOCK_STEP_MS, until it is started anew (F25).
const Right = Date;
let step = 0;
process.on('SIGUSR2', () => {
  step = Number(process.env.PROOF_CLOCK_STEP_MS ?? 0);
});

globalThis.Date = class Date extends Right {
  constructor(...given) {
    if (given.length === 0) super(Right.now() + step);
    else super(...given);
  }

  static now() {
    return Right.now() + step;
  }
};
