/**
 * A clock for work that answers with a promise: seconds for so many runs, one after another. `before` runs ahead of the
 * clock.
 *
 * @param {() => unknown} run
 * @param {() => unknown} [before]
 */
export const clocked = (run, before) => async (iterations) => {
  await before?.();
  const start = performance.now();
  for (let i = 0; i < iterations; i++) await run();
  return (performance.now() - start) / 1000;
};

/** Steps after a reset that are not timed: the first ones compile and allocate. */
export const LEAD_IN = 3;

/** A clock for training steps, which begin with the first weights. */
export const clockedSteps = (step, reset) =>
  clocked(step, async () => {
    await reset();
    for (let i = 0; i < LEAD_IN; i++) await step();
  });

/** The losses of the first `count` steps. */
export async function losses(step, reset, count) {
  await reset();
  const list = [];
  for (let i = 0; i < count; i++) list.push(await step());
  return list;
}
