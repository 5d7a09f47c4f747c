import {
  elu,
  exp,
  gelu,
  geluTanh,
  hardSwish,
  leakyRelu,
  relu,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
} from '../autograd/elementwise.ts';
import { logSoftmax, softmax } from '../autograd/reductions.ts';
import { ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { ACTIVATIONS, type ActivationName, type ActivationSpec } from '../graph/activation.ts';
import { activation } from '../graph/attributes.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A name, or a name with its parameter: `{ name: 'leakyRelu', alpha: 0.1 }`. */
export type ActivationChoice = ActivationName | ActivationSpec;

/** Checks a choice and fills in the default parameter. */
export function activationSpec(choice: ActivationChoice = 'linear'): ActivationSpec {
  if (typeof choice === 'object') checkOptions('activation', choice, 'name alpha');
  const spec = activation.read(choice);
  if (spec !== undefined) return spec;
  const named: unknown = typeof choice === 'function' ? (choice as { name: string }).name : choice;
  const hint = typeof named === 'string' ? didYouMean(named, ACTIVATIONS) : undefined;
  throw new ValueError('activation', 'the name', activation.wanted, choice, hint);
}

const PLAIN = {
  gelu,
  geluTanh,
  hardSwish,
  relu,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
  softmax,
  logSoftmax,
  exponential: exp,
};

/** Applies an activation. */
export function activate({ name, alpha }: ActivationSpec, x: Tensor): Tensor {
  if (name === 'linear') return x;
  if (name === 'leakyRelu') return leakyRelu(x, alpha);
  if (name === 'elu') return elu(x, alpha);
  return PLAIN[name](x);
}
