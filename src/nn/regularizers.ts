import { add, mul } from '../autograd/arithmetic.ts';
import { abs, square } from '../autograd/elementwise.ts';
import { sum } from '../autograd/reductions.ts';
import { ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * The penalty l1·Σ|w| + l2·Σw², added to the loss. There is no ½ before l2, as in Keras: PyTorch's SGD weight_decay w
 * corresponds to l2 = w/2.
 */
export interface Regularizer {
  readonly l1: number;
  readonly l2: number;
}

export type RegularizerChoice = Regularizer | 'l1' | 'l2' | 'l1_l2';

/**
 * Σ|w| times `factor`, default 0.01. Drives weights toward 0; a gradient step alone seldom makes them exactly 0.
 *
 * @example
 * l1(0.001); // { l1: 0.001, l2: 0 }
 * const layer = new Dense(8, { kernelRegularizer: l1(0.001) });
 */
export function l1(factor = 0.01): Regularizer {
  return l1l2({ l1: factor });
}

/**
 * Σw² times `factor`, default 0.01.
 *
 * @example
 * l2(0.001); // { l1: 0, l2: 0.001 }
 * const net = new Sequential([new Dense(1, { kernelInitializer: 'ones', kernelRegularizer: l2(0.25) })]);
 * net.compile({ optimizer: 'sgd', loss: 'mse' });
 * net.trainOnBatch([[1, 1]], [[2]]).loss; // 0.5
 */
export function l2(factor = 0.01): Regularizer {
  return l1l2({ l2: factor });
}

/**
 * Both, each 0 by default.
 *
 * @example
 * l1l2({ l1: 0.001, l2: 0.01 }); // { l1: 0.001, l2: 0.01 }
 * const layer = new Dense(8, { kernelRegularizer: l1l2({ l1: 0.001, l2: 0.01 }) });
 */
export function l1l2(options: { readonly l1?: number; readonly l2?: number } = {}): Regularizer {
  checkOptions('regularizer', options, 'l1 l2');
  const made = { l1: options.l1 ?? 0, l2: options.l2 ?? 0 };
  for (const [field, value] of Object.entries(made)) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new ValueError('regularizer', field, 'a finite number of at least 0', value);
  }
  return made;
}

/** The regularizer behind a choice; the strings stand for factors of 0.01. */
export function regularizer(choice: RegularizerChoice | undefined): Regularizer | null {
  if (choice === undefined) return null;
  if (typeof choice === 'object' && choice !== null) return l1l2(choice);
  if (choice === 'l1') return l1();
  if (choice === 'l2') return l2();
  if (choice === 'l1_l2') return l1l2({ l1: 0.01, l2: 0.01 });
  const { name } = Object(choice) as { readonly name?: string };
  const remedy = typeof choice === 'function' ? `Call it: ${name}(0.01)` : didYouMean(choice, ['l1', 'l2', 'l1_l2']);
  throw new ValueError('regularizer', 'the name', 'l1, l2 or l1_l2', choice, remedy);
}

/** The penalty of `w` as a scalar. */
export function penalty(w: Tensor, { l1: first, l2: second }: Regularizer): Tensor {
  const absolute = (): Tensor => mul(sum(abs(w)), first);
  const squared = (): Tensor => mul(sum(square(w)), second);
  if (second === 0) return absolute();
  return first === 0 ? squared() : add(absolute(), squared());
}
