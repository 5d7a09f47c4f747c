import type { FloatArray, FloatKernels } from 'whittle-ml/kernels';

/** A parameter and its gradient. */
export interface Parameter<F> {
  readonly p: F;
  readonly g: F;
}

/** Adam with the library's defaults (Kingma & Ba 2015, end of section 2), by hand: an update, and the way back. */
export function adam<F extends FloatArray>(
  k: FloatKernels<F>,
  parameters: readonly Parameter<F>[],
  floats: (n: number) => F,
): { readonly update: () => void; readonly reset: () => void } {
  const states = parameters.map(({ p, g }) => ({ p, g, m: floats(p.length), v: floats(p.length) }));
  const s = floats(8);
  let power1 = 1;
  let power2 = 1;
  return {
    update: () => {
      power1 *= 0.9;
      power2 *= 0.999;
      s[0] = (0.001 * Math.sqrt(1 - power2)) / (1 - power1);
      s[1] = 1e-7;
      s[2] = 0.9;
      s[3] = 1 - 0.9;
      s[4] = 0.999;
      s[5] = 1 - 0.999;
      for (const { p, g, m, v } of states) k.adam(p.length, p, g, m, v, null, s);
    },
    reset: () => {
      power1 = 1;
      power2 = 1;
      for (const { m, v } of states) {
        m.fill(0);
        v.fill(0);
      }
    },
  };
}
