import { add, greater, mul, where } from '../autograd/arithmetic.ts';
import { cast } from '../autograd/movement.ts';
import { dropout } from '../autograd/products.ts';
import type { Shape } from '../base/shape.ts';
import type { Attributes } from '../graph/graph.ts';
import { allocateWords } from '../memory/arena.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { run } from '../memory/runtime.ts';
import { ones } from '../tensor/create.ts';
import type { Random } from '../tensor/random.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';

/** What selu tends to for very small inputs, -λα (Klambauer et al. 2017). */
const LOWEST = -1.7580993408473766;

type Noise = (x: Tensor, attrs: Attributes['dropout'], random: Random) => Tensor;

/** What is done to a batch in place of dropping, by the kind of noise. */
const NOISES: { readonly [K in NonNullable<Attributes['dropout']['noise']>]: Noise } = {
  added: (x, { deviation }, random) => add(x, mul(normals(x, random), deviation!)),
  factor: (x, { rate }, random) => mul(x, add(mul(normals(x, random), Math.sqrt(rate / (1 - rate))), 1)),
  alpha: (x, { rate }, random) => {
    const isKept = greater(dropout(ones(x.shape, x.dtype as FloatDType), rate, random), 0);
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * LOWEST * LOWEST));
    return add(mul(where(isKept, x, LOWEST), scale), -scale * rate * LOWEST);
  },
};

/** A batch as a dropout leaves it, or one of its like that is another noise. One draw from `random`. */
export function noisy(x: Tensor, attrs: Attributes['dropout'], random: Random): Tensor {
  const { rate, noise, spatial, noiseShape } = attrs;
  if (noise !== undefined) return NOISES[noise](x, attrs, random);
  const shared = spatial === true ? [...x.shape.slice(1, -1).map(() => 1), x.shape.at(-1)!] : noiseShape;
  return shared === undefined ? dropout(x, rate, random) : dropTogether(x, shared, rate, random);
}

/** Inverted dropout of numbers that one draw decides for, whatever they are: all along axes that are 1 in the shape drawn. */
function dropTogether(x: Tensor, drawn: Shape, rate: number, random: Random): Tensor {
  const factors = dropout(ones([x.shape[0]!, ...drawn], x.dtype as FloatDType), rate, random);
  return where(greater(factors, 0), mul(x, factors), 0);
}

/** Normal numbers of the shape of x, others each time a recorded step is repeated. */
function normals({ shape, size, dtype }: Tensor, random: Random): Tensor {
  const state = allocateWords(random.state.length);
  eachTime(() => {
    state.array.set(random.state);
    random.step++;
  });
  const y = empty(shape, 'float32');
  run.kernels.normal(size, state.array, y.storage.array as Float32Array);
  return dtype === 'float32' ? y : cast(y, dtype);
}
