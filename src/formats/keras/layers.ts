import { elementsOf, type Shape, sameShape } from '../../base/shape.ts';
import type { ActivationSpec } from '../../graph/activation.ts';
import type { Config } from './config.ts';
import { IMAGE_LAYERS } from './image-layers.ts';
import {
  type At,
  activationIn,
  channelsOf,
  checkChannelsLast,
  checkLastAxis,
  kernelRoles,
  type Row,
  weightsOf,
} from './row.ts';

const dense: Row = {
  roles: kernelRoles,
  add: (at) => {
    const units = at.config.number('units');
    const kernel = at.weight('kernel', [channelsOf(at), units]);
    return at.node('dense', { activation: activationIn(at.config) }, { weights: weightsOf(at, kernel, units) });
  },
};

/** gamma and beta, where a normalization has them: by their names here and there. */
const scaleRoles = (config: Config): readonly string[] => [
  ...(config.flag('scale', true) ? ['gamma'] : []),
  ...(config.flag('center', true) ? ['beta'] : []),
];
const scalesOf = (at: At): Readonly<Record<string, string>> =>
  Object.fromEntries(scaleRoles(at.config).map((role) => [role, at.weight(role, [channelsOf(at)])]));

const batchNorm: Row = {
  roles: (config) => [...scaleRoles(config), 'moving_mean', 'moving_variance'],
  add: (at) => {
    const { config, shapes } = at;
    checkLastAxis(config, shapes[0]!);
    if (at.isTraining)
      config.fail('training', 'must be left out: outside training a network goes by the running statistics');
    const channels = [channelsOf(at)];
    const weights = {
      ...scalesOf(at),
      mean: at.weight('moving_mean', channels),
      variance: at.weight('moving_variance', channels),
    };
    const attrs = {
      epsilon: config.number('epsilon', 1e-3),
      momentum: config.number('momentum', 0.99),
      isUnbiased: false,
    };
    return at.node('batchNorm', attrs, { weights });
  },
};

const layerNorm: Row = {
  roles: scaleRoles,
  add: (at) => {
    const { config, shapes } = at;
    checkLastAxis(config, shapes[0]!);
    if (config.flag('rms_scaling', false)) config.fail('rms_scaling', 'must be false: networks here take the mean off');
    return at.node('layerNorm', { epsilon: config.number('epsilon', 1e-3) }, { weights: scalesOf(at) });
  },
};

const embedding: Row = {
  roles: () => ['embeddings'],
  add: ({ config, node, weight }) => {
    if (config.flag('mask_zero', false))
      config.fail('mask_zero', 'must be false: networks here have no masks of samples');
    const embeddings = weight('embeddings', [config.number('input_dim'), config.number('output_dim')]);
    return node('embedding', {}, { weights: { embeddings } });
  },
};

/** Dropout of numbers that are drawn for a sample; Keras's noise_shape has the batch before it. */
const dropout: Row = {
  add: ({ config, node, shapes: [x], isTraining: training }) => {
    const rate = config.number('rate');
    if (!config.has('noise_shape')) return node('dropout', { rate, training });
    const [batch, ...drawn] = config.list('noise_shape');
    if (batch !== null) return config.fail('noise_shape', 'must begin with null: each sample has numbers of its own');
    const noiseShape = drawn.map((n, axis) => (typeof n === 'number' ? n : x![axis]!));
    return node('dropout', { rate, training, noiseShape });
  },
};

const noise = (kind: 'factor' | 'alpha'): Row => ({
  add: ({ config, node, isTraining: training }) =>
    node('dropout', { rate: config.number('rate'), training, noise: kind }),
});

const activationRow = (spec: (config: Config, x: Shape) => ActivationSpec): Row => ({
  add: ({ config, node, shapes: [x] }) => node('activation', { activation: spec(config, x!) }),
});

/** max(x, 0), or up to 6, or with a slope below 0. */
function reluIn(config: Config): ActivationSpec {
  const most = config.get('max_value');
  const slope = config.number('negative_slope', 0);
  if (config.number('threshold', 0) !== 0) config.fail('threshold', 'must be 0');
  if (most === undefined) return slope === 0 ? { name: 'relu' } : { name: 'leakyRelu', alpha: slope };
  return most === 6 && slope === 0
    ? { name: 'relu6' }
    : config.fail('max_value', 'must be 6 or null, and 6 without a negative_slope');
}

const reshape: Row = {
  add: ({ config, node, inputs, shapes: [x] }) => {
    const given = config
      .list('target_shape')
      .map((n) => (typeof n === 'number' ? n : config.fail('target_shape', 'must be numbers')));
    const n = elementsOf(x!);
    const rest = given.reduce((product, size) => (size === -1 ? product : product * size), 1);
    const target = given.map((size) => (size === -1 ? n / rest : size));
    if (sameShape(target, x!)) return inputs[0]!;
    if (sameShape(target, [n])) return node('flatten', {});
    return config.fail(
      'target_shape',
      `makes [${target.join(', ')}] of [${x!.join(', ')}]: networks here only flatten`,
    );
  },
};

/** One row a class of layers. */
export const LAYERS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['Dense', dense],
  ['Activation', activationRow(activationIn)],
  ['ReLU', activationRow(reluIn)],
  [
    'LeakyReLU',
    activationRow((config) => ({
      name: 'leakyRelu',
      alpha: config.number('negative_slope', config.number('alpha', 0.3)),
    })),
  ],
  ['ELU', activationRow((config) => ({ name: 'elu', alpha: config.number('alpha', 1) }))],
  [
    'Softmax',
    activationRow((config, x) => {
      checkLastAxis(config, x);
      return { name: 'softmax' };
    }),
  ],
  [
    'Flatten',
    {
      add: ({ config, node }) => {
        checkChannelsLast(config);
        return node('flatten', {});
      },
    },
  ],
  ['Reshape', reshape],
  ['Dropout', dropout],
  [
    'SpatialDropout1D',
    {
      add: ({ config, node, shapes: [x], isTraining: training }) =>
        node('dropout', { rate: config.number('rate'), training, noiseShape: [1, x!.at(-1) ?? 1] }),
    },
  ],
  [
    'SpatialDropout2D',
    {
      add: ({ config, node, isTraining: training }) => {
        checkChannelsLast(config);
        return node('dropout', { rate: config.number('rate'), training, spatial: true });
      },
    },
  ],
  [
    'GaussianNoise',
    {
      add: ({ config, node, isTraining: training }) => {
        const deviation = config.number('stddev');
        return node('dropout', { rate: deviation > 0 ? 1 : 0, training, noise: 'added', deviation });
      },
    },
  ],
  ['GaussianDropout', noise('factor')],
  ['AlphaDropout', noise('alpha')],
  ...IMAGE_LAYERS,
  ['BatchNormalization', batchNorm],
  ['LayerNormalization', layerNorm],
  ['Embedding', embedding],
  ['Add', { add: ({ node }) => node('add', {}) }],
  [
    'Concatenate',
    {
      add: ({ config, node, shapes: [x] }) => {
        checkLastAxis(config, x!);
        return node('concat', {});
      },
    },
  ],
]);
