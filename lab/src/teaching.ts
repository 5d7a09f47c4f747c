import { Adam, distill, type Model } from 'whittle-ml';
import type { Plan } from './plans.ts';
import type { Workbench } from './workbench.ts';

/** See plans.ts for how these were chosen. */
export const TEMPERATURE = 3;
export const ALPHA = 0.7;

/** A student that has learned from a teacher, as long as one that is trained alone; `alpha` is the weight of the teacher's word. */
export function distilledBy(
  { teacher, student }: { readonly teacher: Model; readonly student: Model },
  bench: Workbench,
  { epochs, rate }: Pick<Plan, 'epochs' | 'rate'>,
  { alpha = ALPHA, name = 'student (distilled)' }: { readonly alpha?: number; readonly name?: string } = {},
): Model {
  const [x, y] = bench.data.train;
  const options = {
    ...{ teacher, student, x, y, temperature: TEMPERATURE, alpha },
    optimizer: new Adam({ learningRate: rate('student') }),
    epochs: epochs('student'),
    batchSize: bench.batchSize(y.shape[0]!),
    callbacks: [bench.ticks(name, epochs('student'))],
  };
  return bench.timed(() => distill(options)).model;
}
