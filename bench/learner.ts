import { checkNear, checkSame } from './data.ts';
import { CheckError } from './row.ts';
import type { Task } from './tasks.ts';

/** A network that learns one batch. */
export interface Learner {
  /** A training step; returns the loss before it. */
  readonly step: () => number;
  /** Back to the first weights. */
  readonly reset: () => void;
  /** Copies, layer by layer: kernel, bias. */
  readonly weights: () => Float32Array[];
}

/** Throws CheckError unless losses and weights are the same to the bit at every step. */
export function checkAgree(name: string, p: Learner, q: Learner, steps: number): void {
  for (let i = 0; i < steps; i++) {
    checkSame(`${name}: loss of step ${i}`, Float32Array.of(p.step()), Float32Array.of(q.step()));
    const expected = q.weights();
    p.weights().forEach((w, j) => {
      checkSame(`${name}: weights ${j} after step ${i}`, w, expected[j]!);
    });
  }
}

/** How many steps are checked: after so few, rounding explains no difference that matters; fewer where each takes long. */
export function checkedSteps({ sizes, batch }: Task): number {
  const parameters = sizes.slice(1).reduce((sum, units, i) => sum + (sizes[i]! + 1) * units, 0);
  return Math.max(3, Math.min(20, Math.floor(1e8 / (batch * parameters))));
}

/**
 * Throws CheckError unless the losses follow `exact`, those of float64. With dropout two libraries draw different masks:
 * then the mean of the losses must come near, to within its chance.
 */
export function checkLosses(name: string, losses: ArrayLike<number>, exact: readonly number[], dropout: number): void {
  if (dropout === 0) {
    checkNear(`${name}: losses`, losses, exact, 1e-3);
    return;
  }
  const mean = (list: ArrayLike<number>): number => Array.from(list).reduce((p, q) => p + q, 0) / list.length;
  const got = mean(losses);
  const expected = mean(exact);
  if (losses.length === exact.length && Math.abs(got - expected) <= 0.15 * expected) return;
  throw new CheckError(`${name}: the mean of ${losses.length} losses is ${got}, should be near ${expected}`);
}
