/** Network objects by hand, from callers whom no types keep from leaving out a field. */
import { expect, test } from 'vitest';
import {
  compare,
  Dense,
  decodeNetwork,
  encodeNetwork,
  fromNetwork,
  measure,
  ones,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Sequential,
  shrink,
  toNetwork,
  WhittleError,
} from '../../src/index.ts';

const model = new Sequential([new Dense(3, { activation: 'relu', inputShape: [2] }), new Dense(2)], { seed: 1 });
const network = toNetwork(model);
const TAKERS: Readonly<Record<string, (given: never) => unknown>> = {
  encodeNetwork,
  fromNetwork,
  measure: (given) => measure(given, { latency: false }),
  compare: (given) => compare(network, given),
  predictNetwork: (given) => predictNetwork(given, ones([1, 2])),
  prune: (given) => prune(given, { sparsity: 0.5 }),
  pruneNeurons: (given) => pruneNeurons(given, { amount: 1 }),
  quantize: (given) => quantize(given, { calibration: ones([4, 2]) }),
  shrink,
};

/** The network with a field of one of its parts changed or left out. */
function* spoiled(): Generator<[what: string, given: unknown]> {
  const wrong = [undefined, 5, 'x', null, Symbol('x'), () => {}];
  const parts = {
    network: (more: object) => ({ ...network, ...more }),
    input: (more: object) => ({ ...network, inputs: [{ ...network.inputs[0], ...more }] }),
    node: (more: object) => ({ ...network, nodes: [{ ...network.nodes[0], ...more }, network.nodes[1]] }),
    weight: (more: object) => ({
      ...network,
      weights: new Map(network.weights).set('dense/kernel', { ...network.weights.get('dense/kernel')!, ...more }),
    }),
  };
  const fields = {
    network: ['inputs', 'nodes', 'outputs', 'weights'],
    input: ['name', 'shape', 'dtype'],
    node: ['name', 'op', 'inputs', 'weights', 'attrs', 'format'],
    weight: ['shape', 'encoding', 'mask'],
  };
  const isRight = (field: string, value: unknown): boolean =>
    value === null && (field === 'format' || field === 'mask');
  for (const [part, names] of Object.entries(fields))
    for (const field of names)
      for (const value of wrong)
        if (!isRight(field, value))
          yield [`${part}.${field} = ${String(value)}`, parts[part as keyof typeof parts]({ [field]: value })];
  for (const list of ['inputs', 'nodes', 'outputs']) yield [`${list} of null`, { ...network, [list]: [null] }];
  yield ['weights of null', { ...network, weights: new Map([['dense/kernel', null]]) }];
  yield ['scale of true', { ...network, nodes: [{ ...network.nodes[0], format: { scale: true, zeroPoint: 0 } }] }];
  for (const value of wrong) yield [`${String(value)} in the place of it`, value];
}

test.each(Object.entries(TAKERS))('%s refuses what is no network in a sentence', (_, take) => {
  for (const [what, given] of spoiled()) {
    let error: unknown = null;
    try {
      take(given as never);
    } catch (thrown) {
      error = thrown;
    }
    // A name that only others refer to may be another name
    if (error === null) expect(what).toMatch(/input\.name|node\.name/);
    else expect(error, what).toBeInstanceOf(WhittleError);
  }
});

test('A file, or what was read from one, is not a network: the error says what to give', () => {
  const file = encodeNetwork(network);
  for (const take of Object.values(TAKERS)) {
    expect(() => take(file as never)).toThrow('give decodeNetwork(file).network');
    expect(() => take(decodeNetwork(file) as never)).toThrow('give the field network of what was read');
  }
});
