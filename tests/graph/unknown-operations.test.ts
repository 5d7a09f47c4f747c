import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { stagesOf } from '../../src/gpu/stages.ts';
import { Channels } from '../../src/graph/channels.ts';
import { networkCost } from '../../src/graph/cost.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { Network } from '../../src/graph/network.ts';
import { printGraph } from '../../src/graph/print.ts';
import { activationBefore, makerOf } from '../../src/graph/rewrite.ts';
import {
  compare,
  compileInference,
  Dense,
  Dropout,
  decodeNetwork,
  encodeNetwork,
  fromNetwork,
  measure,
  ones,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Residual,
  Sequential,
  shrink,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';

const relu = { activation: 'relu' } as const;
const known = toNetwork(
  new Sequential([
    new Dense(4, { ...relu, inputShape: [3] }),
    new Residual([new Dense(4, { ...relu, name: 'odd' }), new Dropout(0.5)]),
    new Dense(4, relu),
    new Dense(2),
  ]),
);
const NAME = 'residual/odd';

/** The network with an operation of which nothing is known in the place of one in its middle. */
const strange = {
  ...known,
  nodes: known.nodes.map((node) => (node.name === NAME ? { ...node, op: 'swap' } : node)),
} as unknown as Network;

/** The same in a file. */
function strangeFile(): Uint8Array {
  const text = new TextDecoder('latin1').decode(encodeNetwork(known));
  const changed = text.replace(/dense([^}]*residual.odd)/, 'swaps$1'); // as long as before
  expect(changed).not.toBe(text);
  return Uint8Array.from(changed, (c) => c.charCodeAt(0));
}

const WALKS: Readonly<Record<string, (network: Network) => unknown>> = {
  validateNetwork,
  networkCost,
  printGraph,
  'a network from a graph, as text': (network) => String(new Network(network)),
  channels: (network) => new Channels(network),
  makerOf: (network) => makerOf(network, NAME, true),
  activationBefore: (network) => activationBefore(network, NAME, false),
  compileNetwork: (network) => compileNetwork(network, 2, reference),
  compileInference: (network) => compileInference(network, 2),
  encodeNetwork: (network) => encodeNetwork(network),
  fromNetwork: (network) => fromNetwork(network),
  predictNetwork: (network) => predictNetwork(network, ones([2, 3])),
  measure: (network) => measure(network),
  'compare, before': (network) => compare(network, known),
  'compare, after': (network) => compare(known, network),
  prune: (network) => prune(network, { sparsity: 0.5 }),
  'pruneNeurons of a layer': (network) => pruneNeurons(network, { layer: 0, amount: 1 }),
  'pruneNeurons of all layers': (network) => pruneNeurons(network, { amount: 1, mask: true }),
  shrink: (network) => shrink(network),
  quantize: (network) => quantize(network, { calibration: ones([2, 3]) }),
  'a prediction on a device': (network) => stagesOf('gpuPredict', network),
  'a training on a device': (network) => stagesOf('gpuTrain', network, { forTraining: true }),
};

describe('an operation that is not known is refused with its name and that of its node', () => {
  test.each(Object.entries(WALKS))('by %s', (_, walk) => {
    const message = (() => {
      try {
        walk(strange);
      } catch (error) {
        return String(error);
      }
      return 'nothing';
    })();
    expect(message).toMatch(/residual\/odd/);
    expect(message).toMatch(/swap/);
    expect(message.split('\n')).toHaveLength(1);
  });

  test('by a file', () => {
    expect(() => decodeNetwork(strangeFile())).toThrow(/residual\/odd.*swaps|swaps.*residual\/odd/);
  });
});
