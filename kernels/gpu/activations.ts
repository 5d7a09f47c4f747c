import { exponential, float } from './shader.ts';

/** Activations that act on each number alone and have a shader, forward and back. */
export const GPU_ACTIVATIONS = ['linear', 'relu', 'relu6', 'leakyRelu', 'sigmoid', 'tanh', 'gelu'] as const;

export type GpuActivation = (typeof GPU_ACTIVATIONS)[number];

/** An activation with its parameter, the slope of leakyRelu below 0. */
export interface GpuActivationSpec {
  readonly name: GpuActivation;
  readonly alpha: number;
}

export const LINEAR: GpuActivationSpec = { name: 'linear', alpha: 0 };

/** Whether the gradient is computed from the activation's input instead of its output. */
export const needsInput = ({ name }: GpuActivationSpec): boolean => name === 'leakyRelu' || name === 'gelu';

/**
 * Statements that make `y` the activation of the number `v`. Comparisons are written so that NaN stays NaN; max, min and
 * clamp of shading languages may drop it. tanh is ours, since WGSL allows its own an error of 1e-5.
 */
export function activationText({ name, alpha }: GpuActivationSpec, v: string, y: string): string {
  switch (name) {
    case 'linear':
      return `const ${y} = ${v};`;
    case 'relu':
      return `const ${y} = ${v} < 0.0 ? 0.0 : ${v};`;
    case 'relu6':
      return `const ${y} = ${v} < 0.0 ? 0.0 : (${v} > 6.0 ? 6.0 : ${v});`;
    case 'leakyRelu':
      return `const ${y} = ${v} < 0.0 ? ${v} * ${float(alpha)} : ${v};`;
    case 'sigmoid': // below -80 it is 2e-35 and e^80 is near the largest float32
      return `
        const ${y}m = -${v};
        const ${y} = ${v} < -80.0 ? 0.0 : 1.0 / (1.0 + ${exponential(`${y}m`)});`;
    case 'tanh': {
      // (1 - e)/(1 + e), e = e^(-2|v|); the series where that cancels, error 4e-7 at 1/4
      const e = `${y}e`;
      const q = `${y}q`;
      const series = `${v} * (1.0 - ${q} * (${float(1 / 3)} - ${q} * (${float(2 / 15)} - ${q} * ${float(17 / 315)})))`;
      return `
        const ${y}m = -2.0 * Math.abs(${v});
        const ${e} = ${exponential(`${y}m`)};
        const ${q} = ${v} * ${v};
        const ${y} = Math.abs(${v}) < 0.25 ? ${series} : (${v} < 0.0 ? ${e} - 1.0 : 1.0 - ${e}) / (1.0 + ${e});`;
    }
    case 'gelu': // v·Φ(v) = max(v, 0) - |v|·Φ(-|v|)
      return `
        ${tailText(v, y)}
        const ${y} = (${v} < 0.0 ? 0.0 : ${v}) - ${y}a * ${y}t;`;
  }
}

/**
 * a = min(|v|, 16) as `ya`, beyond which nothing changes, Φ(-a) as `yt` and the density φ(a) as `yd`: Abramowitz & Stegun
 * 1964, 26.2.17, absolute error below 7.5e-8.
 */
function tailText(v: string, y: string): string {
  const u = `${y}u`;
  const coefficients = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const horner = coefficients.reduceRight((sum, c) => (sum === '' ? float(c) : `(${float(c)} + ${u} * ${sum})`), '');
  return `
    const ${y}a = Math.abs(${v}) < 16.0 ? Math.abs(${v}) : 16.0;
    const ${u} = 1.0 / (1.0 + ${float(0.2316419)} * ${y}a);
    const ${y}d = ${float(1 / Math.sqrt(2 * Math.PI))} * Math.exp(-0.5 * ${y}a * ${y}a);
    const ${y}t = ${y}d * ${u} * ${horner};`;
}

/**
 * Statements that make `d` the gradient g·f′ before the activation from the gradient `g` after it. `s` is the
 * activation's output, or its input where `needsInput` says so.
 */
export function gradientText({ name, alpha }: GpuActivationSpec, s: string, g: string, d: string): string {
  switch (name) {
    case 'linear':
      return `const ${d} = ${g};`;
    case 'relu':
      return `const ${d} = ${s} > 0.0 ? ${g} : 0.0;`;
    case 'relu6':
      return `const ${d} = ${s} > 0.0 ? (${s} < 6.0 ? ${g} : 0.0) : 0.0;`;
    case 'leakyRelu':
      return `const ${d} = ${s} < 0.0 ? ${g} * ${float(alpha)} : ${g};`;
    case 'sigmoid':
      return `const ${d} = ${g} * (${s} * (1.0 - ${s}));`;
    case 'tanh':
      return `const ${d} = ${g} * (1.0 - ${s} * ${s});`;
    case 'gelu': // Φ + vφ
      return `
        ${tailText(s, d)}
        const ${d} = ${g} * (${s} < 0.0 ? ${d}t - ${d}a * ${d}d : (1.0 - ${d}t) + ${d}a * ${d}d);`;
  }
}
