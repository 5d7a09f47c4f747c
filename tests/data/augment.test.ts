import { describe, expect, test } from 'vitest';
import { cpu, reference } from '../../kernels/index.ts';
import { type AugmentOptions, augment } from '../../src/data/index.ts';
import {
  DTypeError,
  fromData,
  GradientError,
  gather,
  parameter,
  Random,
  ShapeError,
  setBackend,
  type Tensor,
  ValueError,
  wasm,
} from '../../src/index.ts';

/** Images of 4x5 pixels, numbered from 1. */
const numbered = (n: number): Tensor =>
  fromData(
    Float32Array.from({ length: n * 20 }, (_, i) => 1 + (i % 20)),
    [n, 4, 5, 1],
  );

const random = (shape: readonly number[], dtype: 'float32' | 'float64' = 'float32'): Tensor =>
  new Random(7).uniform(shape, 0, 1, dtype);

const imagesOf = (t: Tensor): number[][] => {
  const size = t.size / t.shape[0]!;
  return Array.from({ length: t.shape[0]! }, (_, i) => [...t.data.subarray(i * size, (i + 1) * size)]);
};

const kinds = (t: Tensor): Set<string> => new Set(imagesOf(t).map((image) => JSON.stringify(image)));

/** A number of an image between its pixels, by a formula of its own; what is outside is `fill`. */
function at(image: readonly number[], [h, w]: readonly [number, number], y: number, x: number, fill: number): number {
  let sum = 0;
  for (let i = -1; i <= h; i++)
    for (let j = -1; j <= w; j++) {
      const weight = Math.max(0, 1 - Math.abs(y - i)) * Math.max(0, 1 - Math.abs(x - j));
      const isInside = i >= 0 && i < h && j >= 0 && j < w;
      sum += weight * (isInside ? image[i * w + j]! - fill : 0);
    }
  return sum + fill;
}

describe('images that move', () => {
  test('move by whole pixels, every way alike, and what comes in is black', () => {
    const wanted = new Set<string>();
    for (const down of [-1, 0, 1])
      for (const right of [-1, 0, 1]) {
        const image = Array.from({ length: 20 }, (_, i) => {
          const y = Math.floor(i / 5) - down;
          const x = (i % 5) - right;
          return y < 0 || y > 3 || x < 0 || x > 4 ? 0 : 1 + 5 * y + x;
        });
        wanted.add(JSON.stringify(image));
      }
    const moved = augment(numbered(400), { shift: 1, seed: 1 });
    expect(kinds(moved)).toEqual(wanted);
    const counts = new Map<string, number>();
    for (const image of imagesOf(moved)) counts.set(`${image}`, (counts.get(`${image}`) ?? 0) + 1);
    expect(Math.min(...counts.values())).toBeGreaterThan(25); // of 44 in the mean
    expect(moved.shape).toEqual([400, 4, 5, 1]);
  });

  test('move along one axis alone where the other has 0', () => {
    const rows = kinds(augment(numbered(60), { shift: [1, 0], fill: 0.5 }));
    expect(rows.size).toBe(3);
    const image = Array.from({ length: 20 }, (_, i) => 1 + i);
    const half = Array.from({ length: 5 }, () => 0.5);
    expect(rows).toContain(JSON.stringify([...image.slice(5), ...half]));
    expect(rows).toContain(JSON.stringify([...half, ...image.slice(0, 15)]));
    const columns = kinds(augment(numbered(60), { shift: [0, 1] }));
    expect(columns.size).toBe(3);
    expect(columns).toContain(JSON.stringify(image.map((pixel) => (pixel % 5 === 0 ? 0 : pixel + 1))));
  });

  test('are what falls in where they move out altogether', () => {
    const far = augment(numbered(200), { shift: [9, 9], fill: 3 });
    expect(kinds(far)).toContain(JSON.stringify(Array.from({ length: 20 }, () => 3)));
  });
});

describe('images that are mirrored', () => {
  const image = Array.from({ length: 20 }, (_, i) => 1 + i);
  const across = image.map((_, i) => image[5 * Math.floor(i / 5) + 4 - (i % 5)]!);
  const down = image.map((_, i) => image[5 * (3 - Math.floor(i / 5)) + (i % 5)]!);
  const both = [...image].reverse();

  test.each<[AugmentOptions['flip'] & string, readonly number[][]]>([
    ['none', [image]],
    ['horizontal', [image, across]],
    ['vertical', [image, down]],
    ['both', [image, across, down, both]],
  ])('%s', (flip, wanted) => {
    const made = augment(numbered(400), { flip });
    expect(kinds(made)).toEqual(new Set(wanted.map((each) => JSON.stringify(each))));
    const same = imagesOf(made).filter((each) => `${each}` === `${image}`).length;
    expect(Math.abs(same / 400 - 1 / wanted.length)).toBeLessThan(0.08);
  });
});

describe('images that turn and change their size', () => {
  test('are interpolated between pixels about their middle', () => {
    const x = random([40, 6, 7, 2]);
    const fill = 0.25;
    const options = { rotate: 30, zoom: 0.3, shift: [1, 2] as const, flip: 'both' as const, fill, seed: 3 };
    const made = augment(x, options);
    const draw = (kind: string, count: number): Float32Array => new Random(3, kind).uniform([40, count]).data as never;
    const [shifts, flips, sizes, turns] = [draw('jitter', 2), draw('flip', 2), draw('zoom', 1), draw('rotate', 1)];
    const wanted = imagesOf(x).map((image, n) => {
      const angle = ((2 * turns[n]! - 1) * 30 * Math.PI) / 180;
      const scale = 1 + (2 * sizes[n]! - 1) * 0.3;
      const [up, left] = [Math.floor(shifts[2 * n]! * 3) - 1, Math.floor(shifts[2 * n + 1]! * 5) - 2];
      return Array.from({ length: 84 }, (_, k) => {
        const own = image.filter((_, i) => i % 2 === k % 2);
        const v = Math.floor(k / 14) - 2.5 - up;
        const u = (Math.floor(k / 2) % 7) - 3 - left;
        const y = ((v * Math.cos(angle) - u * Math.sin(angle)) / scale) * (flips[2 * n]! < 0.5 ? -1 : 1);
        const z = ((v * Math.sin(angle) + u * Math.cos(angle)) / scale) * (flips[2 * n + 1]! < 0.5 ? -1 : 1);
        return at(own, [6, 7], y + 2.5, z + 3, fill);
      });
    });
    imagesOf(made).forEach((image, n) => {
      image.forEach((pixel, k) => {
        expect(pixel).toBeCloseTo(wanted[n]![k]!, 4);
      });
    });
  });

  test('by nothing that can be seen are what moves alone, to the bit', () => {
    const x = random([50, 8, 8, 1]);
    const move = { shift: 2, flip: 'both', seed: 4 } as const;
    expect(augment(x, { ...move, rotate: 1e-30, zoom: 1e-30 }).data).toEqual(augment(x, move).data);
  });

  test('turn about their middle, which stays', () => {
    // The middle of 5x5 stays where it is, however an image is turned and sized
    const x = random([30, 5, 5, 1]);
    const made = augment(x, { rotate: 180, zoom: 0.5 });
    imagesOf(made).forEach((image, i) => {
      expect(image[12]).toBe(imagesOf(x)[i]![12]);
    });
    expect(made.data).not.toEqual(x.data);
  });
});

describe('noise', () => {
  test('is normal with the deviation given, and not cut off', () => {
    const data = [...augment(fromData(new Float32Array(40_000), [100, 20, 20]), { noise: 0.1, seed: 2 }).data];
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
    const variance = data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.002);
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2);
    expect(data.some((v) => v < 0)).toBe(true);
  });

  test('is of its own chance: other changes are as without it', () => {
    const x = random([20, 6, 6, 1]);
    const plain = augment(x, { shift: 1, rotate: 20 });
    const noisy = augment(x, { shift: 1, rotate: 20, noise: 1e-4 });
    noisy.data.forEach((v: number, i: number) => {
      expect(Math.abs(v - plain.data[i]!)).toBeLessThan(1e-3);
    });
    const turned = augment(x, { rotate: 20, seed: 9 });
    expect(augment(x, { rotate: 20, seed: 9, flip: 'none', zoom: 0 }).data).toEqual(turned.data);
  });
});

describe('variants', () => {
  const all = { shift: 1, rotate: 15, zoom: 0.1, flip: 'horizontal', noise: 0.05 } as const;

  test('are the same bits for one seed and epoch, and others for others', () => {
    const x = random([10, 6, 6, 1]);
    const made = augment(x, { ...all, seed: 5, epoch: 3 }).data;
    expect(augment(x, { ...all, seed: 5, epoch: 3 }).data).toEqual(made);
    expect(augment(x, { ...all, seed: 5, epoch: 4 }).data).not.toEqual(made);
    expect(augment(x, { ...all, seed: 6, epoch: 3 }).data).not.toEqual(made);
    expect(augment(x, { ...all, seed: 0, epoch: 0 }).data).toEqual(augment(x, all).data);
  });

  test('are the same bits on every table of kernels', () => {
    const x = random([10, 6, 6, 1]);
    const made = [reference, cpu, wasm()].map((kernels) => {
      const before = setBackend(kernels);
      try {
        return augment(x, all).data.slice();
      } finally {
        setBackend(before);
      }
    });
    expect(made[1]).toEqual(made[0]);
    expect(made[2]).toEqual(made[0]);
  });

  test('leave what they are made of as it was, and are copies of it without a change', () => {
    const x = random([4, 5, 5, 1]);
    const before = x.data.slice();
    const made = augment(x);
    expect(made.data).toEqual(before);
    made.data[0] = 9;
    augment(x, all);
    expect(x.data).toEqual(before);
  });

  test('are of images with channels or without, of views, float64 and nested arrays', () => {
    const flat = random([10, 6, 6]);
    const made = augment(flat, all);
    expect(made.shape).toEqual([10, 6, 6]);
    const some = gather(flat, fromData(Int32Array.of(0, 1, 2)));
    expect(augment(some, { shift: 1 }).data).toEqual(augment(flat, { shift: 1 }).data.subarray(0, 108));
    const double = augment(random([10, 6, 6], 'float64'), all);
    expect(double.dtype).toBe('float64');
    double.data.forEach((v: number, i: number) => {
      expect(v).toBeCloseTo(made.data[i]!, 5);
    });
    expect(augment([[[1, 2]]], { flip: 'vertical' })).toMatchObject({ shape: [1, 1, 2], dtype: 'float32' });
    expect(augment(fromData(new Float32Array(0), [0, 3, 3]), all).shape).toEqual([0, 3, 3]);
  });

  test('are refused for what is no image, with what to do', () => {
    const x = random([2, 3, 3]);
    const given = (options: object) => () => augment(x, options);
    expect(given({ shift: 0.5 })).toThrow('augment: shift must be an integer of at least 0, got 0.5');
    expect(given({ shift: [1] })).toThrow(ValueError);
    expect(given({ shift: [1, -1] })).toThrow(ValueError);
    expect(given({ rotate: 181 })).toThrow('augment: rotate must be at most 180 degrees, got 181');
    expect(given({ rotate: -1 })).toThrow(ValueError);
    expect(given({ zoom: 1 })).toThrow('augment: zoom must be in [0, 1), got 1');
    expect(given({ flip: 'left' })).toThrow('augment: flip must be none or horizontal or vertical or both');
    expect(given({ noise: -1 })).toThrow(ValueError);
    expect(given({ fill: Number.NaN })).toThrow('augment: fill must be a finite number, got NaN');
    expect(given({ seed: -1 })).toThrow(ValueError);
    expect(given({ epoch: 0.5 })).toThrow(ValueError);
    expect(() => augment([[1, 2]])).toThrow(ShapeError);
    expect(() => augment([[1, 2]])).toThrow('Rows of pixels take reshape() first');
    expect(() => augment(fromData(new Uint8Array(4), [1, 2, 2]))).toThrow(DTypeError);
    expect(() => augment(fromData(new Uint8Array(4), [1, 2, 2]))).toThrow('imagesOf() makes images of bytes');
    expect(() => augment(parameter(x))).toThrow(GradientError);
  });
});
