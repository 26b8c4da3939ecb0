// Preloaded into each process of the proof: on SIGUSR2 its clock is off by the milliseconds of its own URL's `step`, until it is started anew (F25).
const Right = Date;
let step = 0;
process.on('SIGUSR2', () => {
  step = Number(new URL(import.meta.url).searchParams.get('step'));
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
