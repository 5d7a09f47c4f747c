/** What an argument must be is said in one sentence, where it is given. */
import { expect, test } from 'vitest';
import {
  Adam,
  assess,
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Embedding,
  findLearningRate,
  grad,
  LayerNorm,
  parameter,
  SeparableConv2D,
  Sequential,
  sum,
  tensor,
  ValueError,
} from '../../src/index.ts';
import { encodeSafetensors } from '../../src/io/index.ts';
import { LogisticRegression } from '../../src/learn/index.ts';

const any = (value: unknown): never => value as never;
const w = parameter(tensor([1, 2]));
const x = tensor([[1, 2]]);

function model(): Sequential {
  const made = new Sequential([new Dense(2, { inputShape: [2] })]);
  made.compile({ loss: 'mse' });
  return made;
}

const loss = () => sum(w);

test.each<[name: string, call: () => unknown, message: string | RegExp]>([
  [
    'minimize',
    () => new Adam().minimize(loss, any(undefined)),
    /^minimize: parameters must be a list.*model\.trainable$/,
  ],
  ['minimize', () => new Adam().minimize(loss, any(w)), /^minimize: parameters must be .*Put it in a list: \[w\]$/],
  ['minimize', () => new Adam().minimize(loss, any(model())), /Those of a model are model\.trainable$/],
  [
    'minimize',
    () => new Adam().minimize(loss, any([1])),
    'minimize: parameters[0] must be a tensor or a Parameter, got 1',
  ],
  ['apply', () => new Adam().apply(any(undefined), []), /^Adam: parameters must be a list of tensors or Parameters/],
  [
    'apply',
    () => new Adam().apply([w], any(undefined)),
    'Adam: gradients must be a list of tensors, one for each parameter',
  ],
  ['apply', () => new Adam().apply(any(w), any(w)), /Put it in a list/],
  ['state', () => new Adam().state(any(undefined)), /^Adam: parameters must be a list/],
  ['restore', () => new Adam().restore([w], any(undefined)), /^Adam: the state must be what state\(parameters\)/],
  [
    'setWeights',
    () => model().setWeights(any(undefined)),
    'setWeights: the weights must be a list of tensors, as getWeights() gives it',
  ],
  ['setWeights', () => model().setWeights(any(x)), 'setWeights: the weights must be a list of tensors'],
  [
    'findLearningRate',
    () => findLearningRate(any(undefined), x, x),
    /^findLearningRate: the model must be a model of layers/,
  ],
  ['assess', () => assess(any(undefined), [x, x], [x, x]), /^assess: the model must be a model of layers/],
  ['assess', () => assess(model(), [x, x], any(x)), 'assess: validation must be samples [x, y]'],
  ['grad', () => grad(loss, any(undefined)), /^valueAndGrad: tensors must be a list of them/],
  ['grad', () => grad(any(w), [w]), /^valueAndGrad: loss must be a function/],
  [
    'encodeSafetensors',
    () => encodeSafetensors(any({ w })),
    /^encodeSafetensors: tensors must be a Map of names .*new Map\(Object\.entries\(tensors\)\)/,
  ],
  [
    'encodeSafetensors',
    () => encodeSafetensors(new Map(), any(null)),
    'encodeSafetensors: metadata must be an object of texts',
  ],
  ['penalty', () => new LogisticRegression({ penalty: any('elasticnet') }), /Did you mean elasticNet\?$/],
  ['penalty', () => new LogisticRegression({ penalty: any(null) }), /got null\. Did you mean none\?$/],
  ['penalty', () => new LogisticRegression({ penalty: any('l3') }), /got "l3"$/],
])('%s says what it needs: case %#', (_, call, message) => {
  expect(call).toThrow(ValueError);
  expect(call).toThrow(message);
});

test.each<[name: string, make: (rule: unknown) => unknown]>([
  ['kernel', (rule) => new Dense(2, { kernelConstraint: any(rule) })],
  ['bias', (rule) => new Conv2D(2, 3, { biasConstraint: any(rule) })],
  ['depthwise', (rule) => new DepthwiseConv2D(3, { depthwiseConstraint: any(rule) })],
  ['pointwise', (rule) => new SeparableConv2D(2, 3, { pointwiseConstraint: any(rule) })],
  ['gamma', (rule) => new BatchNorm({ gammaConstraint: any(rule) })],
  ['beta', (rule) => new LayerNorm({ betaConstraint: any(rule) })],
  ['embeddings', (rule) => new Embedding(3, 2, { embeddingsConstraint: any(rule) })],
])('a wrong constraint of a %s is refused by the constructor', (role, make) => {
  expect(() => make('positive')).toThrow(
    `constraint: ${role}Constraint must be one such as maxNorm(2), or { name, call }, got "positive"`,
  );
  expect(() => make('max_norm')).toThrow(/got "max_norm"\. Call the function: maxNorm\(2\)$/);
  expect(() => make(null)).toThrow(/got null$/);
  expect(() => make(undefined)).not.toThrow();
});

test('so are wrong regularizers, initializers and activations', () => {
  expect(() => new Dense(2, { kernelRegularizer: any('l3') })).toThrow(/^regularizer/);
  expect(() => new Embedding(3, 2, { embeddingsRegularizer: any('l3') })).toThrow(/^regularizer/);
  expect(() => new Dense(2, { activityRegularizer: any('l3') })).toThrow(/^regularizer/);
  expect(() => new SeparableConv2D(2, 3, { depthwiseInitializer: any('none') })).toThrow(/^initializer/);
  expect(() => new BatchNorm({ movingMeanInitializer: any('none') })).toThrow(/^initializer/);
  expect(() => new Dense(2, { activation: any('reluu') })).toThrow(/^activation/);
});

test.each([
  ['randomUniform', 'randomUniform()'],
  ['random_normal', 'randomNormal()'],
  ['truncatedNormal', 'truncatedNormal()'],
  ['constant', 'constant(0.1)'],
  ['VarianceScaling', 'varianceScaling({ scale: 2 })'],
])('an initializer that is made by a function is to be called: %s', (name, call) => {
  expect(() => new Dense(2, { kernelInitializer: any(name) })).toThrow(`got "${name}". Call the function: ${call}`);
});
