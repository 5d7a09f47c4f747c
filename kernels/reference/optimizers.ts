import type { FloatArray } from '../arrays.ts';
import { MOST_GRADIENT, type OptimizerKernels } from '../interface/optimizers.ts';
import type { Scalar } from './elementwise.ts';

/** Optimizer steps, every operation rounded: the sources of each rule are in the interface. */
export function optimizers<F extends FloatArray>(round: Scalar): OptimizerKernels<F> {
  /** decay·old + rest·value, each product rounded; the store rounds the sum. */
  const blend = (decay: number, old: number, rest: number, value: number): number =>
    round(decay * old) + round(rest * value);
  const square = (x: number): number => round(x * x);
  const bounded = (g: number): number => Math.max(-MOST_GRADIENT, Math.min(MOST_GRADIENT, g));
  const root = (x: number): number => round(Math.sqrt(x));
  return {
    sgd: (n, w, g, velocity, nesterov, s) => {
      const rate = s[0]!;
      const momentum = s[1]!;
      for (let i = 0; i < n; i++) {
        const step = round(rate * g[i]!);
        if (velocity === null) {
          w[i] = w[i]! - step;
          continue;
        }
        velocity[i] = round(momentum * velocity[i]!) - step;
        w[i] = w[i]! + (nesterov ? round(round(momentum * velocity[i]!) - step) : velocity[i]!);
      }
    },
    adam: (n, w, g, m, v, vMax, s) => {
      const [rate = 0, eps = 0, b1 = 0, c1 = 0, b2 = 0, c2 = 0, decay = 0] = s;
      for (let i = 0; i < n; i++) {
        const gi = bounded(g[i]!);
        m[i] = blend(b1, m[i]!, c1, gi);
        v[i] = blend(b2, v[i]!, c2, square(gi));
        if (vMax !== null) vMax[i] = Math.max(vMax[i]!, v[i]!);
        const scale = round(root(vMax === null ? v[i]! : vMax[i]!) + eps);
        const decayed = decay === 0 ? w[i]! : round(w[i]! - round(decay * w[i]!));
        w[i] = decayed - round(round(rate * m[i]!) / scale);
      }
    },
    rmsprop: (n, w, g, v, velocity, s) => {
      const [rate = 0, rho = 0, rest = 0, eps = 0, momentum = 0] = s;
      for (let i = 0; i < n; i++) {
        const gi = bounded(g[i]!);
        v[i] = blend(rho, v[i]!, rest, square(gi));
        const step = round(round(rate * gi) / root(round(v[i]! + eps)));
        if (velocity !== null) velocity[i] = round(momentum * velocity[i]!) + step;
        w[i] = w[i]! - (velocity === null ? step : velocity[i]!);
      }
    },
    adagrad: (n, w, g, v, s) => {
      const rate = s[0]!;
      const eps = s[1]!;
      for (let i = 0; i < n; i++) {
        const gi = bounded(g[i]!);
        v[i] = v[i]! + square(gi);
        w[i] = w[i]! - round(round(rate * gi) / root(round(v[i]! + eps)));
      }
    },
    softThreshold: (n, w, s) => {
      const t = s[7]!;
      for (let i = 0; i < n; i++) w[i] = Math.max(round(w[i]! - t), 0) + Math.min(round(w[i]! + t), 0);
    },
    groupThreshold: (n, norms, rootOfSize, s) => {
      const least = round(s[7]! * round(rootOfSize));
      for (let i = 0; i < n; i++) norms[i] = norms[i]! <= least ? 0 : 1 - round(least / norms[i]!);
    },
    hardThreshold: (n, norms, zeros, sorted) => {
      for (let i = 0; i < n; i++) sorted[i] = norms[i] = Number.isNaN(norms[i]!) ? Infinity : norms[i]!;
      sorted.subarray(0, n).sort();
      const limit = sorted[zeros]!; // the smallest norm of those that stay, or one equal to it
      let equals = zeros;
      for (let i = 0; i < zeros; i++) if (sorted[i]! < limit) equals--;
      for (let i = 0; i < n; i++) {
        const isZero = norms[i]! < limit || (norms[i] === limit && equals-- > 0);
        norms[i] = isZero ? 0 : 1;
      }
    },
    sumByCode: (n, count, x, codes, alive, isMean, y, work) => {
      work.fill(0, 0, 2 * count);
      for (let i = 0; i < n; i++) {
        if (alive !== null && alive[i] === 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        work[c] = work[c]! + (code < 0 ? -x[i]! : x[i]!);
        if (isMean) work[count + c]!++;
      }
      for (let c = 0; c < count; c++) y[c] = isMean ? work[c]! / Math.max(1, work[count + c]!) : work[c]!;
    },
    tieByCode: (n, count, w, codes, alive, work) => {
      let isTied = true;
      work.fill(NaN, 0, count); // the first member of each
      for (let i = 0; i < n && isTied; i++) {
        if (alive !== null && alive[i] === 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        const own = code < 0 ? -w[i]! : w[i]!;
        if (work[c] === own) continue;
        isTied = Number.isNaN(work[c]) && !Number.isNaN(own);
        work[c] = own;
      }
      if (isTied) return;
      work.fill(0, 0, 2 * count);
      for (let i = 0; i < n; i++) {
        if (alive !== null && alive[i] === 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        work[c] = work[c]! + (code < 0 ? -w[i]! : w[i]!);
        work[count + c]!++;
      }
      for (let i = 0; i < n; i++) {
        if (alive !== null && alive[i] === 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        const mean = work[c]! / work[count + c]!;
        w[i] = code < 0 ? -mean : mean;
      }
    },
    takeByCode: (n, x, codes, alive, y) => {
      for (let i = 0; i < n; i++) {
        const code = codes[i]!;
        if (alive !== null && alive[i] === 0) y[i] = 0;
        else y[i] = code < 0 ? -x[-1 - code]! : x[code]!;
      }
    },
  };
}
