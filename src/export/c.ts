import { checkFlag, checkOneOf, checkText, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { type ActivationSpec, LINEAR } from '../graph/activation.ts';
import { entriesFor } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { headerText, sourceText } from './c-file.ts';
import { withInt8Inputs } from './c-inputs.ts';
import { RunText } from './c-run.ts';
import { listingOf } from './listing.ts';
import { testDigest } from './self-test.ts';

export interface COptions {
  /** What names of the files and functions begin with, an identifier of C. Default `network`. */
  readonly name?: string;
  /**
   * `small` (default): the numbers of each layer in the form that takes the fewest bytes of flash with its decoder: as they are,
   * by codes of a table, with zeros left out, or coded. `plain`: as they are, which runs fastest.
   */
  readonly storage?: 'small' | 'plain';
  /**
   * Whether a softmax, logSoftmax or sigmoid that an output ends in is left out: the largest is the same, and nothing is computed
   * in float64. Default false.
   */
  readonly logits?: boolean;
  /**
   * `real` (default): real numbers. `int8`: int8 in the format that the network has for each input, which the header says as
   * `<NAME>_INPUT_SCALE` and `<NAME>_INPUT_ZERO_POINT`, with a quarter of the memory.
   */
  readonly inputs?: 'real' | 'int8';
}

/** Texts of two files. */
export interface CFiles {
  /** Of `<name>.c`, which includes `<name>.h`. */
  readonly source: string;
  /** Of `<name>.h`. */
  readonly header: string;
}

/**
 * A network as one file of C99 and its header, that compute the bits of the engine for one sample: `int <name>_run(const float
 * *input, float *output)`, which gives 0, or 1 where an index is outside of its table; and `int <name>_self_test(void)`, which
 * gives 1 where it answers what the engine does. It allocates nothing, calls no library but `memcpy` and `memset`, and works in
 * static memory, so that one run is at a time. Inputs and outputs must not overlap. Weights stand in constants; on AVR with GNU
 * extensions in `__flash`, elsewhere as `WHITTLE_FLASH` says. Throws what `compileNetwork` throws, and StateError, which names
 * the node, for a kernel with numbers that are not finite, and the input where `inputs: 'int8'` is asked of one that is not.
 *
 * @example
 * const { source, header } = toC(toNetwork(model), { name: 'sensor' });
 * header.includes('int sensor_run(const float *input, float *output);'); // true
 * source.includes('malloc'); // false
 */
export function toC(network: Graph<Stored>, options: COptions = {}): CFiles {
  checkOptions('toC', options, 'name storage logits inputs');
  const defaults = { name: 'network', storage: 'small', logits: false, inputs: 'real' } as const;
  const { name, storage, logits, inputs: given } = { ...defaults, ...defined(options) };
  checkText('toC', 'name', name);
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new ValueError('toC', 'name', 'an identifier of C', name);
  checkOneOf('toC', 'storage', storage, ['small', 'plain']);
  checkFlag('toC', 'logits', logits);
  checkOneOf('toC', 'inputs', given, ['real', 'int8']);
  const listing = listingOf('toC', network);
  const own = logits ? withLogits(network) : network;
  const taken = own === network ? listing : listingOf('toC', own);
  const run = new RunText(given === 'int8' ? withInt8Inputs(taken) : taken, storage === 'small');
  const inputs = run.inputs.map((port) => ({
    ...port,
    entries: port.type === 'int32' ? entriesFor(own, port.title) : 0,
  }));
  const file = { name, run, inputs, digest: testDigest(own), isWhole: !logits };
  return { source: sourceText(file), header: headerText(file) };
}

const LAST: readonly string[] = ['softmax', 'logSoftmax', 'sigmoid'];

/** Nodes that outputs are, which no other node reads, end in no activation. */
function withLogits(network: Graph<Stored>): Graph<Stored> {
  const read = new Set(network.nodes.flatMap(({ inputs }) => inputs));
  const nodes = network.nodes.map((node): Node => {
    const { activation } = node.attrs as { readonly activation?: ActivationSpec };
    const isLast = network.outputs.includes(node.name) && !read.has(node.name) && node.format === null;
    if (!isLast || activation === undefined || !LAST.includes(activation.name)) return node;
    return { ...node, attrs: { ...node.attrs, activation: LINEAR } } as Node;
  });
  return { ...network, inputs: network.inputs, outputs: network.outputs, weights: network.weights, nodes };
}
