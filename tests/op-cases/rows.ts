import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { at, generate, type Index } from '../plain.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

/** A one-operand operation whose result picks from its input. */
export const move = (
  draw: Draw,
  shape: readonly number[],
  apply: (x: Tensor) => Tensor,
  to: readonly number[],
  from: (index: Index) => Index,
): Sample => ({
  inputs: [draw.floats(shape)],
  apply: (x) => apply(x!),
  expected: (x) => generate(to, (index) => at(x!, from(index))),
});

/** A row that moves numbers and computes nothing. */
export const row = (
  name: string,
  samples: OpCase['samples'],
  errors: readonly ErrorCase[],
  gradient: OpCase['gradient'] = 'differences',
): OpCase => ({ name, gradient, tolerance: 0, flops: () => 0, samples, errors });

export const shapeError = (call: () => unknown, text: RegExp): ErrorCase => ({ call, error: w.ShapeError, text });
export const valueError = (call: () => unknown, text: RegExp): ErrorCase => ({ call, error: w.ValueError, text });
export const typeError = (call: () => unknown, text: RegExp): ErrorCase => ({ call, error: w.DTypeError, text });
