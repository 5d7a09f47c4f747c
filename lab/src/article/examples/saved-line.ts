import { Adam, add, fromData, matmul, mean, square, sub, type Tensor, zeros } from 'whittle-ml';
import { decodeSafetensors, encodeSafetensors } from 'whittle-ml/io';

const line = (x: Tensor, w: Tensor, b: Tensor) => add(matmul(x, w), b);

/** The loop: w and b are there before it, and what the optimizer minimizes is the loss as a function. */
export function fitAndSave(x: Tensor, y: Tensor): Uint8Array {
  const w = zeros([1, 1]);
  const b = zeros([1]);
  const loss = (inputs: Tensor, targets: Tensor) => mean(square(sub(line(inputs, w, b), targets)));

  const optimizer = new Adam({ learningRate: 0.1 });
  for (let epoch = 0; epoch < 300; epoch++) {
    optimizer.minimize(loss, [w, b], { batch: [x, y], replayable: true });
  }
  const saved = (t: Tensor) => ({ dtype: 'F32', shape: t.shape, data: t.data as Float32Array }) as const;
  return encodeSafetensors(
    new Map([
      ['w', saved(w)],
      ['b', saved(b)],
    ]),
  );
}

/** What the line of the file says. */
export function answersOf(file: Uint8Array, x: Tensor): Tensor {
  const { tensors } = decodeSafetensors(file);
  const loaded = (name: string) => fromData(tensors.get(name)!.data as Float32Array, tensors.get(name)!.shape);
  return line(x, loaded('w'), loaded('b'));
}
