import { damage, type Model, type Samples } from 'whittle-ml';

/** What a smaller form of a network does to all test samples, and to those of one class. Shares of 0 to 1. */
export function damageTo(rare: number, before: Model, after: Model, test: Samples) {
  const report = damage(before, after, test); // String(report) is a text for people
  const output = report.outputs[0]!;
  if (output.kind === 'numbers') throw new Error('a network that names classes is expected');
  const { accuracy, changed, classes } = output;
  return { accuracy, changed: changed.share, rare: classes.find(({ name }) => name === String(rare))! };
}
