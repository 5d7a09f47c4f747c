import type { Convolution } from '../../interface/convolution.ts';
import { wasm } from '../../wasm/wasm.ts';

/** The kernel of the `wasm` table, as it is. Arrays outside of its heap are copied there and back. */
export function simd(s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array): void {
  wasm().conv2d(s, x, kernel, null, 'linear', y);
}
