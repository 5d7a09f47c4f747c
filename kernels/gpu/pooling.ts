/** Pools of images, a row of numbers each, channel by channel, and what sums or spreads numbers over windows as they do. */
import type { Window } from '../interface/convolution.ts';
import { eachTap, eachWindow, placeOf } from './convolution.ts';
import { type Extent, float, type Shader } from './shader.ts';

const positions = (s: Window, channels: number): Extent => [1, s.batch, s.outHeight * s.outWidth * channels];
const image = (s: Window, channels: number): Extent => [1, s.batch, s.height * s.width * channels];

/** The number of the image at a tap. */
const at = (s: Window, channels: number): string => `(iy * ${float(s.width)} + ix) * ${float(channels)} + c`;
/** The number of the results at a position. */
const to = (s: Window, channels: number): string => `(oy * ${float(s.outWidth)} + ox) * ${float(channels)} + c`;

/** Statements that make `top` the largest number at the taps, NaN if there is one, and `first` the first tap that has it. */
const largest = (s: Window, channels: number): string => `
    ${placeOf(s.outWidth, channels, 'oy', 'ox', 'c')}
    let top = 0.0;
    let first = -1.0;
    ${eachTap(
      s,
      `
        const v = a[y][${at(s, channels)}];
        const tap = ky * ${float(s.kernelWidth)} + kx;
        if (v === v) {
          if (first < -0.5 || v > top) { top = v; first = tap; }
        } else {
          top = v;
          first = tap;
        }`,
    )}`;

/** The largest of each window. NaN wins. */
export function maxPool(s: Window, channels: number): Shader {
  return {
    name: 'max pool',
    inputs: ['a'],
    body: `${largest(s, channels)} return top;`,
    extent: positions(s, channels),
  };
}

/** Which tap of each window is the first of its largest; -1 where that is NaN. */
export function firstOfLargest(s: Window, channels: number): Shader {
  const body = `
    ${largest(s, channels)}
    return top === top ? first : -1.0;`;
  return { name: 'first of the largest', inputs: ['a'], body, extent: positions(s, channels) };
}

/** The sum over the taps of each window that are inside, or their mean. */
export function sumPool(s: Window, channels: number, isMean: boolean): Shader {
  const body = `
    ${placeOf(s.outWidth, channels, 'oy', 'ox', 'c')}
    let sum = 0.0;
    let taps = 0.0;
    ${eachTap(s, `sum += a[y][${at(s, channels)}]; taps += 1.0;`)}
    return ${isMean ? 'sum / taps' : 'sum'};`;
  return { name: isMean ? 'average pool' : 'sum pool', inputs: ['a'], body, extent: positions(s, channels) };
}

/** Each number of the results divided by how many taps of its window are inside: what a mean gives each of them. */
export function shares(s: Window, channels: number): Shader {
  const body = `
    ${placeOf(s.outWidth, channels, 'oy', 'ox', 'c')}
    let taps = 0.0;
    ${eachTap(s, 'taps += 1.0;')}
    return g[y][x] / taps;`;
  return { name: 'shares of a mean', inputs: ['g'], body, extent: positions(s, channels) };
}

/** Σ g over the windows that have a tap here: the gradient of a sum pool; with `toFirst` of those alone whose `first` this is. */
export function spread(s: Window, channels: number, toFirst: boolean): Shader {
  const tap = `ky * ${float(s.kernelWidth)} + kx`;
  const add = `sum += g[y][${to(s, channels)}];`;
  const body = `
    ${placeOf(s.width, channels, 'iy', 'ix', 'c')}
    let sum = 0.0;
    ${eachWindow(s, toFirst ? `if (first[y][${to(s, channels)}] === ${tap}) { ${add} }` : add)}
    return sum;`;
  return { name: 'gradient of a pool', inputs: toFirst ? ['g', 'first'] : ['g'], body, extent: image(s, channels) };
}
