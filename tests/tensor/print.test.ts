import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  type DType,
  type NestedArray,
  parameter,
  type Shape,
  scalar,
  slice,
  type Tensor,
  tensor,
  transpose,
} from '../../src/index.ts';

const count = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));

/** What str() of NumPy 2.4.6 gives for the same array. */
const table: readonly (readonly [values: NestedArray, dtype: DType, shape: Shape | undefined, text: string])[] = [
  [[1, 2, 3], 'float32', undefined, '[1. 2. 3.]'],
  [[1.5, 2.25, -3], 'float32', undefined, '[ 1.5   2.25 -3.  ]'],
  [[0.1, 0.2, 0.3], 'float32', undefined, '[0.1 0.2 0.3]'],
  [[0.1, 0.2, 0.3], 'float64', undefined, '[0.1 0.2 0.3]'],
  [[0.3333333333333333, 0.6666666666666666], 'float32', undefined, '[0.33333334 0.6666667 ]'],
  [[0.3333333333333333, -66.66666666666667], 'float64', undefined, '[  0.33333333 -66.66666667]'],
  [
    [
      [1, -2],
      [3.5, 4],
    ],
    'float32',
    undefined,
    '[[ 1.  -2. ]\n [ 3.5  4. ]]',
  ],
  [[1e-5, 1], 'float32', undefined, '[1.e-05 1.e+00]'],
  [[100000000.0, 1], 'float32', undefined, '[1.e+08 1.e+00]'],
  [[10000000000.0], 'float64', undefined, '[1.e+10]'],
  [[0.0001, 0.001], 'float64', undefined, '[0.0001 0.001 ]'],
  [[123456.789, 0.001], 'float64', undefined, '[1.23456789e+05 1.00000000e-03]'],
  [[1e-10, 2.5e20, -3], 'float64', undefined, '[ 1.0e-10  2.5e+20 -3.0e+00]'],
  [[1e100, 1e-100], 'float64', undefined, '[1.e+100 1.e-100]'],
  [[1e-45], 'float32', undefined, '[1.e-45]'],
  [[3.4028234663852886e38], 'float32', undefined, '[3.4028235e+38]'],
  [[Number.NaN, 1, -2.5], 'float32', undefined, '[ nan  1.  -2.5]'],
  [[Infinity, -Infinity, Number.NaN], 'float32', undefined, '[ inf -inf  nan]'],
  [[Infinity, -Infinity, 10000000000.0], 'float32', undefined, '[   inf   -inf 1.e+10]'],
  [[0.0, -0], 'float32', undefined, '[ 0. -0.]'],
  [[-0, 1.5], 'float64', undefined, '[-0.   1.5]'],
  [[Number.NaN], 'float64', undefined, '[nan]'],
  [[], 'float32', undefined, '[]'],
  [[], 'float32', [0, 3], '[]'],
  [[], 'float32', [2, 0], '[]'],
  [[1, -20, 300], 'int32', undefined, '[  1 -20 300]'],
  [
    [
      [1, 0],
      [0, 1],
    ],
    'bool',
    undefined,
    '[[ True False]\n [False  True]]',
  ],
  [[true], 'bool', undefined, '[ True]'],
  [[-128, 127], 'int8', undefined, '[-128  127]'],
  [[0, 255], 'uint8', undefined, '[  0 255]'],
  [[2147483647, -2147483648], 'int32', undefined, '[ 2147483647 -2147483648]'],
  [3.5, 'float32', undefined, '3.5'],
  [3.0, 'float32', undefined, '3.0'],
  [7, 'int32', undefined, '7'],
  [true, 'bool', undefined, 'True'],
  [0.1, 'float32', undefined, '0.1'],
  [1e20, 'float64', undefined, '1e+20'],
  [1e-7, 'float64', undefined, '1e-07'],
  [Number.NaN, 'float64', undefined, 'nan'],
  [123456789.0, 'float32', undefined, '1.2345679e+08'],
  [12345678.9, 'float64', undefined, '12345678.9'],
  [
    count(24, (i) => i),
    'float32',
    [2, 3, 4],
    '[[[ 0.  1.  2.  3.]\n  [ 4.  5.  6.  7.]\n  [ 8.  9. 10. 11.]]\n\n [[12. 13. 14. 15.]\n  [16. 17. 18. 19.]\n  [20. 21. 22. 23.]]]',
  ],
  [
    count(16, (i) => i * 1.5 - 7),
    'float32',
    [2, 2, 2, 2],
    '[[[[-7.  -5.5]\n   [-4.  -2.5]]\n\n  [[-1.   0.5]\n   [ 2.   3.5]]]\n\n\n [[[ 5.   6.5]\n   [ 8.   9.5]]\n\n  [[11.  12.5]\n   [14.  15.5]]]]',
  ],
  [
    count(1200, () => 0),
    'float32',
    [6, 200],
    '[[0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]]',
  ],
  [
    count(1400, () => 0),
    'float32',
    [7, 200],
    '[[0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n ...\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]]',
  ],
  [
    count(1200, (i) => i),
    'int32',
    [200, 6],
    '[[   0    1    2    3    4    5]\n [   6    7    8    9   10   11]\n [  12   13   14   15   16   17]\n ...\n [1182 1183 1184 1185 1186 1187]\n [1188 1189 1190 1191 1192 1193]\n [1194 1195 1196 1197 1198 1199]]',
  ],
  [count(1001, (i) => i), 'float32', [1001], '[   0.    1.    2. ...  998.  999. 1000.]'],
  [count(1001, (i) => i * 0.5), 'float64', [1001], '[  0.    0.5   1.  ... 499.  499.5 500. ]'],
  [
    count(2500, (i) => i),
    'int32',
    [50, 50],
    '[[   0    1    2 ...   47   48   49]\n [  50   51   52 ...   97   98   99]\n [ 100  101  102 ...  147  148  149]\n ...\n [2350 2351 2352 ... 2397 2398 2399]\n [2400 2401 2402 ... 2447 2448 2449]\n [2450 2451 2452 ... 2497 2498 2499]]',
  ],
  [
    count(30, (i) => i),
    'int32',
    [30],
    '[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n 24 25 26 27 28 29]',
  ],
  [
    count(30, (i) => i * 1000.25),
    'float32',
    [30],
    '[    0.    1000.25  2000.5   3000.75  4001.    5001.25  6001.5   7001.75\n  8002.    9002.25 10002.5  11002.75 12003.   13003.25 14003.5  15003.75\n 16004.   17004.25 18004.5  19004.75 20005.   21005.25 22005.5  23005.75\n 24006.   25006.25 26006.5  27006.75 28007.   29007.25]',
  ],
  [
    count(40, (i) => i * 1000),
    'int32',
    [2, 20],
    '[[    0  1000  2000  3000  4000  5000  6000  7000  8000  9000 10000 11000\n  12000 13000 14000 15000 16000 17000 18000 19000]\n [20000 21000 22000 23000 24000 25000 26000 27000 28000 29000 30000 31000\n  32000 33000 34000 35000 36000 37000 38000 39000]]',
  ],
  [
    count(1200, (i) => i),
    'float32',
    [4, 300],
    '[[0.000e+00 1.000e+00 2.000e+00 ... 2.970e+02 2.980e+02 2.990e+02]\n [3.000e+02 3.010e+02 3.020e+02 ... 5.970e+02 5.980e+02 5.990e+02]\n [6.000e+02 6.010e+02 6.020e+02 ... 8.970e+02 8.980e+02 8.990e+02]\n [9.000e+02 9.010e+02 9.020e+02 ... 1.197e+03 1.198e+03 1.199e+03]]',
  ],
  [count(7, (i) => i * 0.1), 'float32', [7, 1], '[[0. ]\n [0.1]\n [0.2]\n [0.3]\n [0.4]\n [0.5]\n [0.6]]'],
  [
    count(60, (i) => i * 123.456),
    'float64',
    [3, 20],
    '[[   0.     123.456  246.912  370.368  493.824  617.28   740.736  864.192\n   987.648 1111.104 1234.56  1358.016 1481.472 1604.928 1728.384 1851.84\n  1975.296 2098.752 2222.208 2345.664]\n [2469.12  2592.576 2716.032 2839.488 2962.944 3086.4   3209.856 3333.312\n  3456.768 3580.224 3703.68  3827.136 3950.592 4074.048 4197.504 4320.96\n  4444.416 4567.872 4691.328 4814.784]\n [4938.24  5061.696 5185.152 5308.608 5432.064 5555.52  5678.976 5802.432\n  5925.888 6049.344 6172.8   6296.256 6419.712 6543.168 6666.624 6790.08\n  6913.536 7036.992 7160.448 7283.904]]',
  ],
  [[0.30000000000000004], 'float64', undefined, '[0.3]'],
  [[100, 0.5], 'float32', undefined, '[100.    0.5]'],
  [[1000, 0.5], 'float32', undefined, '[1.e+03 5.e-01]'],
  [[2e-5, 3e-5], 'float32', undefined, '[2.e-05 3.e-05]'],
  [[0.5, 0.25, 0.0001], 'float32', undefined, '[5.0e-01 2.5e-01 1.0e-04]'],
  [[1.00000001], 'float64', undefined, '[1.00000001]'],
  [[123.456789012345], 'float64', undefined, '[123.45678901]'],
  [[16777216, 1], 'float32', undefined, '[1.6777216e+07 1.0000000e+00]'],
  [[99999999, 1], 'float64', undefined, '[9.9999999e+07 1.0000000e+00]'],
  [[1.23456789e-5, 1], 'float64', undefined, '[1.23456789e-05 1.00000000e+00]'],
  [[5e-5], 'float32', undefined, '[5.e-05]'],
  [[Number.NaN, Infinity, 1e-5], 'float64', undefined, '[   nan    inf 1.e-05]'],
  [[1e16, 1], 'float64', undefined, '[1.e+16 1.e+00]'],
  [[1.5e300, -2.25e-300], 'float64', undefined, '[ 1.50e+300 -2.25e-300]'],
  [[0, 0, 0], 'float32', undefined, '[0. 0. 0.]'],
  [[0.00012345], 'float64', undefined, '[0.00012345]'],
  [[12345.678], 'float32', undefined, '[12345.678]'],
  [[10000000.5], 'float64', undefined, '[10000000.5]'],
  [[0.1, 1234.5], 'float32', undefined, '[1.0000e-01 1.2345e+03]'],
  [[1e100, 1e-5, 1], 'float64', undefined, '[1.e+100 1.e-005 1.e+000]'],
  [[1000000.0, 5], 'float32', undefined, '[1.e+06 5.e+00]'],
  [[999999, 5], 'float32', undefined, '[9.99999e+05 5.00000e+00]'],
  [[10000000.0, 12345678], 'float32', undefined, '[1.0000000e+07 1.2345678e+07]'],
  [[1.2345678e-5, 0.1, 0.3], 'float32', undefined, '[1.2345678e-05 1.0000000e-01 3.0000001e-01]'],
  [[Number.NaN, -1.5], 'float32', undefined, '[ nan -1.5]'],
  [[100000001.0, 2], 'float64', undefined, '[1.00000001e+08 2.00000000e+00]'],
  [[1e21, -1e22], 'float64', undefined, '[ 1.e+21 -1.e+22]'],
  [[3e-5, Number.NaN, -Infinity], 'float64', undefined, '[3.e-05    nan   -inf]'],
  [[false, true], 'bool', undefined, '[False  True]'],
  [10000000.0, 'float32', undefined, '1e+07'],
  [1000000000000000.0, 'float64', undefined, '1000000000000000.0'],
  [1e16, 'float64', undefined, '1e+16'],
  [0.3333333333333333, 'float64', undefined, '0.3333333333333333'],
  [0.3333333333333333, 'float32', undefined, '0.33333334'],
  [-0, 'float64', undefined, '-0.0'],
  [-2.5e-5, 'float32', undefined, '-2.5e-05'],
  [Infinity, 'float32', undefined, 'inf'],
  [123456.7, 'float32', undefined, '123456.7'],
  [false, 'bool', undefined, 'False'],
  [-5, 'int8', undefined, '-5'],
  [
    count(90, (i) => (i % 13) * 0.37 - 2),
    'float64',
    [2, 45],
    '[[-2.   -1.63 -1.26 -0.89 -0.52 -0.15  0.22  0.59  0.96  1.33  1.7   2.07\n   2.44 -2.   -1.63 -1.26 -0.89 -0.52 -0.15  0.22  0.59  0.96  1.33  1.7\n   2.07  2.44 -2.   -1.63 -1.26 -0.89 -0.52 -0.15  0.22  0.59  0.96  1.33\n   1.7   2.07  2.44 -2.   -1.63 -1.26 -0.89 -0.52 -0.15]\n [ 0.22  0.59  0.96  1.33  1.7   2.07  2.44 -2.   -1.63 -1.26 -0.89 -0.52\n  -0.15  0.22  0.59  0.96  1.33  1.7   2.07  2.44 -2.   -1.63 -1.26 -0.89\n  -0.52 -0.15  0.22  0.59  0.96  1.33  1.7   2.07  2.44 -2.   -1.63 -1.26\n  -0.89 -0.52 -0.15  0.22  0.59  0.96  1.33  1.7   2.07]]',
  ],
];

test.each(table)('%j as %s of shape %j prints as NumPy prints it', (values, dtype, shape, text) => {
  expect(tensor(values, shape === undefined ? { dtype } : { dtype, shape }).toString()).toBe(text);
});

test('console.log shows type and shape before the numbers', () => {
  expect(inspect(tensor([[1, 2]]))).toBe('Tensor float32 [1, 2]\n[[1. 2.]]');
});

test('JSON has shape, type and numbers of a tensor and nothing else, whatever it is a view on', () => {
  const whole = tensor([
    [1, 2.5, -3],
    [4, 5, 6],
  ]);
  const tail = slice(transpose(parameter(whole)), [[1, null]]);
  expect(JSON.stringify(tail)).toBe('{"shape":[2,2],"dtype":"float32","data":[2.5,5,-3,6]}');
  const flags = tensor([true, false]);
  expect(JSON.parse(JSON.stringify({ flags, one: scalar(7, 'int32') }))).toEqual({
    flags: { shape: [2], dtype: 'bool', data: [1, 0] },
    one: { shape: [], dtype: 'int32', data: [7] },
  });
  const { shape, dtype, data } = JSON.parse(JSON.stringify(whole)) as ReturnType<Tensor['toJSON']>;
  expect(`${tensor(data, { shape, dtype })}`).toBe(`${whole}`);
  expect(JSON.stringify(tensor([Number.NaN, Infinity]))).toBe('{"shape":[2],"dtype":"float32","data":[null,null]}');
});
