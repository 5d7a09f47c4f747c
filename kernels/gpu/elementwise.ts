/** Shaders that treat each number alone, or gather numbers: what training needs besides products. */

import { MOST_GRADIENT } from '../interface/optimizers.ts';
import { activationText, type GpuActivationSpec, gradientText } from './activations.ts';
import { divided, type Extent, float, type Shader } from './shader.ts';

/** Element (z, y, x) of an input of this extent. */
const at = (name: string, [batch]: Extent): string => `${name}${batch > 1 ? '[z]' : ''}[y][x]`;

/** What is uploaded, as a tensor that other shaders can read: an input and a result are not the same kind to GPU.js. */
export function copy(extent: Extent): Shader {
  return { name: 'upload', inputs: ['a'], body: `return ${at('a', extent)};`, extent };
}

export type GpuBinary = 'add' | 'sub' | 'mul';
export const OPERATORS = { add: '+', sub: '-', mul: '*' } as const;

/** a op b; `b` is of the same extent or, with `isRow`, one row for all. */
export function binary(op: GpuBinary, extent: Extent, isRow: boolean): Shader {
  const body = `return ${at('a', extent)} ${OPERATORS[op]} ${isRow ? 'b[0][x]' : at('b', extent)};`;
  return { name: op, inputs: ['a', 'b'], body, extent };
}

/** The activation of each number. */
export function activate(spec: GpuActivationSpec, extent: Extent): Shader {
  const body = `
    const v = ${at('a', extent)};
    ${activationText(spec, 'v', 'r')}
    return r;`;
  return { name: spec.name, inputs: ['a'], body, extent };
}

/** The gradient before an activation from that after it; `s` as `needsInput` says. */
export function activationGradient(spec: GpuActivationSpec, extent: Extent): Shader {
  const body = `
    const s1 = ${at('s', extent)};
    const g1 = ${at('g', extent)};
    ${gradientText(spec, 's1', 'g1', 'r')}
    return r;`;
  return { name: `gradient of ${spec.name}`, inputs: ['s', 'g'], body, extent };
}

/**
 * Σ of a term over the rows of each column; `term` is given the number of a row, `before` stands before all. Two sums, of even
 * and of odd rows.
 */
export function sumRows(
  name: string,
  inputs: readonly string[],
  rows: number,
  cols: number,
  term: (row: string) => string,
  before = '',
): Shader {
  const half = Math.floor(rows / 2);
  const body = `
    ${before}
    let s = 0.0;
    let t = 0.0;
    for (let i = 0; i < ${half}; i++) {
      const r = i * 2;
      s += ${term('r')};
      t += ${term('r + 1')};
    }
    ${rows % 2 === 1 ? `s += ${term(String(rows - 1))};` : ''}
    return s + t;`;
  return { name, inputs, body, extent: [1, 1, cols] };
}

/** Σ over the rows of each column: the gradient of a bias. */
export const columnSums = (rows: number, cols: number): Shader =>
  sumRows('columnSums', ['a'], rows, cols, (r) => `a[${r}][x]`);

/** `count` rows of x, those that order[start ...] names: a batch of samples. `start` is a number. */
export function gatherRows(count: number, cols: number): Shader {
  const body = `
    const r = order[0][start + y];
    return a[r][x];`;
  return { name: 'gatherRows', inputs: ['a', 'order', 'start'], body, extent: [1, count, cols] };
}

/** Columns of a at each place of samples: of `width` side by side, those from `from` to before `to`. */
export function takeColumns(rows: number, places: number, width: number, from: number, to: number): Shader {
  const body = `
    ${divided('x', to - from, 'place', 'c')}
    return a[y][place * ${float(width)} + c + ${float(from)}];`;
  return { name: 'takeColumns', inputs: ['a'], body, extent: [1, rows, places * (to - from)] };
}

/** The `cols` columns of a at each place at column `from` of `total`, between zeros. */
export function placeColumns(rows: number, places: number, cols: number, from: number, total: number): Shader {
  const body = `
    ${divided('x', total, 'place', 'c')}
    let r = 0.0;
    if (c >= ${float(from)} && c < ${float(from + cols)}) { r = a[y][place * ${float(cols)} + c - ${float(from)}]; }
    return r;`;
  return { name: 'placeColumns', inputs: ['a'], body, extent: [1, rows, places * total] };
}

/** The columns of a at each place and, right of them, those of b. */
export function joinColumns(rows: number, places: number, colsA: number, colsB: number): Shader {
  const body = `
    ${divided('x', colsA + colsB, 'place', 'c')}
    let r = 0.0;
    if (c < ${float(colsA)}) { r = a[y][place * ${float(colsA)} + c]; }
    else { r = b[y][place * ${float(colsB)} + c - ${float(colsA)}]; }
    return r;`;
  return { name: 'joinColumns', inputs: ['a', 'b'], body, extent: [1, rows, places * (colsA + colsB)] };
}

/** Penalties and masks of a weight, as its optimizer's shader sees them. */
export interface WeightRules {
  readonly l1: number;
  readonly l2: number;
  /** Whether there is an input `mask`, 0 where a weight was pruned. */
  readonly isMasked: boolean;
}

/** The gradient with that of l1·Σ|w| + l2·Σw²; |w| has slope 0 at 0. */
function gradientOf({ l1, l2 }: WeightRules): string {
  const sign = '(w > 0.0 ? 1.0 : (w < 0.0 ? -1.0 : 0.0))';
  return `g[y][x]${l1 === 0 ? '' : ` + ${float(l1)} * ${sign}`}${l2 === 0 ? '' : ` + ${float(2 * l2)} * w`}`;
}

const masked = ({ isMasked }: WeightRules, value: string): string =>
  isMasked ? `mask[y][x] > 0.5 ? ${value} : 0.0` : value;
const withMask = ({ isMasked }: WeightRules, inputs: string[]): string[] => (isMasked ? [...inputs, 'mask'] : inputs);

/** w - rate·g. */
export function sgdStep(rows: number, cols: number, rules: WeightRules): Shader {
  const body = `
    const w = w0[y][x];
    const g1 = ${gradientOf(rules)};
    const r = w - rate * g1;
    return ${masked(rules, 'r')};`;
  return { name: 'sgd', inputs: withMask(rules, ['w0', 'g', 'rate']), body, extent: [1, rows, cols] };
}

/** The velocity momentum·v - rate·g (Sutskever et al. 2013). */
export function sgdVelocity(rows: number, cols: number, rules: WeightRules): Shader {
  const body = `
    const w = w0[y][x];
    const g1 = ${gradientOf(rules)};
    const r = momentum * v[y][x] - rate * g1;
    return ${masked(rules, 'r')};`;
  const inputs = withMask(rules, ['w0', 'g', 'v', 'rate', 'momentum']);
  return { name: 'sgd velocity', inputs, body, extent: [1, rows, cols] };
}

/** w + v with the new velocity. Nesterov's looks ahead: w + momentum·v - rate·g. */
export function momentumStep(rows: number, cols: number, isNesterov: boolean, rules: WeightRules): Shader {
  const body = `
    const w = w0[y][x];
    ${isNesterov ? `const g1 = ${gradientOf(rules)};` : ''}
    const r = ${isNesterov ? 'w + (momentum * v[y][x] - rate * g1)' : 'w + v[y][x]'};
    return ${masked(rules, 'r')};`;
  const inputs = isNesterov ? ['w0', 'v', 'g', 'rate', 'momentum'] : ['w0', 'v'];
  return { name: 'sgd momentum', inputs: withMask(rules, inputs), body, extent: [1, rows, cols] };
}

/** Adam's two moments, one above the other: matrix 0 is m, matrix 1 is v (Kingma & Ba 2015, Algorithm 1). */
export function adamMoments(rows: number, cols: number, rules: WeightRules): Shader {
  const body = `
    const w = w0[y][x];
    const g0 = ${gradientOf(rules)};
    const most = ${float(MOST_GRADIENT)};
    const g1 = g0 > most ? most : (g0 < -most ? -most : g0);
    let r = beta1 * s[0][y][x] + rest1 * g1;
    if (z === 1) { r = beta2 * s[1][y][x] + rest2 * (g1 * g1); }
    return ${masked(rules, 'r')};`;
  const inputs = withMask(rules, ['w0', 'g', 's', 'beta1', 'rest1', 'beta2', 'rest2']);
  return { name: 'adam moments', inputs, body, extent: [2, rows, cols] };
}

/** w - decay·w - rate·m/(√v + epsilon) with the new moments. */
export function adamStep(rows: number, cols: number, rules: WeightRules): Shader {
  const body = `
    const w = w0[y][x];
    const r = (w - decay * w) - rate * s[0][y][x] / (Math.sqrt(s[1][y][x]) + epsilon);
    return ${masked(rules, 'r')};`;
  return {
    name: 'adam',
    inputs: withMask(rules, ['w0', 's', 'rate', 'epsilon', 'decay']),
    body,
    extent: [1, rows, cols],
  };
}

/** Σ l1·|w| + l2·w² of each column, times `count` and added to what was there: a penalty, weighted by samples. */
export function penaltySums(rows: number, cols: number, { l1, l2 }: WeightRules): Shader {
  const body = `
    let sum = 0.0;
    for (let i = 0; i < ${rows}; i++) {
      const w = w0[i][x];
      sum += ${float(l1)} * Math.abs(w) + ${float(l2)} * w * w;
    }
    return before[0][x] + count * sum;`;
  return { name: 'penalty', inputs: ['w0', 'before', 'count'], body, extent: [1, 1, cols] };
}

/** Channel j of group i as channel i of group j, at each place of images whose channels lie side by side. */
export function shuffleChannels(rows: number, cols: number, channels: number, groups: number): Shader {
  const body = `
    ${divided('x', channels, 'place', 'c')}
    ${divided('c', groups, 'j', 'i')}
    return a[y][place * ${float(channels)} + i * ${float(channels / groups)} + j];`;
  return { name: 'shuffled channels', inputs: ['a'], body, extent: [1, rows, cols] };
}
