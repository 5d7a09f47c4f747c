/** What a model file may say of running statistics: how they begin, and nothing that no step would hold. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  constant,
  Dense,
  digest,
  FormatError,
  fromNetwork,
  LayerNorm,
  loadModel,
  Sequential,
  saveModel,
  toNetwork,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(17);
const [x, y] = [of(list(16, draw), [8, 2], 'float32'), of(list(24, draw), [8, 3], 'float32')];

function trained(): Sequential {
  const model = new Sequential(
    [new Dense(3, { useBias: false, inputShape: [2] }), new BatchNorm({ movingMeanInitializer: constant(2) })],
    { seed: 3 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse' });
  model.fit(x, y, { epochs: 2, batchSize: 4 });
  return model;
}

type Training = { layers: Record<string, object>; optimizer: { powers?: Record<string, number[]> } };

/** The file of the model, changed. */
function changed(change: (training: Training, tensors: ReturnType<typeof decodeSafetensors>['tensors']) => void) {
  const { tensors, metadata } = decodeSafetensors(saveModel(trained()));
  const training = JSON.parse(metadata.get('training')!) as Training;
  change(training, tensors);
  return encodeSafetensors(tensors, { ...Object.fromEntries(metadata), training: JSON.stringify(training) });
}

describe('of a running statistic', () => {
  test('a file tells how it begins, and the next file too', () => {
    const file = saveModel(trained());
    expect(saveModel(loadModel(file))).toEqual(file);
    const again = loadModel(
      changed(({ layers }) => {
        layers.batchNorm = { ...layers.batchNorm, varianceInitializer: 'zeros' };
      }),
    ).layers[1] as BatchNorm;
    expect(again.options.movingVarianceInitializer).toBe('zeros');
  });

  test.each([
    ['batchNorm', { meanRegularizer: { l1: 0, l2: 1 } }],
    ['batchNorm', { meanConstraint: { name: 'nonNegative' } }],
    ['batchNorm', { varianceConstraint: { name: 'maxNorm', limit: 2, axis: 9 } }],
    // A weight that is not there can be held to nothing either
    ['dense', { biasRegularizer: { l1: 0, l2: 1 } }],
    ['dense', { biasInitializer: 'zeros' }],
  ])('and of one that is not there a file tells no rule: %s %j', (layer, rule) => {
    const file = changed(({ layers }) => {
      layers[layer] = { ...layers[layer], ...rule };
    });
    expect(() => loadModel(file)).toThrow(FormatError);
    expect(() => loadModel(file)).toThrow(`layers.${layer}.${Object.keys(rule)[0]}`);
  });

  test.each(['m', 'v'])('the optimizer keeps no %s', (slot) => {
    const name = `optimizer/batchNorm/mean/${slot}`;
    const file = changed((_, tensors) => {
      tensors.set(name, { dtype: 'F32', shape: [3], data: new Float32Array(3) });
    });
    expect(() => loadModel(file)).toThrow('the tensor belongs to nothing');
  });

  test('nor powers of its decays', () => {
    const file = changed(({ optimizer }) => {
      optimizer.powers = { 'batchNorm/variance': [0.5, 0.5] };
    });
    expect(() => loadModel(file)).toThrow('optimizer.powers');
  });

  test('slots that its values got outside of the model are in no file', () => {
    const model = trained();
    const { value } = model.layer('batchNorm').parameter('mean');
    model.optimizer.apply([value], [of([1, 1, 1], [3], 'float32')]);
    const loaded = loadModel(saveModel(model));
    expect(digest(loaded)).toBe(digest(model));
  });

  test('a mask is refused: no step would hold it', () => {
    const network = toNetwork(trained());
    for (const role of ['mean', 'variance']) {
      const key = `batchNorm/${role}`;
      const weights = new Map(network.weights);
      weights.set(key, { ...weights.get(key)!, mask: new Uint8Array(3) });
      const { inputs, nodes, outputs } = network;
      expect(() => fromNetwork({ inputs, nodes, outputs, weights })).toThrow(
        `network: node "batchNorm" mask of ${role} must be null`,
      );
    }
  });
});

test('an epsilon of 0 is one of layers, networks and files alike', () => {
  for (const Norm of [BatchNorm, LayerNorm]) {
    const model = new Sequential([new Norm({ epsilon: 0, inputShape: [3] })]);
    model.build([3]);
    const read = [fromNetwork(toNetwork(model)), loadModel(saveModel(model))].map(({ layers }) => layers[0]);
    expect(read.map((layer) => (layer as BatchNorm).epsilon)).toEqual([0, 0]);
  }
});
