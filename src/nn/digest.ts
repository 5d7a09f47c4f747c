import { listed } from '../base/errors.ts';
import { sha256 } from '../io/sha256.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import type { LayerGraph } from './layer-graph.ts';

/**
 * SHA-256 over name, type, shape and little-endian bytes of each weight, in order, as hexadecimal. NaN counts as the
 * pattern 0x7fc00000 (7ff80000 00000000 in float64): engines differ in NaN's bits.
 *
 * @example
 * const before = digest(model);
 * digest(loadModel(saveModel(model))) === before; // true
 * model.trainOnBatch(x, y);
 * digest(model) === before; // false
 */
export function digest(model: LayerGraph): string {
  checkModel('digest', 'the model', model);
  const parts = model.weights.flatMap(({ name, value }) => {
    const header = new TextEncoder().encode(`${name} ${value.dtype} ${listed(value.shape)}\n`);
    return [header, bytesOf(value)];
  });
  const all = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return sha256(all);
}

/** As they lie in memory, which is little-endian on every machine that runs a current JavaScript engine. */
function bytesOf({ data, dtype }: Tensor): Uint8Array {
  const numbers = data.slice();
  const words = new Uint32Array(numbers.buffer);
  const [width, nan] = dtype === 'float64' ? [2, 0x7ff80000] : [1, 0x7fc00000];
  numbers.forEach((value, i) => {
    if (Number.isNaN(value)) words.set(width === 1 ? [nan] : [0, nan], i * width);
  });
  return new Uint8Array(numbers.buffer);
}
