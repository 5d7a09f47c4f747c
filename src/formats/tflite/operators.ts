import type { Call } from './call.ts';
import { add, conv2d, depthwise, fullyConnected, mul, transposeConv } from './read-products.ts';
import {
  activation,
  concatenation,
  dequantize,
  gather,
  gelu,
  globalPool,
  leakyRelu,
  logSoftmax,
  pad,
  pool,
  quantize,
  reshape,
  resizeNearest,
  slice,
  softmax,
  split,
  splitV,
  stridedSlice,
} from './read-values.ts';
import type { Options, OptionsName } from './schema.ts';

/** An operator that networks have. */
export interface Operator {
  /** Which table tells it what to do. */
  readonly options: OptionsName;
  /** Makes nodes of one. */
  readonly read: (call: Call, options: object) => void;
}

const row = <O extends OptionsName>(options: O, read: (call: Call, options: Options[O]) => void): Operator => ({
  options,
  read: (call, given) => read(call, given as Options[O]),
});
const plain = (read: (call: Call) => void): Operator => row('none', read);

/** One row an operator that can be read. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['ADD', row('add', add)],
  ['AVERAGE_POOL_2D', row('pool', pool('average'))],
  ['CONCATENATION', row('concatenation', concatenation)],
  ['CONV_2D', row('conv2d', conv2d)],
  ['DEPTHWISE_CONV_2D', row('depthwise', depthwise)],
  ['DEQUANTIZE', plain(dequantize)],
  ['ELU', plain(activation('elu'))],
  ['EXP', plain(activation('exponential'))],
  ['EXPAND_DIMS', plain(reshape)],
  ['FULLY_CONNECTED', row('fullyConnected', fullyConnected)],
  ['GATHER', row('gather', gather)],
  ['GELU', row('gelu', gelu)],
  ['HARD_SWISH', plain(activation('hardSwish'))],
  ['LEAKY_RELU', row('leakyRelu', leakyRelu)],
  ['LOGISTIC', plain(activation('sigmoid'))],
  ['LOG_SOFTMAX', plain(logSoftmax)],
  ['MAX_POOL_2D', row('pool', pool('max'))],
  ['MEAN', plain(globalPool('average'))],
  ['MUL', row('mul', mul)],
  ['PAD', plain(pad)],
  ['QUANTIZE', plain(quantize)],
  ['REDUCE_MAX', plain(globalPool('max'))],
  ['RELU', plain(activation('relu'))],
  ['RELU6', plain(activation('relu6'))],
  ['RESHAPE', plain(reshape)],
  ['RESIZE_NEAREST_NEIGHBOR', row('resize', resizeNearest)],
  ['SLICE', plain(slice)],
  ['SOFTMAX', row('softmax', softmax)],
  ['SPLIT', row('split', split)],
  ['SPLIT_V', plain(splitV)],
  ['SQUEEZE', plain(reshape)],
  ['STRIDED_SLICE', row('stridedSlice', stridedSlice)],
  ['TANH', plain(activation('tanh'))],
  ['TRANSPOSE_CONV', row('transposeConv', transposeConv)],
]);
