import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import type { TargetSpec } from './targets.ts';
import { tensorOf } from './values.ts';

/** What a network says, in the words of the table that it was trained on. One entry a row. */
export interface Decoded {
  /** The likeliest class, of equals the first; undefined for a regression. */
  readonly labels: readonly string[] | undefined;
  /** float64 [rows, classes]; undefined for a regression. */
  readonly probabilities: Tensor | undefined;
  /** Numbers on the scale of the file; undefined for a classification. */
  readonly numbers: Float64Array | undefined;
}

/**
 * Outputs [rows, classes] of probabilities, or [rows, 1] for the second of two classes, as labels; [rows, 1] of a
 * regression as numbers. Throws ShapeError for another width, and ValueError for numbers that are no probabilities.
 */
export function decodeOutputs(outputs: Values, target: TargetSpec | null): Decoded {
  const op = 'TableEncoder.decode';
  if (target === null) throw new StateError(op, 'the encoder was fitted without a target');
  const y = tensorOf(op, 'the outputs', outputs);
  const [rows, width] = y.shape;
  const classes = target.task === 'classification' ? target.classes.length : 1;
  if (y.rank !== 2 || rows === undefined || !(width === classes || (width === 1 && classes === 2)))
    throw new ShapeError(op, [y.shape], `needs outputs [rows, ${classes}] for ${target.name}`);
  const { data } = y;
  if (target.task === 'regression') {
    const center = target.scaling?.center[0] ?? 0;
    const scale = target.scaling?.scale[0] ?? 1;
    const numbers = Float64Array.from(data, (value) => value * scale + center);
    return { labels: undefined, probabilities: undefined, numbers };
  }
  const stray = data.find((p) => !(p >= 0 && p <= 1));
  if (stray !== undefined)
    throw new ValueError(
      op,
      'every output',
      'a probability from 0 to 1',
      stray,
      'Put softmax or sigmoid behind logits',
    );
  const isSingle = width === 1 && classes === 2;
  const both = (i: number): number => (i % 2 === 1 ? data[i >> 1]! : 1 - data[i >> 1]!);
  const probabilities = Float64Array.from({ length: rows * classes }, (_, i) => (isSingle ? both(i) : data[i]!));
  const labels = Array.from({ length: rows }, (_, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    let best = 0;
    for (let k = 1; k < classes; k++) if (own[k]! > own[best]!) best = k;
    return target.classes[best]!;
  });
  return { labels, probabilities: fromData(probabilities, [rows, classes]), numbers: undefined };
}
