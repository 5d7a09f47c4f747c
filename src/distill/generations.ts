import { checkCount } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { drawnAnew } from '../compress/clone.ts';
import type { Network } from '../graph/network.ts';
import { checkModel } from '../nn/check-model.ts';
import type { History, Model } from '../nn/model.ts';
import { COMMON_OPTIONS, type DistillOptions, distill, fresh } from './distill.ts';
import { ensembleNetwork } from './ensemble.ts';

/** The seed `i` after another: behind the largest, 2⁵³ - 1, comes 0. */
const seedAfter = (seed: number, i: number): number =>
  seed > Number.MAX_SAFE_INTEGER - i ? i - (Number.MAX_SAFE_INTEGER - seed) - 1 : seed + i;

export interface BornAgainOptions extends Omit<DistillOptions, 'teacher' | 'student' | 'assistants'> {
  /** Trained: the teacher of the first generation, and the architecture of all. */
  readonly model: Model;
  /** Default 3. */
  readonly generations?: number;
}

/**
 * Born-again networks (Furlanello et al. 2018): students of the same architecture, the weights of each drawn anew by another
 * seed, learn from the one before. `ensemble` is the mean of all generations' outputs, without the first teacher's (section
 * 3.1). Throws StateError for an optimizer that cannot be made anew for each.
 *
 * @example
 * const { generations, ensemble } = bornAgain({ model, x, y, epochs: 5, generations: 2 });
 * generations.map(({ model }) => model.evaluate(xTest, yTest).accuracy); // [ 1, 1 ]
 * const network = ensemble();
 */
export function bornAgain(options: BornAgainOptions): {
  readonly generations: readonly { readonly model: Model; readonly history: History }[];
  readonly ensemble: () => Network;
} {
  const op = 'bornAgain';
  checkOptions(op, options, `model generations validationData ${COMMON_OPTIONS}`);
  const { model, generations = 3, optimizer, ...own } = options;
  checkModel(op, 'model', model);
  checkCount(op, 'generations', generations);
  const made: { readonly model: Model; readonly history: History }[] = [];
  for (let i = 1; i <= generations; i++) {
    const teacher = made.at(-1)?.model ?? model;
    const student = drawnAnew(model, seedAfter(model.seed, i));
    const { model: next, history } = distill({ ...own, teacher, student, optimizer: () => fresh(optimizer) });
    made.push({ model: next, history });
  }
  return { generations: made, ensemble: () => ensembleNetwork(made.map((each) => each.model)) };
}
