import { Adam, add, matmul, mean, mul, Random, square, sub, type Tensor, zeros } from 'whittle-ml';

/** Fits y = 3x + 2 by steps of Adam on all samples at once: the loss before the first step, and behind each. */
export function fitLine(seed: number, steps: number): number[] {
  const x = new Random(seed).uniform([100, 1], -1, 1);
  const y = add(mul(x, 3), 2);
  const w = zeros([1, 1]);
  const b = zeros([1]);
  const loss = (inputs: Tensor, targets: Tensor) => mean(square(sub(add(matmul(inputs, w), b), targets)));

  const optimizer = new Adam({ learningRate: 0.001 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(optimizer.minimize(loss, [w, b], { batch: [x, y], replayable: true }));
  }
  return [...losses, loss(x, y).item()];
}
