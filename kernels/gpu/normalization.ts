/**
 * Batch normalization (Ioffe & Szegedy 2015, Algorithm 1) of rows [rows, places·channels]: what belongs to channels is one row
 * [channels]. Sums go down the columns first, then over the places of each channel.
 */
import { sumRows } from './elementwise.ts';
import { divided, float, type Shader } from './shader.ts';

/** Sizes of what is normalized. */
export interface Normalized {
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
  readonly epsilon: number;
}

const channelOf = ({ channels }: Normalized): string => divided('x', channels, 'place', 'c');
const inverse = ({ epsilon }: Normalized): string => `1.0 / Math.sqrt(variance[0][c] + ${float(epsilon)})`;

/** The sum over the places of each channel of one row, times a factor. */
export function placeSums(cols: number, channels: number, factor: number): Shader {
  const body = `
    let sum = 0.0;
    for (let i = 0; i < ${cols / channels}; i++) { sum += a[0][i * ${channels} + x]; }
    return sum * ${float(factor)};`;
  return { name: 'sums of channels', inputs: ['a'], body, extent: [1, 1, channels] };
}

/** Σ (x - mean)² down the columns. */
export function squareSums(s: Normalized): Shader {
  const term = (r: string): string => `(a[${r}][x] - m) * (a[${r}][x] - m)`;
  const before = `${channelOf(s)} const m = mean[0][c];`;
  return sumRows('squares', ['a', 'mean'], s.rows, s.cols, term, before);
}

/** Σ g·z down the columns, z = (x - mean)/deviation. */
export function slopeSums(s: Normalized): Shader {
  const term = (r: string): string => `g[${r}][x] * ((a[${r}][x] - m) * inverse)`;
  const before = `${channelOf(s)} const m = mean[0][c]; const inverse = ${inverse(s)};`;
  return sumRows('slopes', ['a', 'g', 'mean', 'variance'], s.rows, s.cols, term, before);
}

/** gamma·(x - mean)/deviation + beta, where there are these. Inputs `a`, `mean`, `variance` and they. */
export function normalize(s: Normalized, hasGamma: boolean, hasBeta: boolean): Shader {
  const body = `
    ${channelOf(s)}
    const inverse = ${inverse(s)};
    return (a[y][x] - mean[0][c]) * ${hasGamma ? '(gamma[0][c] * inverse)' : 'inverse'}${hasBeta ? ' + beta[0][c]' : ''};`;
  const inputs = ['a', 'mean', 'variance', ...(hasGamma ? ['gamma'] : []), ...(hasBeta ? ['beta'] : [])];
  return { name: 'batchNorm', inputs, body, extent: [1, s.rows, s.cols] };
}

/** Its gradient for x where mean and variance are constants: g·gamma/deviation. */
export function scaleGradient(s: Normalized, hasGamma: boolean): Shader {
  const body = `
    ${channelOf(s)}
    const inverse = ${inverse(s)};
    return g[y][x] * ${hasGamma ? '(gamma[0][c] * inverse)' : 'inverse'};`;
  const inputs = ['g', 'variance', ...(hasGamma ? ['gamma'] : [])];
  return { name: 'gradient of batchNorm', inputs, body, extent: [1, s.rows, s.cols] };
}

/** And where they are those of the batch; `slope` and `shift` are the gradients of gamma and beta. */
export function normalizationGradient(s: Normalized, hasGamma: boolean): Shader {
  const each = float(s.channels / (s.rows * s.cols));
  const body = `
    ${channelOf(s)}
    const inverse = ${inverse(s)};
    const unit = (a[y][x] - mean[0][c]) * inverse;
    const centred = (g[y][x] - shift[0][c] * ${each}) - unit * (slope[0][c] * ${each});
    return centred * ${hasGamma ? '(gamma[0][c] * inverse)' : 'inverse'};`;
  const inputs = ['a', 'g', 'mean', 'variance', 'slope', 'shift', ...(hasGamma ? ['gamma'] : [])];
  return { name: 'gradient of batchNorm', inputs, body, extent: [1, s.rows, s.cols] };
}

/** A running statistic after a batch: running·momentum + now·part. `part` is a number. */
export function moveStatistic(channels: number, momentum: number): Shader {
  const body = `return running[0][x] * ${float(momentum)} + now[0][x] * part;`;
  return { name: 'running statistic', inputs: ['running', 'now', 'part'], body, extent: [1, 1, channels] };
}
