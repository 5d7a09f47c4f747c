import { MOST_GRADIENT, type OptimizerKernels } from '../../interface/optimizers.ts';
import { reference64 } from '../../reference/reference64.ts';

export const optimizers: Partial<OptimizerKernels<Float64Array>> = {
  sgd: (n, w, g, velocity, nesterov, s) => {
    const rate = s[0]!;
    const momentum = s[1]!;
    if (velocity === null) {
      for (let i = 0; i < n; i++) w[i] = w[i]! - rate * g[i]!;
      return;
    }
    for (let i = 0; i < n; i++) {
      const step = rate * g[i]!;
      const v = momentum * velocity[i]! - step;
      velocity[i] = v;
      w[i] = w[i]! + (nesterov ? momentum * v - step : v);
    }
  },

  /** Adam as it is nearly always used, without choices inside the loop. */
  adam: (n, w, g, m, v, vMax, s) => {
    if (vMax !== null || s[6] !== 0) {
      reference64.adam(n, w, g, m, v, vMax, s);
      return;
    }
    const rate = s[0]!;
    const eps = s[1]!;
    const b1 = s[2]!;
    const c1 = s[3]!;
    const b2 = s[4]!;
    const c2 = s[5]!;
    for (let i = 0; i < n; i++) {
      const gi = Math.max(-MOST_GRADIENT, Math.min(MOST_GRADIENT, g[i]!));
      const mi = b1 * m[i]! + c1 * gi;
      const vi = b2 * v[i]! + c2 * (gi * gi);
      m[i] = mi;
      v[i] = vi;
      w[i] = w[i]! - (rate * mi) / (Math.sqrt(vi) + eps);
    }
  },
};
