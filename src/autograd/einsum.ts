import { ShapeError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape, sameShape, size, stridesOf } from '../base/shape.ts';
import { checkTensors, type Tensor, viewOf } from '../tensor/tensor.ts';
import { mul } from './arithmetic.ts';
import { permute, reshape, squeeze, unslice } from './movement.ts';
import { floatType } from './operands.ts';
import { matmul } from './products.ts';
import { sum } from './reductions.ts';
import { record } from './tape.ts';

const OP = 'einsum';

/** A name for each axis: a letter, or for those that '...' stands for a number, counted from the last one. */
type Labels = readonly string[];

/** A tensor whose axes have names, each its own. */
interface Named {
  readonly x: Tensor;
  readonly labels: Labels;
}

/**
 * Einstein's summation as NumPy writes it: `subscripts` name the axes of each operand by letters, as in 'ij,jk->ik', and
 * those of the result; elements with equal indices are multiplied, and summed over the letters that the result lacks. A
 * letter twice in one operand takes its diagonal; '...' stands for axes without names, which broadcast; an axis of size 1
 * goes with one of any size. Without '->' the result has the axes of '...', then the letters that are there once, in the
 * order of the alphabet, capitals first. Spaces do not count.
 *
 * Several operands are multiplied from the left, two at a time, as products of matrices or elementwise: begin with those
 * that leave least. A sum over no elements is 0. NaN and infinities go where sums and products take them. Throws ValueError
 * for subscripts that do not say which axis is which, ShapeError where sizes differ, DTypeError for integers.
 *
 * @example
 * const a = tensor([[1, 2], [3, 4]]);
 * einsum('ij,j->i', a, tensor([1, 10])); // [21. 43.]
 * einsum('ii->', a); // 5.0
 * einsum('bqd,bkd->bqk', zeros([8, 5, 16]), zeros([8, 7, 16])).shape; // [ 8, 5, 7 ]
 */
export function einsum(subscripts: string, ...operands: readonly Tensor[]): Tensor {
  checkTensors(OP, ...operands);
  const { inputs, output } = parse(subscripts, operands);
  const sizes = sizesOf(operands, inputs);
  size(OP, sized(output, sizes));
  const named = operands.map((x, i) => withoutOnes(diagonal({ x, labels: inputs[i]! }), sizes));
  const later = (i: number): Labels => [...output, ...named.slice(i).flatMap(({ labels }) => labels)];
  const others = (i: number): Labels => named.flatMap(({ labels }, j) => (j === i ? [] : labels));
  const single = named.map((t, i) => summed(t, [...output, ...others(i)]));
  const y = single.reduce((a, b, i) => product(a, b, later(i + 1), sizes));
  return inOrder(y, output);
}

// What is meant ------------------------------------------------------------------------------------------------------

const TERM = String.raw`[A-Za-z]*(?:\.\.\.)?[A-Za-z]*`;
const SUBSCRIPTS = new RegExp(`^(${TERM}(?:,${TERM})*)(?:->(${TERM}))?$`);

function parse(subscripts: string, operands: readonly Tensor[]): { inputs: readonly Labels[]; output: Labels } {
  const refused = (requirement: string): ValueError => new ValueError(OP, 'subscripts', requirement, subscripts);
  const match = typeof subscripts === 'string' ? SUBSCRIPTS.exec(subscripts.replaceAll(' ', '')) : null;
  if (match === null) throw refused("letters and at most one '...' for each operand, as in 'ij,jk->ik'");
  const terms = match[1]!.split(',');
  if (terms.length !== operands.length || operands.length === 0) {
    const given = `${terms.length} given, ${operands.length} operand${operands.length === 1 ? '' : 's'}`;
    throw refused(`a group of letters for each operand (${given})`);
  }
  floatType(OP, ...operands);
  const spare = operands.map((x, i) => spareAxes(x, terms[i]!));
  const inputs = terms.map((term, i) => labelsOf(term, spare[i]!));
  const most = Math.max(...spare);
  const used = inputs.flat();
  if (match[2] === undefined) {
    const once = [...new Set(used)].filter((label) => /\D/.test(label) && used.filter((l) => l === label).length === 1);
    return { inputs, output: [...labelsOf('...', most), ...once.sort()] };
  }
  if (most > 0 && !match[2].includes('...')) throw refused("such that the result keeps the axes of '...'");
  const output = labelsOf(match[2], most);
  if (new Set(output).size < output.length) throw refused('such that the result has each letter once');
  const unknown = output.find((label) => !used.includes(label));
  if (unknown !== undefined) throw refused(`such that an operand has the letter '${unknown}' of the result`);
  return { inputs, output };
}

/** How many axes of an operand '...' stands for. */
function spareAxes({ shape }: Tensor, term: string): number {
  const names = term.replace('...', '').length;
  const spare = shape.length - names;
  if (spare === 0 || (spare > 0 && term.includes('...'))) return spare;
  const axes = `${shape.length} ${shape.length === 1 ? 'axis' : 'axes'}`;
  const remedy = spare > 0 ? "Write '...' for the others?" : undefined;
  throw new ShapeError(OP, [shape], `'${term}' names ${names} of ${axes}`, remedy);
}

const labelsOf = (term: string, spare: number): Labels =>
  term.split('...').flatMap((letters, i) => [...(i === 0 ? [] : counted(spare)), ...letters]);

const counted = (spare: number): string[] => Array.from({ length: spare }, (_, i) => `${spare - i}`);

/** The size that goes with each label. */
function sizesOf(operands: readonly Tensor[], inputs: readonly Labels[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [i, { shape }] of operands.entries()) {
    for (const [axis, label] of inputs[i]!.entries()) {
      const n = shape[axis]!;
      const known = sizes.get(label) ?? 1;
      const own = shape[inputs[i]!.indexOf(label)]!; // where the operand has it first: a diagonal does not broadcast
      const other = own === n ? known : own;
      if (own !== n || (known !== 1 && n !== 1 && known !== n)) {
        const which = /\d/.test(label) ? "an axis of '...'" : `'${label}'`;
        const shapes = operands.map((x) => x.shape);
        throw new ShapeError(OP, shapes, `sizes ${other} and ${n} of ${which} differ`);
      }
      sizes.set(label, known === 1 ? n : known);
    }
  }
  return sizes;
}

const sized = (labels: Labels, sizes: ReadonlyMap<string, number>): Shape => labels.map((label) => sizes.get(label)!);

// One operand --------------------------------------------------------------------------------------------------------

/** The elements whose indices are equal along axes with one label, without copying. */
function diagonal({ x, labels }: Named): Named {
  const own = [...new Set(labels)];
  if (own.length === labels.length) return { x, labels };
  const together = (strides: readonly number[]): number[] =>
    own.map((label) => strides.reduce((step, stride, axis) => step + (labels[axis] === label ? stride : 0), 0));
  const shape = own.map((label) => x.shape[labels.indexOf(label)]!);
  const place = { offset: 0, strides: together(stridesOf(x.shape)) };
  const y = viewOf(x, shape, together(x.strides));
  return { x: record('diagonal', y, [x, (g) => unslice(g, x.shape, place)]), labels: own };
}

/** Without axes of size 1 that are longer in another operand. */
function withoutOnes({ x, labels }: Named, sizes: ReadonlyMap<string, number>): Named {
  const isOne = (axis: number): boolean => x.shape[axis] === 1 && sizes.get(labels[axis]!) !== 1;
  const ones = [...labels.keys()].filter(isOne).reverse();
  return { x: ones.reduce((t, axis) => squeeze(t, axis), x), labels: labels.filter((_, axis) => !isOne(axis)) };
}

/** The sums over what no one needs. */
function summed({ x, labels }: Named, needed: Labels): Named {
  const axis = [...labels.keys()].filter((at) => !needed.includes(labels[at]!));
  if (axis.length === 0) return { x, labels };
  return { x: sum(x, { axis }), labels: labels.filter((_, at) => !axis.includes(at)) };
}

function inOrder({ x, labels }: Named, order: Labels): Tensor {
  const axes = order.map((label) => labels.indexOf(label));
  return axes.every((axis, i) => axis === i) ? x : permute(x, axes);
}

// Two operands -------------------------------------------------------------------------------------------------------

/** The product, summed over the labels of both that are not needed any more. */
function product(a: Named, b: Named, needed: Labels, sizes: ReadonlyMap<string, number>): Named {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => needed.includes(label));
  const inner = both.filter((label) => !needed.includes(label));
  const rows = a.labels.filter((label) => !both.includes(label));
  const cols = b.labels.filter((label) => !both.includes(label));
  const left = matrices(a, batch, rows, inner);
  const right = matrices(b, batch, inner, cols);
  const y = inner.length === 0 ? mul(left.x, right.x) : matmul(left.x, right.x, left.isTurned, right.isTurned);
  const labels = [...batch, ...rows, ...cols];
  return { x: reshaped(y, sized(labels, sizes)), labels };
}

/** As matrices of `rows` and `cols`, or turned, if that is how they lie: a matrix for each element of `batch`, if it has labels. */
function matrices(t: Named, batch: Labels, rows: Labels, cols: Labels): { x: Tensor; isTurned: boolean } {
  const isTurned = cols.length > 0 && sameLabels(t.labels, [...batch, ...cols, ...rows]) && rows.length > 0;
  const parts = isTurned ? [cols, rows] : [rows, cols];
  const groups = batch.length === 0 ? parts : [batch, ...parts];
  const x = inOrder(t, groups.flat());
  const lengths = groups.map((labels) => elementsOf(labels.map((label) => t.x.shape[t.labels.indexOf(label)]!)));
  return { x: reshaped(x, lengths), isTurned };
}

const sameLabels = (a: Labels, b: Labels): boolean => a.every((label, i) => label === b[i]);

const reshaped = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : reshape(x, shape));
