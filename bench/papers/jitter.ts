import { Random } from 'whittle-ml';

/**
 * Images that are moved by up to `most` pixels along each axis, by chance; what comes in from outside is black. `epoch` draws
 * anew. Writes into `to`, of the size of `from`.
 */
export function jitter(
  from: Float32Array,
  to: Float32Array,
  [height, width]: readonly [number, number],
  { seed, epoch, most }: { readonly seed: number; readonly epoch: number; readonly most: number },
): void {
  const area = height * width;
  const n = from.length / area;
  const random = new Random(seed, 'jitter');
  random.step = epoch;
  const draws = random.uniform([n, 2]).data;
  const shift = (draw: number): number => Math.min(2 * most, Math.floor(draw * (2 * most + 1))) - most;
  to.fill(0);
  for (let i = 0; i < n; i++) {
    const down = shift(draws[2 * i]!);
    const right = shift(draws[2 * i + 1]!);
    const left = Math.max(0, right);
    const end = Math.min(width, width + right);
    for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
      const row = i * area + (y - down) * width;
      to.set(from.subarray(row + left - right, row + end - right), i * area + y * width + left);
    }
  }
}
