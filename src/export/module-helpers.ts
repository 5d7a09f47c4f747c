import { CELLS } from './module-cells.ts';
import { DECODER } from './module-coder.ts';
import { FUNCTIONS } from './module-functions.ts';

/**
 * Texts of exported modules by the name that they define. What one calls is found by the words in it (`withUsed`), so that a
 * module has those alone that it uses; constants come before functions.
 */
export const HELPERS: Readonly<Record<string, string>> = {
  fr: 'const fr = Math.fround;',
  ROUND: 'const ROUND = 6755399441055744; // x + ROUND - ROUND is a whole number, half to even',
  ...FUNCTIONS,
  read: DECODER,
  ...CELLS,
  samplesOf: `// How many samples a list of numbers is.
function samplesOf(list, size, who) {
  const count = typeof list === "object" && list?.length;
  let at = 0;
  while (at < count && typeof list[at] === "number") at++;
  if (at !== count || at % size)
    throw new RangeError(who + " takes numbers, samples of " + size + " one behind the other, got " +
      (at < count ? typeof list[at] + " at " + at : count || "no list"));
  return at / size;
}`,
  floats: `function floats(words) {
  return new Float32Array(words.buffer);
}`,
  pick: `// Numbers of a table by their places in it.
function pick(table, places) {
  return Float32Array.from(places, (place) => table[place]);
}`,
  floatsOfLevels: `// Levels times scales, one for so many terms of each of the units.
function floatsOfLevels(levels, units, group, scales) {
  return Float32Array.from(levels, (level, i) =>
    level * scales[Math.floor(Math.floor(i / units) / group) * units + (i % units)]);
}`,
  floatsOfHalves: `function floatsOfHalves(halves) {
  return Float32Array.from(halves, (bits) => {
    const exponent = (bits >> 10) & 31, part = bits & 1023;
    let size = exponent === 31 ? (part ? NaN : Infinity) : exponent ? 1024 + part : part;
    for (let e = Math.max(exponent, 1); e < 25; e++) size /= 2;
    for (let e = 25; e < exponent; e++) size *= 2;
    return bits >> 15 ? -size : size;
  });
}`,
  floatsOfUpper: `function floatsOfUpper(halves) {
  return new Float32Array(Int32Array.from(halves, (bits) => bits << 16).buffer);
}`,
  toInt8: `function toInt8(x, zero, low, high) {
  return Math.min(Math.max(x + ROUND - ROUND + zero, low), high);
}`,
  scaled: `// x * multiplier * 2^(shift - 31) in whole numbers, rounded twice.
function scaled(x, multiplier, shift) {
  const v = x << Math.max(shift, 0);
  const lower = Math.floor(((v & 65535) * multiplier + 1073741824) / 65536);
  const part = Math.floor(((v >> 16) * multiplier + lower) / 32768) / ((1 << Math.max(-shift, 0)) >>> 0);
  return Math.sign(part) * Math.floor(Math.abs(part) + 0.5);
}`,
  quantize: `function quantize(n, x, scale, zero, q) {
  for (let i = 0; i < n; i++) q[i] = toInt8(fr(x[i] / scale) || 0, zero, -128, 127);
}`,
  dequantize: `function dequantize(n, q, scale, zero, y) {
  for (let i = 0; i < n; i++) y[i] = (q[i] - zero) * scale;
}`,
  quantizeRow: `// A format of its own for all numbers: scale and zero point by the least and the greatest.
function quantizeRow(n, x, scales, zeros, q) {
  let low = 0, high = 0, zero = 0;
  for (let i = 0; i < n; i++) {
    low = Math.min(low, x[i]);
    high = Math.max(high, x[i]);
  }
  let scale = fr(fr(high - low) / 255);
  if (!(scale < Infinity)) scale = NaN;
  else if (scale < 7.888609052210118e-31) scale = 1;
  else zero = toInt8(-128 - fr(low / scale), 0, -128, 127);
  scales[0] = scale;
  zeros[0] = zero;
  for (let i = 0; i < n; i++) q[i] = toInt8(fr(x[i] / scale), zero, -128, 127);
}`,
  lookUp: `function lookUp(n, q, table, y) {
  for (let i = 0; i < n; i++) y[i] = table[q[i] + 128];
}`,
  addInt8: `function addInt8(n, a, aScale, aZero, b, bScale, bZero, scale, zero, y) {
  for (let i = 0; i < n; i++) {
    const sum = fr(fr((a[i] - aZero) * aScale) + fr((b[i] - bZero) * bScale));
    y[i] = toInt8(fr(sum / scale) || 0, zero, -128, 127);
  }
}`,
  addInt8Whole: `function addInt8Whole(n, a, aZero, aMultiplier, aShift, b, bZero, bMultiplier, bShift, multiplier, shift, zero, y) {
  for (let i = 0; i < n; i++) {
    const sum = scaled((a[i] - aZero) << 20, aMultiplier, aShift) + scaled((b[i] - bZero) << 20, bMultiplier, bShift);
    y[i] = Math.min(Math.max(scaled(sum, multiplier, shift) + zero, -128), 127);
  }
}`,
  addInt8Shifted: `function addInt8Shifted(n, a, aMultiplier, b, bMultiplier, bias, shift, zero, y) {
  for (let i = 0; i < n; i++)
    y[i] = Math.min(Math.max(((a[i] * aMultiplier + b[i] * bMultiplier + bias) >> shift) + zero, -128), 127);
}`,
  eachWindow: `// Calls visit for each place of a window, with where in the image each of its taps is: -1 outside.
function eachWindow(s, pixel, visit) {
  const { height, width, outHeight, outWidth, kernelHeight = 1, kernelWidth = 1, strideY = 1, strideX = 1 } = s;
  const { dilationY = 1, dilationX = 1, padTop = 0, padLeft = 0 } = s;
  const from = new Int32Array(kernelHeight * kernelWidth);
  for (let oy = 0, place = 0; oy < outHeight; oy++)
    for (let ox = 0; ox < outWidth; ox++) {
      for (let ky = 0, tap = 0; ky < kernelHeight; ky++)
        for (let kx = 0; kx < kernelWidth; kx++) {
          const iy = oy * strideY + ky * dilationY - padTop, ix = ox * strideX + kx * dilationX - padLeft;
          from[tap++] = iy < 0 || iy >= height || ix < 0 || ix >= width ? -1 : (iy * width + ix) * pixel;
        }
      visit(from, place++);
    }
}`,
  eachSource: `// The same for each place of the result of a transposed convolution, taps from the last to the first.
function eachSource(s, pixel, visit) {
  const { height, width, outHeight, outWidth, kernelHeight = 1, kernelWidth = 1, strideY = 1, strideX = 1 } = s;
  const { dilationY = 1, dilationX = 1, padTop = 0, padLeft = 0 } = s;
  const from = new Int32Array(kernelHeight * kernelWidth);
  for (let iy = 0, place = 0; iy < height; iy++)
    for (let ix = 0; ix < width; ix++) {
      for (let ky = kernelHeight - 1, tap = 0; ky >= 0; ky--)
        for (let kx = kernelWidth - 1; kx >= 0; kx--) {
          const oy = (iy + padTop - ky * dilationY) / strideY, ox = (ix + padLeft - kx * dilationX) / strideX;
          const isThere = Number.isInteger(oy) && Number.isInteger(ox) && oy >= 0 && oy < outHeight && ox >= 0 && ox < outWidth;
          from[tap++] = isThere ? (oy * outWidth + ox) * pixel : -1;
        }
      visit(from, place++);
    }
}`,
  gather: `// What the taps meet, less a zero point, group by group.
function gather(patch, x, from, pixel, part, zero) {
  const step = from.length * part;
  for (let t = 0; t < from.length; t++)
    for (let c = 0, to = t * part; c < pixel; c += part, to += step)
      for (let i = 0; i < part; i++) patch[to + i] = from[t] < 0 ? 0 : x[from[t] + c + i] - zero;
}`,
  maxPool: `function maxPool(s, channels, x, y) {
  eachWindow(s, channels, (from, place) => {
    for (let c = 0; c < channels; c++) {
      let top = -Infinity;
      for (const at of from) if (at >= 0) top = Math.max(top, x[at + c]);
      y[place * channels + c] = top + 0;
    }
  });
}`,
  avgPool: `function avgPool(s, channels, x, y) {
  eachWindow(s, channels, (from, place) => {
    const own = from.filter((at) => at >= 0);
    for (let c = 0; c < channels; c++) y[place * channels + c] = sumBy(own.length, (t) => x[own[t] + c]) / own.length;
  });
}`,
  avgPoolInt8: `function avgPoolInt8(s, channels, x, zero, ratio, to, y) {
  eachWindow(s, channels, (from, place) => {
    const own = from.filter((at) => at >= 0);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (const at of own) sum += x[at + c] - zero;
      y[place * channels + c] = toInt8(fr(fr(fr(sum) / own.length) * ratio), to, -128, 127);
    }
  });
}`,
  avgPoolInt8Whole: `function avgPoolInt8Whole(s, channels, x, y) {
  eachWindow(s, channels, (from, place) => {
    const own = from.filter((at) => at >= 0);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (const at of own) sum += x[at + c];
      y[place * channels + c] = sum / own.length + (sum < 0 ? -0.5 : 0.5);
    }
  });
}`,
  sumBy: `// A sum in eight lanes, as the engine adds.
function sumBy(n, number) {
  const l = new Float64Array(8);
  for (let r = 0; r < n; r++) l[r & 7] += number(r);
  return l[0] + l[4] + (l[2] + l[6]) + (l[1] + l[5] + (l[3] + l[7]));
}`,
  max: `function max(outer, n, inner, x, y) {
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let top = -Infinity;
      for (let r = 0; r < n; r++) top = Math.max(top, x[(o * n + r) * inner + i]);
      y[o * inner + i] = top + 0;
    }
}`,
  sum: `function sum(outer, n, inner, x, divisor, y) {
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) y[o * inner + i] = sumBy(n, (r) => x[(o * n + r) * inner + i]) / divisor;
}`,
  combine: `function combine(rows, cols, a, aRow, aCol, b, bRow, bCol, y, of) {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) y[i * cols + j] = of(a[i * aRow + j * aCol], b[i * bRow + j * bCol]);
}`,
  inverse: `function inverse(variance, epsilon) {
  return fr(1 / fr(Math.sqrt(fr(variance + epsilon))));
}`,
  batchNorm: `function batchNorm(rows, n, x, mean, variance, gamma, beta, epsilon, y) {
  for (let j = 0; j < n; j++) {
    const inv = inverse(variance[j], epsilon), scale = gamma ? fr(gamma[j] * inv) : inv;
    for (let at = j; at < rows * n; at += n) {
      const own = fr(fr(x[at] - mean[j]) * scale);
      y[at] = beta ? own + beta[j] : own;
    }
  }
}`,
  standardize: `function standardize(rows, n, x, epsilon, y) {
  for (let at = 0; at < rows * n; at += n) {
    const mean = sumBy(n, (r) => x[at + r]) / n;
    const inv = inverse(fr(sumBy(n, (r) => (x[at + r] - mean) * (x[at + r] - mean)) / n), epsilon);
    for (let i = at; i < at + n; i++) y[i] = fr(x[i] - fr(mean)) * inv;
  }
}`,
  rowsOf: `function rowsOf(outer, length, inner, count, x, indices, y) {
  for (let o = 0; o < outer; o++)
    for (let j = 0; j < count; j++)
      for (let i = 0; i < inner; i++)
        y[(o * count + j) * inner + i] = x[(o * length + indices[j]) * inner + i];
}`,
  copy: `function copy(sizes, x, from, xSteps, y, to, ySteps, axis = 0) {
  const size = sizes[axis], xStep = xSteps[axis], yStep = ySteps[axis];
  if (axis === sizes.length - 1) for (let i = 0; i < size; i++) y[to + i * yStep] = x[from + i * xStep];
  else for (let i = 0; i < size; i++) copy(sizes, x, from + i * xStep, xSteps, y, to + i * yStep, ySteps, axis + 1);
}`,
  map: `function map(n, x, y, of) {
  for (let i = 0; i < n; i++) y[i] = of(x[i]);
}`,
  softmax: `function softmax(rows, n, x, y) {
  for (let at = 0; at < rows * n; at += n) {
    const row = x.subarray(at, at + n), top = row.reduce((a, b) => Math.max(a, b)) + 0;
    const powers = row.map((v) => exp(fr(v - top))), total = fr(sumBy(n, (j) => powers[j]));
    for (let j = 0; j < n; j++) y[at + j] = powers[j] / total;
  }
}`,
  logSoftmax: `function logSoftmax(rows, n, x, y) {
  for (let at = 0; at < rows * n; at += n) {
    const row = x.subarray(at, at + n), top = row.reduce((a, b) => Math.max(a, b)) + 0;
    const total = fr(log(fr(sumBy(n, (j) => fr(exp(fr(row[j] - top)))))));
    for (let j = 0; j < n; j++) y[at + j] = fr(x[at + j] - top) - total;
  }
}`,
};
