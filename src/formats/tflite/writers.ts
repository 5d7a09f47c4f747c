import type { Node, NodeOf, Op } from '../../graph/graph.ts';
import { writeConv, writeConvTranspose, writeDense } from './write-products.ts';
import {
  activation,
  add,
  batchNorm,
  concat,
  dequantize,
  embedding,
  flatten,
  globalPool,
  pool,
  quantize,
  split,
  upsample,
  zeroPad,
} from './write-values.ts';
import { refuse, type Write } from './writing.ts';

type Writer<K extends Op> = (write: Write, node: NodeOf<K>) => void;

/** Of an operation that no operator of TensorFlow Lite is. */
const none =
  (instead: string): Writer<Op> =>
  (_, node) =>
    refuse(node as Node, instead);

/** One row an operation. */
const WRITERS: { readonly [K in Op]: Writer<K> } = {
  activation,
  activityRegularization: none('taken off: it acts in training alone'),
  add,
  batchNorm,
  channelShuffle: none('another: no operator of TensorFlow Lite shuffles channels'),
  concat,
  conv: writeConv,
  convTranspose: writeConvTranspose,
  custom: none('another: it is code, which only training knows'),
  dense: writeDense,
  dequantize,
  dropout: none('taken off: TensorFlow Lite draws no numbers'),
  embedding,
  fakeQuantize: none('made integers: take convert() first'),
  flatten,
  globalPool,
  layerNorm: none('another: no operator of TensorFlow Lite normalizes samples by themselves'),
  pool,
  quantize,
  split,
  upsample,
  zeroPad,
};

/** Writes a node. Throws ValueError that names it where TensorFlow Lite has nothing like it. */
export const writeNode = <K extends Op>(write: Write, node: NodeOf<K>): void =>
  (WRITERS[node.op] as Writer<K>)(write, node);

/** What stands at the ends of a network of int8. */
const ENDS: { readonly [K in Op]?: 'first' | 'last' } = { quantize: 'first', dequantize: 'last' };

/** Whether a node makes integers of an input, or real numbers for an output. */
export const isEnd = ({ op }: Node, end: 'first' | 'last'): boolean => ENDS[op] === end;
