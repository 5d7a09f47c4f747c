import { sha256 } from '../io/sha256.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LayerStack } from './layer-stack.ts';

/**
 * SHA-256 over name, type, shape and little-endian bytes of each weight, in order, as hexadecimal. NaN counts as the
 * pattern 0x7fc00000 (7ff80000 00000000 in float64): engines differ in NaN's bits.
 */
export function digest(model: LayerStack): string {
  const parts = model.weights.flatMap(({ name, value }) => {
    const header = new TextEncoder().encode(`${name} ${value.dtype} [${value.shape.join(', ')}]\n`);
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

function bytesOf(t: Tensor): Uint8Array {
  const { data } = t;
  const view = new DataView(new ArrayBuffer(data.byteLength));
  data.forEach((value, i) => {
    if (t.dtype === 'float64') view.setFloat64(i * 8, value, true);
    else view.setFloat32(i * 4, value, true);
    if (!Number.isNaN(value)) return;
    view.setUint32(t.dtype === 'float64' ? i * 8 + 4 : i * 4, t.dtype === 'float64' ? 0x7ff80000 : 0x7fc00000, true);
    if (t.dtype === 'float64') view.setUint32(i * 8, 0, true);
  });
  return new Uint8Array(view.buffer);
}
