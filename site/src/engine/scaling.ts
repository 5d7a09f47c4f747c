import { type Tensor, tensor } from 'whittle-ml';
import { StandardScaler } from 'whittle-ml/data';

/** From numbers as they are shown to those that the network takes, and back. Everything is taken from training rows alone. */
export interface Scaling {
  /** Names of what the network takes. */
  readonly features: readonly string[];
  /** float32 [rows, features] of [rows, inputs]. */
  inputs(x: Float32Array): Tensor;
  /** [rows, 1] of numbers to predict. */
  targets(y: Float32Array): Tensor;
  /** Outputs as numbers again. */
  numbers(outputs: ArrayLike<number>): Float32Array;
}

/** Powers up to `degree` of a single input, each with mean 0 and deviation 1 over the training rows. */
export function scalingOf(names: readonly string[], degree: number, x: Float32Array, y: Float32Array | null): Scaling {
  const powers = names.length === 1 ? Math.max(1, degree) : 1;
  const [only] = names;
  const features =
    powers === 1 ? names : Array.from({ length: powers }, (_, p) => (p === 0 ? only! : `${only}^${p + 1}`));
  const lifted = (values: Float32Array): Tensor => {
    if (powers === 1) return tensor(values, { shape: [values.length / names.length, names.length] });
    const all = new Float32Array(values.length * powers);
    for (let i = 0; i < values.length; i++)
      for (let p = 0; p < powers; p++) all[i * powers + p] = values[i]! ** (p + 1);
    return tensor(all, { shape: [values.length, powers] });
  };
  const column = (values: Float32Array): Tensor => tensor(values, { shape: [values.length, 1] });
  const scaler = new StandardScaler().fit(lifted(x));
  const target = y === null ? null : new StandardScaler().fit(column(y));
  const { center = [0], scale = [1] } = target?.toJSON() ?? {};
  return {
    features,
    inputs: (values) => scaler.transform(lifted(values)),
    targets: (values) => target?.transform(column(values)) ?? column(values),
    numbers: (outputs) => Float32Array.from(outputs, (value) => value * scale[0]! + center[0]!),
  };
}
