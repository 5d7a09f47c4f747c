import {
  elu,
  exp,
  gelu,
  geluTanh,
  hardSwish,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  softplus,
  tanh,
} from '../autograd/elementwise.ts';
import { logSoftmax, softmax } from '../autograd/reductions.ts';
import { ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { ACTIVATIONS, type ActivationName, type ActivationSpec } from '../graph/activation.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A name, or a name with its parameter: `{ name: 'leakyRelu', alpha: 0.1 }`. */
export type ActivationChoice = ActivationName | ActivationSpec;

/** Checks a choice and fills in the default parameter. */
export function activationSpec(choice: ActivationChoice = 'linear'): ActivationSpec {
  const spec = typeof choice === 'string' ? { name: choice } : choice;
  checkOptions('activation', spec, 'name alpha');
  if (!ACTIVATIONS.includes(spec.name))
    throw new ValueError(
      'activation',
      'the name',
      `one of ${ACTIVATIONS.join(', ')}`,
      spec.name,
      didYouMean(spec.name, ACTIVATIONS),
    );
  if (spec.name === 'leakyRelu') return { name: spec.name, alpha: spec.alpha ?? 0.2 };
  if (spec.name === 'elu') return { name: spec.name, alpha: spec.alpha ?? 1 };
  return { name: spec.name };
}

const PLAIN = { gelu, geluTanh, hardSwish, relu, sigmoid, silu, softplus, tanh, softmax, logSoftmax, exponential: exp };

/** Applies an activation. */
export function activate({ name, alpha }: ActivationSpec, x: Tensor): Tensor {
  if (name === 'linear') return x;
  if (name === 'leakyRelu') return leakyRelu(x, alpha);
  if (name === 'elu') return elu(x, alpha);
  return PLAIN[name](x);
}
