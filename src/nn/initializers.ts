import { checkOneOf, checkRange, ValueError } from '../base/errors.ts';
import { callMeant, checkOptions, didYouMean } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { full, ones, tensor, zeros } from '../tensor/create.ts';
import type { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { made, type Recipe } from './recipes.ts';

/** Makes a parameter's first numbers. `shape` is [...receptive field, inputs, outputs]. */
export type InitializerFunction = (shape: Shape, random: Random, dtype: FloatDType) => Tensor;

/** Those that scale a variance by the size of the layer. */
const SCALINGS = {
  glorotUniform: { mode: 'fanAverage', distribution: 'uniform' }, // Glorot & Bengio 2010
  glorotNormal: { mode: 'fanAverage' },
  heUniform: { scale: 2, distribution: 'uniform' }, // He et al. 2015
  heNormal: { scale: 2 },
  lecunUniform: { distribution: 'uniform' }, // LeCun et al. 1998
  lecunNormal: {},
  torchUniform: { scale: (1 / 3) as number, distribution: 'uniform' }, // U(±1/√fanIn): variance 1/(3·fanIn)
} as const;

/** Those that are made by functions. */
const CALLS = {
  constant: 'constant(0.1)',
  randomUniform: 'randomUniform()',
  randomNormal: 'randomNormal()',
  truncatedNormal: 'truncatedNormal()',
  varianceScaling: 'varianceScaling({ scale: 2 })',
};

export type InitializerName = 'zeros' | 'ones' | 'orthogonal' | keyof typeof SCALINGS;

export type Initializer = InitializerName | InitializerFunction;

export function isInitializerName(name: string): name is InitializerName {
  return ['zeros', 'ones', 'orthogonal'].includes(name) || Object.hasOwn(SCALINGS, name);
}

/** The function behind a name. PyTorch draws a bias by the inputs of its `kernel`; others go by the shape that they are asked for. */
export function initializer(choice: Initializer, kernel?: Shape): InitializerFunction {
  if (typeof choice === 'function') return choice;
  if (!isInitializerName(choice)) {
    const names = ['zeros', 'ones', 'orthogonal', ...Object.keys(SCALINGS)];
    const meant = callMeant(choice, CALLS) ?? didYouMean(choice, names);
    throw new ValueError('initializer', 'the name', 'an initializer such as glorotUniform or heNormal', choice, meant);
  }
  if (choice === 'zeros') return (shape, _, dtype) => zeros(shape, dtype);
  if (choice === 'ones') return (shape, _, dtype) => ones(shape, dtype);
  if (choice === 'orthogonal') return orthogonal();
  return scaled(SCALINGS[choice], choice === 'torchUniform' ? kernel : undefined);
}

/** An initializer made again from the name and options that a file holds. */
export function initializerByName(name: string, options: Recipe): InitializerFunction {
  const { value, low, high, mean, deviation, gain } = options as Record<string, number>;
  switch (name) {
    case 'constant':
      return constant(value!);
    case 'randomUniform':
      return randomUniform(low, high);
    case 'randomNormal':
      return randomNormal(mean, deviation);
    case 'truncatedNormal':
      return truncatedNormal(mean, deviation);
    case 'varianceScaling':
      return varianceScaling(options);
    case 'orthogonal':
      return orthogonal(gain);
    default:
      throw new ValueError('initializer', 'the name', 'a function of the library such as constant', name);
  }
}

/** Notes how the function was made, for files. Throws ValueError for options that should be numbers and are not. */
function recorded(recipe: Recipe, make: InitializerFunction): InitializerFunction {
  const { name, mode: _, distribution: __, ...numbers } = recipe;
  for (const [field, value] of Object.entries(numbers))
    if (typeof value !== 'number') throw new ValueError(String(name), field, 'a number', value);
  return made(make, recipe);
}

/**
 * Every number is `value`.
 *
 * @example
 * const layer = new Dense(1, { activation: 'sigmoid', biasInitializer: constant(-2) });
 * new Sequential([layer]).build([4]);
 * layer.bias; // [-2.]
 */
export function constant(value: number): InitializerFunction {
  return recorded({ name: 'constant', value }, (shape, _, dtype) => full(shape, value, dtype));
}

/**
 * Keras's defaults: ±0.05.
 *
 * @example
 * const layer = new Dense(50, { kernelInitializer: randomUniform(-1, 1) });
 * new Sequential([layer], { seed: 1 }).build([200]);
 * max(abs(layer.kernel)).item() <= 1; // true
 */
export function randomUniform(low = -0.05, high = 0.05): InitializerFunction {
  const recipe = { name: 'randomUniform', low, high };
  return recorded(recipe, (shape, random, dtype) => random.uniform(shape, low, high, dtype));
}

/**
 * Keras's defaults: deviation 0.05.
 *
 * @example
 * const layer = new Dense(50, { kernelInitializer: randomNormal(0, 0.5) });
 * new Sequential([layer], { seed: 1 }).build([200]);
 * variance(layer.kernel).item().toFixed(2); // 0.25
 */
export function randomNormal(mean = 0, deviation = 0.05): InitializerFunction {
  const recipe = { name: 'randomNormal', mean, deviation };
  return recorded(recipe, (shape, random, dtype) => random.normal(shape, mean, deviation, dtype));
}

/**
 * Normal numbers, redrawn while further than two deviations from the mean.
 *
 * @example
 * const layer = new Dense(50, { kernelInitializer: truncatedNormal(0, 0.5) });
 * new Sequential([layer], { seed: 1 }).build([200]);
 * max(abs(layer.kernel)).item() <= 1; // true
 */
export function truncatedNormal(mean = 0, deviation = 0.05): InitializerFunction {
  return recorded({ name: 'truncatedNormal', mean, deviation }, (shape, random, dtype) => {
    const z = random.normal(shape).data;
    let far = Array.from(z.keys()).filter((i) => Math.abs(z[i]!) > 2);
    while (far.length > 0) {
      const again = random.normal([far.length]).data;
      far.forEach((i, j) => {
        z[i] = again[j]!;
      });
      far = far.filter((i) => Math.abs(z[i]!) > 2);
    }
    const values = Float64Array.from(z, (value) => mean + deviation * value);
    return tensor(values, { shape, dtype });
  });
}

/** Standard deviation of a standard normal truncated at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

export interface VarianceScalingOptions {
  /** Default 1. */
  readonly scale?: number;
  /** Divisor of the scale. Default `fanIn`. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAverage';
  /** `normal` (default) is truncated at two deviations. */
  readonly distribution?: 'normal' | 'uniform';
}

/**
 * Zero mean and variance scale/fan.
 *
 * @example
 * const layer = new Dense(50, { kernelInitializer: varianceScaling({ scale: 2, mode: 'fanOut' }) });
 * new Sequential([layer], { seed: 1 }).build([200]);
 * variance(layer.kernel).item().toFixed(2); // 0.04
 */
export function varianceScaling(options: VarianceScalingOptions): InitializerFunction {
  checkOptions('varianceScaling', options, 'scale mode distribution');
  const { scale = 1, mode = 'fanIn', distribution = 'normal' } = options;
  const op = 'varianceScaling';
  checkRange(op, 'scale', scale, 'at least 0');
  checkOneOf(op, 'mode', mode, ['fanIn', 'fanOut', 'fanAverage']);
  checkOneOf(op, 'distribution', distribution, ['normal', 'uniform']);
  return recorded({ name: op, scale, mode, distribution }, scaled({ scale, mode, distribution }));
}

/** A variance by the fans of the shape that is asked for, or of another. */
const scaled =
  ({ scale = 1, mode = 'fanIn', distribution = 'normal' }: VarianceScalingOptions, by?: Shape): InitializerFunction =>
  (shape, random, dtype) => {
    const [fanIn, fanOut] = fans(by ?? shape);
    const fan = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(1, fan);
    if (distribution === 'normal')
      return truncatedNormal(0, Math.sqrt(variance) / TRUNCATED_DEVIATION)(shape, random, dtype);
    const limit = Math.sqrt(3 * variance);
    return random.uniform(shape, -limit, limit, dtype);
  };

/** Inputs and outputs of one unit; the axes before the last two are a receptive field. */
function fans(shape: Shape): [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = elementsOf(shape.slice(0, -2));
  return [field * shape.at(-2)!, field * shape.at(-1)!];
}

/**
 * Orthonormal rows or columns of the [product, last] matrix, by Gram and Schmidt on normal numbers (Saxe et al. 2014).
 *
 * @example
 * const w = orthogonal()([4, 2], new Random(1, 'kernel'), 'float32');
 * max(abs(sub(matmul(transpose(w), w), eye(2)))).item() < 1e-6; // true
 */
export function orthogonal(gain = 1): InitializerFunction {
  return recorded({ name: 'orthogonal', gain }, (shape, random, dtype) => {
    const cols = shape.at(-1) ?? 1;
    const rows = elementsOf(shape.slice(0, -1));
    const count = Math.min(rows, cols);
    const length = Math.max(rows, cols);
    const vectors = Array.from({ length: count }, () => Float64Array.from(random.normal([length]).data));
    vectors.forEach((v, i) => {
      // Twice: the second pass removes what rounding left.
      for (let pass = 0; pass < 2; pass++) {
        for (const u of vectors.slice(0, i)) {
          const dot = v.reduce((total, value, j) => total + value * u[j]!, 0);
          for (let j = 0; j < length; j++) v[j] = v[j]! - dot * u[j]!;
        }
      }
      const norm = Math.sqrt(v.reduce((total, value) => total + value * value, 0));
      for (let j = 0; j < length; j++) v[j] = v[j]! / norm;
    });
    const values = Float64Array.from({ length: rows * cols }, (_, at) => {
      const row = Math.floor(at / cols);
      const col = at % cols;
      return gain * (rows >= cols ? vectors[col]![row]! : vectors[row]![col]!);
    });
    return tensor(values, { shape, dtype });
  });
}
