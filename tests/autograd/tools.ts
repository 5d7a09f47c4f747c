import type { FloatDType, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { copyOf } from '../../src/tensor/tensor.ts';
import type { Sample } from '../op-cases.ts';
import type { Plain } from '../plain.ts';

export const toTensor = (p: Plain, dtype: FloatDType): Tensor =>
  w.tensor(Float64Array.from(p.data), { shape: p.shape, dtype: p.dtype ?? dtype });

export const outputs = (y: Tensor | readonly Tensor[]): readonly Tensor[] => (y instanceof w.Tensor ? [y] : y);

const isFloat = (t: Tensor): boolean => t.dtype === 'float32' || t.dtype === 'float64';

/** Shape, type and every number, so that -0 differs from 0 and NaN equals NaN. */
export function bits(t: Tensor): string {
  const numbers = Array.from(t.data, (x) => (Object.is(x, -0) ? '-0' : String(x)));
  return `${t.dtype} [${t.shape.join(', ')}] ${numbers.join(' ')}`;
}

/** |got - want| ≤ tolerance·max(1, |want|); tolerance 0 asks for the same number, sign of zero included. */
export function near(got: number, want: number, tolerance: number): boolean {
  if (Number.isNaN(want) || Math.abs(want) === Infinity || tolerance === 0) {
    return Object.is(got, want) || (Number.isNaN(got) && Number.isNaN(want));
  }
  return Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want));
}

/** Ways to lay out the same numbers (the last: numbers repeated along the first axis). */
export const layouts: Record<string, (t: Tensor) => Tensor> = {
  transposed: (t) => {
    const back = [...t.shape.keys()].reverse();
    return w.permute(copyOf(w.permute(t, back)), back);
  },
  sliced: (t) => {
    if (t.rank === 0) return w.slice(w.stack([t, t, t]), [1]);
    const around = w.pad(
      t,
      t.shape.map(() => [1, 2] as const),
      1,
    );
    return w.slice(
      around,
      t.shape.map((n) => [1, 1 + n] as const),
    );
  },
  stepped: (t) => {
    const twice = w.stack([t, t], -1);
    return w.slice(twice, [...t.shape.map(() => null), 1]);
  },
  flipped: (t) => w.flip(copyOf(w.flip(t))),
  repeated: (t) => (t.rank === 0 || t.shape[0] === 0 ? t : w.broadcastTo(w.slice(t, [[0, 1]]), t.shape)),
};

/**
 * A sample as a function of its float inputs alone, for gradients: its float outputs as one vector.
 */
export function asVector(
  sample: Sample,
  inputs: readonly Tensor[],
): { readonly f: (...floats: Tensor[]) => Tensor; readonly floats: readonly Tensor[] } {
  const f = (...floats: Tensor[]): Tensor => {
    const rest = [...floats];
    const all = inputs.map((t) => (isFloat(t) ? rest.shift()! : t));
    const flat = outputs(sample.apply(...all))
      .filter(isFloat)
      .map((y) => w.reshape(y, [y.size]));
    return w.concat(flat);
  };
  return { f, floats: inputs.filter(isFloat) };
}

/** f with its gradients changed: what a check of gradients must notice. */
const plant =
  (change: (g: Tensor) => Tensor) =>
  (f: (...x: Tensor[]) => Tensor): ((...x: Tensor[]) => Tensor) =>
    w.customGrad('planted', (...x) => ({
      value: f(...x),
      pullback: (g) => {
        const leaves = x.map(copyOf);
        return w.grad(() => w.sum(w.mul(f(...leaves), g)), leaves).map(change);
      },
    }));

export const planted: Record<string, ReturnType<typeof plant>> = {
  '0.1 % off': plant((g) => w.mul(g, 1.001)),
  zero: plant((g) => w.zeros(g.shape, g.dtype)),
  'in reversed order': plant((g) => w.flip(g)),
};
