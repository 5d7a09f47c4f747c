import type { Convolution } from '../../kernels/interface/convolution.ts';
import { tapAt } from '../../kernels/reference/convolution.ts';
import { EPILOGUES } from '../../kernels/reference/elementwise.ts';
import { highProduct, toInt8 } from '../../kernels/reference/integers.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { isReference, type Listing } from '../../src/export/listing.ts';
import type { Finish, Held, Product, ProductCall } from '../../src/export/product.ts';
import { fromFloat16 } from '../../src/graph/halves.ts';

/** What exported code has to do, by the shortest loops there are: the kernels of `reference`, and products term by term. */

const fr = Math.fround;

const whole = (x: number, multiplier: number, shift: number): number => {
  const scaled = highProduct(x << Math.max(shift, 0), multiplier) / 2 ** Math.max(-shift, 0);
  return Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
};

function finished(finish: Finish, sum: number, unit: number, scale: number): number {
  switch (finish.kind) {
    case 'requantize': {
      const { bias, scales, zeroPoint, low, high } = finish;
      return toInt8(fr(fr((sum + bias[unit]!) | 0) * scales[unit]!), zeroPoint, low, high);
    }
    case 'whole': {
      const { bias, multipliers, shifts, zeroPoint, low, high } = finish;
      return Math.min(
        Math.max(whole((sum + bias[unit]!) | 0, multipliers[unit]!, shifts[unit]!) + zeroPoint, low),
        high,
      );
    }
    case 'dequantize':
      return fr(fr((sum + finish.bias[unit]!) | 0) * finish.scales[unit]!);
    case 'dynamic': {
      const real = fr(fr(sum) * fr(scale * finish.scales[unit]!));
      return finish.bias === null ? real : fr(real + finish.bias[unit]!);
    }
    case 'real':
      return EPILOGUES[finish.activation](finish.bias === null ? sum : fr(sum + finish.bias[unit]!));
  }
}

/** Calls `visit` for each place of the result with its unit and terms: places in x, -1 outside of the image, and in the kernel. */
function eachCell(
  { extent }: Product,
  visit: (at: number, unit: number, terms: readonly (readonly [x: number, w: number])[]) => void,
): void {
  if (extent.kind === 'dense') {
    const { rows, terms, units } = extent;
    for (let i = 0; i < rows; i++)
      for (let u = 0; u < units; u++)
        visit(
          i * units + u,
          u,
          Array.from({ length: terms }, (_, p) => [i * terms + p, p * units + u] as const),
        );
    return;
  }
  const s = extent.windows;
  if (extent.kind === 'conv') convolved(s, visit);
  else transposed(s, visit);
}

type Visit = Parameters<typeof eachCell>[1];

function convolved(s: Convolution, visit: Visit): void {
  const perGroup = s.channels / s.groups;
  let at = 0;
  for (let oy = 0; oy < s.outHeight; oy++)
    for (let ox = 0; ox < s.outWidth; ox++)
      for (let u = 0; u < s.units; u++) {
        const first = Math.floor(u / (s.units / s.groups)) * perGroup;
        const terms: [number, number][] = [];
        for (let ky = 0; ky < s.kernelHeight; ky++)
          for (let kx = 0; kx < s.kernelWidth; kx++) {
            const from = tapAt(s, s.channels, 0, oy, ox, ky, kx);
            for (let c = 0; c < perGroup; c++)
              terms.push([from < 0 ? -1 : from + first + c, ((ky * s.kernelWidth + kx) * perGroup + c) * s.units + u]);
          }
        visit(at++, u, terms);
      }
}

function transposed(s: Convolution, visit: Visit): void {
  let at = 0;
  for (let iy = 0; iy < s.height; iy++)
    for (let ix = 0; ix < s.width; ix++)
      for (let c = 0; c < s.channels; c++) {
        const terms: [number, number][] = [];
        for (let ky = s.kernelHeight - 1; ky >= 0; ky--) {
          const oy = (iy + s.padTop - ky * s.dilationY) / s.strideY;
          for (let kx = s.kernelWidth - 1; kx >= 0; kx--) {
            const ox = (ix + s.padLeft - kx * s.dilationX) / s.strideX;
            if (!Number.isInteger(oy) || !Number.isInteger(ox)) continue;
            const isInside = oy >= 0 && oy < s.outHeight && ox >= 0 && ox < s.outWidth;
            for (let u = 0; u < s.units; u++)
              terms.push([
                isInside ? (oy * s.outWidth + ox) * s.units + u : -1,
                ((ky * s.kernelWidth + kx) * s.channels + c) * s.units + u,
              ]);
          }
        }
        visit(at++, c, terms);
      }
}

const product: ProductCall = (own, x, scale, zeroPoints, y) => {
  const { kernel, finish } = own;
  const found = new Float64Array(y.length);
  eachCell(own, (at, unit, terms) => {
    let sum = 0;
    for (const [from, to] of terms) {
      const value = from < 0 ? null : x[from]!;
      if (kernel.type === 'float32') sum = fr(sum + fr((value ?? 0) * kernel.values[to]!));
      else if (value !== null) sum = (sum + (value - (kernel.zeroPoint ?? zeroPoints![0]!)) * kernel.values[to]!) | 0;
    }
    found[at] = finished(finish, sum, unit, scale?.[0] ?? 0);
  });
  y.set(found.subarray(0, y.length));
};

const KERNELS = { ...reference, product } as unknown as Readonly<Record<string, (...args: readonly unknown[]) => void>>;
const CLASSES = { float32: Float32Array, int8: Int8Array, int32: Int32Array } as const;

/** The outputs of a listing for one sample. */
export function interpreted(listing: Listing, inputs: readonly ArrayLike<number>[]): number[][] {
  const places = listing.places.map(({ type, length }) => new CLASSES[type](length));
  listing.inputs.forEach(({ place, size }, i) => {
    const given = inputs[i]!;
    for (let j = 0; j < size; j++) places[place]![j] = given[j]!;
  });
  for (const { kernel, args } of listing.calls) {
    const own = args.map((arg) =>
      isReference(arg) ? (arg.in === 'places' ? places[arg.at] : listing.constants[arg.at]) : arg,
    );
    KERNELS[kernel]!(...own);
  }
  return listing.outputs.map(({ place, size }) => [...places[place]!.subarray(0, size)]);
}

/** The numbers of a kernel by what they are made of; `units` of them side by side. */
export function realsOf(held: Held, units: number): Float32Array {
  switch (held.as) {
    case 'float32':
      return held.numbers;
    case 'float16':
      return Float32Array.from(held.numbers, fromFloat16);
    case 'bfloat16':
      return new Float32Array(Uint32Array.from(held.numbers, (bits) => bits << 16).buffer);
    case 'levels': {
      const { numbers, group, scales } = held;
      return Float32Array.from(
        numbers,
        (level, i) => level * scales[Math.floor(Math.floor(i / units) / group) * units + (i % units)]!,
      );
    }
  }
}
