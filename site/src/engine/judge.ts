import {
  assess,
  type Diagnosis,
  diagnose,
  type Loss,
  mean,
  noGrad,
  type Sequential,
  step,
  type Tensor,
} from 'whittle-ml';
import type { Verdict } from './messages.ts';
import type { Head } from './models.ts';
import type { Scaling } from './scaling.ts';
import type { Part } from './trained.ts';

/** Figures epoch by epoch. */
export interface Course {
  readonly losses: { readonly train: number[]; readonly validation: number[] };
  readonly scores: { readonly train: number[]; readonly validation: number[] };
}

/** What outputs say: a class, or a number as it was before scaling. */
export function decisionsOf({ data, shape }: Tensor, head: Head, scaling: Scaling): Float32Array {
  if (head === 'number') return scaling.numbers(data);
  if (head === 'margin') return Float32Array.from(data, (margin) => (margin > 0 ? 1 : 0));
  const classes = shape[1]!;
  return Float32Array.from({ length: shape[0]! }, (_, i) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (data[i * classes + k]! > data[i * classes + best]!) best = k;
    return best;
  });
}

/** Share of right answers, or R². */
export function scoreOf(decisions: Float32Array, { truth }: Part, head: Head): number {
  const n = truth.length;
  if (head !== 'number') return decisions.reduce((right, of, i) => right + (of === truth[i] ? 1 : 0), 0) / n;
  const center = truth.reduce((sum, y) => sum + y, 0) / n;
  const left = decisions.reduce((sum, y, i) => sum + (y - truth[i]!) ** 2, 0);
  const all = truth.reduce((sum, y) => sum + (y - center) ** 2, 0);
  return all > 0 ? 1 - left / all : Number.NaN;
}

/** Mean loss, without penalties. */
export const meanLoss = (loss: Loss, outputs: Tensor, { y }: Part): number =>
  step(() => noGrad(() => mean(loss.call(y, outputs)).item()));

/** What `diagnose` says of a network compiled with its metrics, and of the way it came. */
export function verdictOf(
  model: Sequential,
  head: Head,
  { losses, scores }: Course,
  train: Part,
  validation: Part,
): Verdict {
  const standings = assess(model, [train.x, train.y], [validation.x, validation.y]);
  // R² of numbers that are all the same is none.
  const varies = ({ truth }: Part): boolean => truth.some((y) => y !== truth[0]);
  const byLoss = head === 'number' && !(varies(train) && varies(validation)) ? { monitor: 'loss' } : {};
  const key = head === 'number' ? 'r2' : 'accuracy';
  const epochs = losses.train.map((_, i) => i);
  const history = {
    loss: losses.train,
    val_loss: losses.validation,
    [key]: scores.train,
    [`val_${key}`]: scores.validation,
  };
  const found: Diagnosis =
    epochs.length === 0
      ? diagnose(standings, byLoss)
      : diagnose({ epochs, history, seed: model.seed }, { ...byLoss, standings });
  const { verdict, reasons } = found;
  return { verdict, train: found.train, validation: found.validation, reasons };
}
