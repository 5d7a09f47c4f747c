import * as w from '../../src/index.ts';
import { at, generate, indices, type Plain, total } from '../plain.ts';
import type { OpCase } from './types.ts';

/** The definition: for each element of the result, the products of all elements whose indices agree with its own. */
function plainEinsum(subscripts: string, operands: readonly Plain[]): Plain {
  const [left, output] = subscripts.split('->') as [string, string];
  const terms = left.split(',');
  const letters = [...new Set(left.replaceAll(',', ''))];
  const size = (letter: string): number =>
    operands.reduce((n, { shape }, i) => {
      const own = shape[terms[i]!.indexOf(letter)] ?? 1;
      return n === 1 ? own : n;
    }, 1);
  const rest = letters.filter((letter) => !output.includes(letter));
  return generate([...output].map(size), (index) =>
    total(
      indices(rest.map(size)).map((inner) => {
        const place = (letter: string): number => index[output.indexOf(letter)] ?? inner[rest.indexOf(letter)]!;
        return operands.reduce((product, x, i) => product * at(x, [...terms[i]!].map(place)), 1);
      }),
    ),
  );
}

/** What is called, the shapes, and where letters are to stand for '...' or there is no '->', the same in letters. */
// biome-ignore format: a call a line
const CALLS: readonly (readonly [subscripts: string, shapes: readonly (readonly number[])[], inLetters?: string])[] = [
  ['->', [[]]],
  ['i->i', [[3]]],
  ['i->', [[17]]],
  ['ij->ji', [[2, 3]]],
  ['ijk->ki', [[2, 3, 4]]],
  ['ii->', [[3, 3]]],
  ['ii->i', [[3, 3]]],
  ['iji->ij', [[3, 2, 3]]],
  ['ijij->ji', [[2, 3, 2, 3]]],
  ['ij', [[2, 3]], 'ij->ij'],
  ['ba', [[2, 3]], 'ba->ab'],
  ['bA', [[2, 3]], 'bA->Ab'],
  [' i j , j k ', [[2, 3], [3, 4]], 'ij,jk->ik'],
  ['ij,jk->ki', [[2, 3], [3, 4]]],
  ['ji,jk->ik', [[3, 2], [3, 4]]],
  ['ji,kj->ik', [[3, 2], [4, 3]]],
  ['ij,kj->ik', [[2, 3], [4, 3]]],
  ['i,i->', [[5], [5]]],
  ['i,i->i', [[5], [5]]],
  ['i,j->ji', [[2], [3]]],
  ['i,->i', [[2], []]],
  ['ij,kl->jl', [[2, 3], [4, 2]]],
  ['bij,bjk->bik', [[2, 3, 4], [2, 4, 2]]],
  ['bhqd,bhkd->bhqk', [[2, 1, 3, 4], [2, 1, 2, 4]]],
  ['qbd,kbd->bqk', [[3, 2, 4], [2, 2, 4]]],
  ['ijk,jil->kl', [[2, 3, 4], [3, 2, 2]]],
  ['ii,ij->j', [[3, 3], [3, 2]]],
  ['i,ij,j->', [[2], [2, 3], [3]]],
  ['ia,ib,ic->abc', [[2, 2], [2, 3], [2, 1]]],
  ['ij,jk->ik', [[2, 1], [3, 4]]],
  ['i,i->i', [[1], [3]]],
  ['ij,jk->ik', [[2, 0], [0, 3]]],
  ['ij,jk->ik', [[0, 2], [2, 3]]],
  ['...ij->...ji', [[2, 3, 4]], 'aij->aji'],
  ['i...i->...', [[2, 3, 2]], 'iai->a'],
  ['...', [[2, 3]], 'ab->ab'],
  ['...i,...i', [[2, 3], [3]], 'ai,i->a'],
  ['...ij,...jk->...ik', [[3, 1, 2, 2], [4, 2, 3]], 'abij,bjk->abik'],
];

export const einsumCase: OpCase = {
  name: 'einsum',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 2 * n * n * n,
  samples: (draw) =>
    CALLS.map(([subscripts, shapes, inLetters = subscripts]) => ({
      inputs: shapes.map((shape) => draw.floats(shape)),
      apply: (...operands) => w.einsum(subscripts, ...operands),
      expected: (...operands) => plainEinsum(inLetters, operands),
    })),
  errors: [
    ...['i1->i', 'i.->i', '......->', 'i->i->i', 'i-i', 'i;j'].map((subscripts) => ({
      call: () => w.einsum(subscripts, w.zeros([2])),
      error: w.ValueError,
      text: /^einsum: subscripts must be letters and at most one '\.\.\.' for each operand, as in 'ij,jk->ik', got "/,
    })),
    { call: () => w.einsum(null as never, w.zeros([2])), error: w.ValueError, text: /^einsum: subscripts .*got null/ },
    {
      call: () => w.einsum('i,j', w.zeros([2])),
      error: w.ValueError,
      text: /^einsum: subscripts must be a group of letters for each operand \(2 given, 1 operand\), got "i,j"$/,
    },
    { call: () => w.einsum('i'), error: w.ValueError, text: /\(1 given, 0 operands\)/ },
    {
      call: () => w.einsum('i->ii', w.zeros([2])),
      error: w.ValueError,
      text: /^einsum: subscripts must be such that the result has each letter once, got "i->ii"/,
    },
    { call: () => w.einsum('i->j', w.zeros([2])), error: w.ValueError, text: /has the letter 'j' of the result/ },
    {
      call: () => w.einsum('...i->i', w.zeros([2, 3])),
      error: w.ValueError,
      text: /the result keeps the axes of '\.\.\.', got "\.\.\.i->i"/,
    },
    {
      call: () => w.einsum('i->i', w.zeros([2, 3])),
      error: w.ShapeError,
      text: /^einsum: 'i' names 1 of 2 axes, got \[2, 3\]\. Write '\.\.\.' for the others\?$/,
    },
    {
      call: () => w.einsum('ij...->i', w.zeros([2])),
      error: w.ShapeError,
      text: /^einsum: 'ij\.\.\.' names 2 of 1 axis, got \[2\]$/,
    },
    {
      call: () => w.einsum('ij,jk', w.zeros([2, 3]), w.zeros([4, 5])),
      error: w.ShapeError,
      text: /^einsum: sizes 3 and 4 of 'j' differ, got \[2, 3\] and \[4, 5\]$/,
    },
    { call: () => w.einsum('ii', w.zeros([1, 3])), error: w.ShapeError, text: /^einsum: sizes 1 and 3 of 'i' differ/ },
    {
      call: () => w.einsum('...,...', w.zeros([2]), w.zeros([3])),
      error: w.ShapeError,
      text: /^einsum: sizes 2 and 3 of an axis of '\.\.\.' differ/,
    },
    { call: () => w.einsum('i->', w.zeros([2], 'int32')), error: w.DTypeError, text: /^einsum: .*got int32/ },
    {
      call: () => w.einsum('i,i', w.zeros([2]), w.zeros([2], 'float64')),
      error: w.DTypeError,
      text: /^einsum: .*float32 and float64/,
    },
  ],
};
