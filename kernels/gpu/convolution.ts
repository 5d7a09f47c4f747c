/**
 * Convolutions of images, a row of numbers each: row y of x holds [height, width, channels] side by side, a kernel is a matrix
 * [taps·channels/groups, units]. A cell a thread, sums in float32 as the loops go. Taps outside of an image are left out: a
 * weight that is no number is seen where it meets one.
 */
import type { Convolution, Window } from '../interface/convolution.ts';
import { activationText, type GpuActivationSpec, LINEAR } from './activations.ts';
import { divided, float, loop, type Shader } from './shader.ts';

/** Statements that find the place and the channel of the number `x` of an image: its row, its column, and the channel. */
export const placeOf = (width: number, channels: number, row: string, column: string, channel: string): string => `
    ${divided('x', channels, 'place', channel)}
    ${divided('place', width, row, column)}`;

/** `body` for each tap (ky, kx) of the window at (oy, ox) that is inside of the image, at (iy, ix). */
export function eachTap(s: Window, body: string): string {
  const along = (axis: 'y' | 'x', inner: string): string => {
    const [taps, stride, dilation, pad, length, positions] =
      axis === 'y'
        ? [s.kernelHeight, s.strideY, s.dilationY, s.padTop, s.height, s.outHeight]
        : [s.kernelWidth, s.strideX, s.dilationX, s.padLeft, s.width, s.outWidth];
    const last = (positions - 1) * stride + (taps - 1) * dilation - pad;
    const test = pad === 0 && last < length ? '' : `if (i${axis} >= 0.0 && i${axis} < ${float(length)})`;
    const place = `o${axis} * ${float(stride)} + k${axis} * ${float(dilation)} - ${float(pad)}`;
    return loop(`k${axis}`, taps, `const i${axis} = ${place};\n${test} { ${inner} }`);
  };
  return along('y', along('x', body));
}

/** `body` for each position (oy, ox) of the window that has a tap, (ky, kx), at (iy, ix) of the image. */
export function eachWindow(s: Window, body: string): string {
  const along = (axis: 'y' | 'x', inner: string): string => {
    const [taps, stride, dilation, positions] =
      axis === 'y'
        ? [s.kernelHeight, s.strideY, s.dilationY, s.outHeight]
        : [s.kernelWidth, s.strideX, s.dilationX, s.outWidth];
    const windows = Math.ceil(((taps - 1) * dilation + 1) / stride);
    // The tap by its distance from the first of the window, where there is one
    const found = `
      const o${axis} = q${axis} - j${axis};
      const off${axis} = r${axis} + j${axis} * ${float(stride)};
      ${divided(`off${axis}`, dilation, `k${axis}`, `rest${axis}`)}`;
    const isPosition = `o${axis} >= 0.0 && o${axis} < ${float(positions)}`;
    const isTap = `k${axis} < ${float(taps)} && rest${axis} < 0.5`;
    return loop(`j${axis}`, windows, `${found}\nif (${isPosition} && ${isTap}) { ${inner} }`);
  };
  return `
    const fromTop = iy + ${float(s.padTop)};
    const fromLeft = ix + ${float(s.padLeft)};
    ${divided('fromTop', s.strideY, 'qy', 'ry')}
    ${divided('fromLeft', s.strideX, 'qx', 'rx')}
    ${along('y', along('x', body))}`;
}

/** Channels and units of a group. */
const partsOf = ({ channels, units, groups }: Convolution): readonly [perGroup: number, each: number] => [
  channels / groups,
  units / groups,
];

/** Statements that return activation(sum + bias); `c` numbers the bias. */
const finish = (hasBias: boolean, c: string, activation: GpuActivationSpec): string => `
    const v = sum${hasBias ? ` + bias[0][${c}]` : ''};
    ${activationText(activation, 'v', 'r')}
    return r;`;

/** activation(Σ x·kernel + bias), inputs `a`, `k` and, with `hasBias`, `bias`; [count, outHeight·outWidth·units]. */
export function convolve(s: Convolution, hasBias = false, activation: GpuActivationSpec = LINEAR): Shader {
  const [perGroup, each] = partsOf(s);
  const body = `
    ${placeOf(s.outWidth, s.units, 'oy', 'ox', 'u')}
    ${divided('u', each, 'group', 'ofGroup')}
    let sum = 0.0;
    ${eachTap(
      s,
      `
        const at = (iy * ${float(s.width)} + ix) * ${float(s.channels)} + group * ${float(perGroup)};
        const row = (ky * ${float(s.kernelWidth)} + kx) * ${float(perGroup)};
        ${loop('c', perGroup, 'sum += a[y][at + c] * k[row + c][u];')}`,
    )}
    ${finish(hasBias, 'u', activation)}`;
  const cols = s.outHeight * s.outWidth * s.units;
  return { name: 'conv', inputs: hasBias ? ['a', 'k', 'bias'] : ['a', 'k'], body, extent: [1, s.batch, cols] };
}

/**
 * From results back to images, activation(Σ g·kernel + bias): the gradient of `convolve` for x, and a transposed convolution.
 * Inputs `g`, `k` and, with `hasBias`, `bias`.
 */
export function convolveBack(s: Convolution, hasBias = false, activation: GpuActivationSpec = LINEAR): Shader {
  const [perGroup, each] = partsOf(s);
  const body = `
    ${placeOf(s.width, s.channels, 'iy', 'ix', 'c')}
    ${divided('c', perGroup, 'group', 'ofGroup')}
    const first = group * ${float(each)};
    let sum = 0.0;
    ${eachWindow(
      s,
      `
        const at = (oy * ${float(s.outWidth)} + ox) * ${float(s.units)} + first;
        const row = (ky * ${float(s.kernelWidth)} + kx) * ${float(perGroup)} + ofGroup;
        ${loop('u', each, 'sum += g[y][at + u] * k[row][first + u];')}`,
    )}
    ${finish(hasBias, 'c', activation)}`;
  const cols = s.height * s.width * s.channels;
  return { name: 'convBack', inputs: hasBias ? ['g', 'k', 'bias'] : ['g', 'k'], body, extent: [1, s.batch, cols] };
}

/**
 * The gradient of `convolve` for its kernel, Σ x·g, in parts of `samples` samples each: a matrix for each part. A thread a weight
 * alone would leave most of a device idle: kernels are small and batches are not. Inputs `a` and `g`.
 */
export function kernelGradient(s: Convolution, samples: number): Shader {
  const [perGroup, each] = partsOf(s);
  const parts = Math.ceil(s.batch / samples);
  const body = `
    ${divided('y', perGroup, 'tap', 'c')}
    ${divided('tap', s.kernelWidth, 'ky', 'kx')}
    ${divided('x', each, 'group', 'ofGroup')}
    const top = ky * ${float(s.dilationY)} - ${float(s.padTop)};
    const left = kx * ${float(s.dilationX)} - ${float(s.padLeft)};
    const channel = group * ${float(perGroup)} + c;
    let sum = 0.0;
    for (let i = 0; i < ${samples}; i++) {
      const n = i${parts === 1 ? '' : ` + z * ${float(samples)}`};
      if (n < ${float(s.batch)}) {
        for (let oy = 0; oy < ${s.outHeight}; oy++) {
          const iy = oy * ${float(s.strideY)} + top;
          if (iy >= 0.0 && iy < ${float(s.height)}) {
            for (let ox = 0; ox < ${s.outWidth}; ox++) {
              const ix = ox * ${float(s.strideX)} + left;
              if (ix >= 0.0 && ix < ${float(s.width)}) {
                const at = (iy * ${float(s.width)} + ix) * ${float(s.channels)} + channel;
                sum += a[n][at] * g[n][(oy * ${s.outWidth} + ox) * ${s.units} + x];
              }
            }
          }
        }
      }
    }
    return sum;`;
  const rows = s.kernelHeight * s.kernelWidth * perGroup;
  return { name: 'gradient of a kernel', inputs: ['a', 'g'], body, extent: [parts, rows, s.units] };
}

/** The sum of `count` matrices, which are parts of a sum. */
export function sumMatrices(count: number, rows: number, cols: number): Shader {
  const body = `
    let sum = 0.0;
    for (let i = 0; i < ${count}; i++) { sum += a[i][y][x]; }
    return sum;`;
  return { name: 'sum of parts', inputs: ['a'], body, extent: [1, rows, cols] };
}
