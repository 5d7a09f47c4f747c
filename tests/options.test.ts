import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as data from '../src/data/index.ts';
import * as formats from '../src/formats/index.ts';
import { createGpuBackend, gpuMatmul, gpuPredict, gpuTrain, matmulAuto } from '../src/gpu/index.ts';
import { GpuPredictor } from '../src/gpu/predict.ts';
import * as w from '../src/index.ts';
import { compileNetwork } from '../src/infer/index.ts';
import { encodeNetwork } from '../src/io/index.ts';
import * as learn from '../src/learn/index.ts';
import { readTable } from '../src/node/index.ts';
import { enableThreads } from '../src/threads/index.ts';

/** Options, of which the compiler shall not see what they are. */
type Given = never;

const x = w.ones([4, 1]);
const layer = (): w.Dense => new w.Dense(1, { inputShape: [1] });
const model = new w.Sequential([layer()]);
model.compile({ loss: 'mse' });
const network = w.toNetwork(model);
const quantized = w.quantize(network, { format: 'int8' });
const csv = 'a,y\n1,2\n2,4\n';
const dummy = new learn.DummyRegressor();
const onTable = new learn.TablePipeline(new data.TableEncoder({ target: 'y', task: 'regression' }), dummy);
const path = fileURLToPath(new URL('../data/wine.csv', import.meta.url));

/** Every function, constructor and method of the library that takes an object of options, called with one. */
const CALLS: Readonly<Record<string, (options: Given) => unknown>> = {
  // kernels, threads, devices
  wasm: (o) => w.wasm(o),
  enableThreads: (o) => enableThreads(2, o),
  createGpuBackend: (o) => createGpuBackend(o),
  gpuMatmul: (o) => gpuMatmul(x as never, x as never, o),
  matmulAuto: (o) => matmulAuto(x, x, o),
  gpuPredict: (o) => gpuPredict(model, o),
  'GpuPredictor.predict': (o) => GpuPredictor.prototype.predict.call({}, x, o),
  gpuTrain: (o) => gpuTrain(model, x, x, o),
  // formats
  toOnnx: (o) => formats.toOnnx(network, o),
  fromOnnx: (o) => formats.fromOnnx(formats.toOnnx(network), o),
  toTflite: (o) => formats.toTflite(network, o),
  fromTflite: (o) => formats.fromTflite(formats.toTflite(network), o),
  decodeNpz: (o) => formats.decodeNpz(formats.encodeNpz(new Map()), o),
  readModel: (o) => formats.readModel(encodeNetwork(network), o),
  withForeignWeights: (o) => formats.withForeignWeights(network, new Map(), o),
  // tensors
  tensor: (o) => w.tensor([1], o),
  sum: (o) => w.sum(x, o),
  mean: (o) => w.mean(x, o),
  variance: (o) => w.variance(x, o),
  prod: (o) => w.prod(x, o),
  max: (o) => w.max(x, o),
  min: (o) => w.min(x, o),
  logSumExp: (o) => w.logSumExp(x, o),
  quantile: (o) => w.quantile(x, 0.5, o),
  searchSorted: (o) => w.searchSorted(w.ones([1]), x, o),
  histogram: (o) => w.histogram(x, o),
  conv2d: (o) => w.conv2d(w.ones([1, 2, 2, 1]), w.ones([1, 1, 1, 1]), null, o),
  conv1d: (o) => w.conv1d(w.ones([1, 2, 1]), w.ones([1, 1, 1]), null, o),
  depthwiseConv2d: (o) => w.depthwiseConv2d(w.ones([1, 2, 2, 1]), w.ones([1, 1, 1, 1]), null, o),
  conv2dTranspose: (o) => w.conv2dTranspose(w.ones([1, 2, 2, 1]), w.ones([1, 1, 1, 1]), null, o),
  maxPool2d: (o) => w.maxPool2d(w.ones([1, 2, 2, 1]), o),
  avgPool2d: (o) => w.avgPool2d(w.ones([1, 2, 2, 1]), o),
  maxPool1d: (o) => w.maxPool1d(w.ones([1, 2, 1]), o),
  avgPool1d: (o) => w.avgPool1d(w.ones([1, 2, 1]), o),
  // models and layers
  Model: (o) => new w.Model(w.input([1]), w.input([1]), o),
  Sequential: (o) => new w.Sequential([layer()], o),
  input: (o) => w.input([1], o),
  fromNetwork: (o) => w.fromNetwork(network, o),
  Dense: (o) => new w.Dense(1, o),
  Conv2D: (o) => new w.Conv2D(1, 1, o),
  Conv1D: (o) => new w.Conv1D(1, 1, o),
  DepthwiseConv2D: (o) => new w.DepthwiseConv2D(1, o),
  SeparableConv2D: (o) => new w.SeparableConv2D(1, 1, o),
  Conv2DTranspose: (o) => new w.Conv2DTranspose(1, 1, o),
  MaxPool2D: (o) => new w.MaxPool2D(o),
  AvgPool2D: (o) => new w.AvgPool2D(o),
  MaxPool1D: (o) => new w.MaxPool1D(o),
  AvgPool1D: (o) => new w.AvgPool1D(o),
  GlobalMaxPool2D: (o) => new w.GlobalMaxPool2D(o),
  GlobalAvgPool2D: (o) => new w.GlobalAvgPool2D(o),
  GlobalMaxPool1D: (o) => new w.GlobalMaxPool1D(o),
  GlobalAvgPool1D: (o) => new w.GlobalAvgPool1D(o),
  ZeroPadding2D: (o) => new w.ZeroPadding2D(1, o),
  ZeroPadding1D: (o) => new w.ZeroPadding1D(1, o),
  UpSampling2D: (o) => new w.UpSampling2D(2, o),
  UpSampling1D: (o) => new w.UpSampling1D(2, o),
  ChannelShuffle: (o) => new w.ChannelShuffle(1, o),
  Activation: (o) => new w.Activation('relu', o),
  SpatialDropout2D: (o) => new w.SpatialDropout2D(0.5, o),
  BatchNorm: (o) => new w.BatchNorm(o),
  LayerNorm: (o) => new w.LayerNorm(o),
  FakeQuantize: (o) => new w.FakeQuantize(o),
  Embedding: (o) => new w.Embedding(2, 2, o),
  GaussianNoise: (o) => new w.GaussianNoise(0.5, o),
  GaussianDropout: (o) => new w.GaussianDropout(0.5, o),
  AlphaDropout: (o) => new w.AlphaDropout(0.5, o),
  Dropout: (o) => new w.Dropout(0.5, o),
  ActivityRegularization: (o) => new w.ActivityRegularization('l2', o),
  Flatten: (o) => new w.Flatten(o),
  Add: (o) => new w.Add(o),
  Part: (o) => new w.Part(0, 1, o),
  Residual: (o) => new w.Residual([layer()], o),
  Concat: (o) => new w.Concat([], o),
  Split: (o) => new w.Split([], o),
  lenet5: (o) => w.lenet5(o),
  smallCNN: (o) => w.smallCNN(o),
  mobileNetV1: (o) => w.mobileNetV1(o),
  mobileNetV2: (o) => w.mobileNetV2(o),
  shuffleNetV1: (o) => w.shuffleNetV1(o),
  shuffleNetV2: (o) => w.shuffleNetV2(o),
  varianceScaling: (o) => w.varianceScaling(o),
  l1l2: (o) => w.l1l2(o),
  minMaxNorm: (o) => w.minMaxNorm(o),
  'Lowering.weight': (o) => {
    const own = Object.assign(new w.Flatten(), { lower: (at: w.Lowering) => at.weight('own', 'kernel', [1], o) });
    new w.Sequential([own]).build([1]);
  },
  'LayerGraph.forward': (o) => model.forward(x, o),
  // training
  SGD: (o) => new w.SGD(o),
  'Optimizer.minimize': (o) => new w.SGD().minimize(() => w.sum(x), [x], o),
  Adam: (o) => new w.Adam(o),
  AdamW: (o) => new w.AdamW(o),
  RMSprop: (o) => new w.RMSprop(o),
  Proximal: (o) => new w.Proximal(new w.SGD(), o),
  Adagrad: (o) => new w.Adagrad(o),
  huber: (o) => w.huber(o),
  binaryCrossentropy: (o) => w.binaryCrossentropy(o),
  categoricalCrossentropy: (o) => w.categoricalCrossentropy(o),
  sparseCategoricalCrossentropy: (o) => w.sparseCategoricalCrossentropy(o),
  EarlyStopping: (o) => new w.EarlyStopping(o),
  ReduceLROnPlateau: (o) => new w.ReduceLROnPlateau(o),
  ModelCheckpoint: (o) => new w.ModelCheckpoint(() => undefined, o),
  ExponentialMovingAverage: (o) => new w.ExponentialMovingAverage(o),
  StochasticWeightAverage: (o) => new w.StochasticWeightAverage(o),
  updateStatistics: (o) => w.updateStatistics(model, x, o),
  findLearningRate: (o) => w.findLearningRate(model, x, x, o),
  monteCarlo: (o) => w.monteCarlo(model, x, o),
  'CompiledGraph.compile': (o) => model.compile(o),
  'Model.compile': (o) => model.compile(o),
  'Model.fit': (o) => model.fit(x, x, o),
  'Model.fitAsync': (o) => model.fitAsync(x, x, o),
  'CompiledGraph.evaluate': (o) => model.evaluate(x, x, o),
  'CompiledGraph.predict': (o) => model.predict(x, o),
  diagnose: (o) => w.diagnose(model.fit(x, x), o),
  // compression
  factorize: (o) => w.factorize(model, o as never),
  factorizableLayers: (o) => w.factorizableLayers(model, o as never),
  deepCompression: (o) => w.deepCompression(model, o as never),
  compress: (o) => w.compress(model, { x, y: x, validation: [x, x], test: [x, x] }, o),
  prune: (o) => w.prune(model, o),
  weightScores: (o) => w.weightScores(model, o),
  ConstantSparsity: (o) => new w.ConstantSparsity(o),
  PruningSchedule: (o) => new w.PruningSchedule(o),
  pruneNeurons: (o) => w.pruneNeurons(model, o),
  hashWeights: (o) => w.hashWeights(model, o as never),
  kMeans: (o) => w.kMeans([1, 2], 1, o),
  shareWeights: (o) => w.shareWeights(model, o),
  pruneLayers: (o) => w.pruneLayers(model, o),
  quantize: (o) => w.quantize(model, o),
  ledger: (o) => w.ledger(model, network, o),
  mixedPrecision: (o) => w.mixedPrecision(model, o),
  repair: (o) => w.repair(model, network, o),
  quantizeTensor: (o) => w.quantizeTensor(x, 'int8', o),
  observeRanges: (o) => w.observeRanges(model, x, o),
  correctBias: (o) => w.correctBias(model, quantized, o),
  adaRound: (o) => w.adaRound(model, quantized, o),
  gptq: (o) => w.gptq(model, quantized, o),
  prepareQAT: (o) => w.prepareQAT(model, o),
  convert: (o) => w.convert(w.prepareQAT(model), o),
  QATSchedule: (o) => new w.QATSchedule(o),
  toSparse: (o) => w.toSparse(model, o),
  distill: (o) => w.distill(o),
  selfDistill: (o) => w.selfDistill(model, o),
  softTargetLoss: (o) => w.softTargetLoss(x, x, o),
  decoupledLoss: (o) => w.decoupledLoss(x, x, x, o),
  contrastiveLoss: (o) => w.contrastiveLoss(x, x, o),
  ContrastiveMemory: (o) => new w.ContrastiveMemory(o),
  bestTeacher: (o) => w.bestTeacher(o),
  bornAgain: (o) => w.bornAgain(o),
  measure: (o) => w.measure(model, o),
  compare: (o) => w.compare(model, model, o),
  damage: (o) => w.damage(model, model, [x, x], o),
  heldTo: (o) => w.heldTo(model, (each) => each, o),
  strongest: (o) => w.strongest(model, [1], () => model, o),
  latencies: (o) => w.latencies([network], o),
  explain: (o) => w.explain(network, o),
  compileNetwork: (o) => compileNetwork(network, 1, w.cpu, o),
  lotteryTicket: (o) => w.lotteryTicket(model, () => {}, o),
  // data and files
  saveModel: (o) => w.saveModel(model, o),
  loadModel: (o) => w.loadModel(w.saveModel(model), o),
  encodeNetwork: (o) => encodeNetwork(network, o),
  parseCSV: (o) => data.parseCSV(csv, o),
  gunzip: (o) => data.gunzip(new Uint8Array(2), o),
  tableFromCSV: (o) => data.tableFromCSV(csv, o),
  tableFromBytes: (o) => data.tableFromBytes(new TextEncoder().encode(csv), o),
  readTable: (o) => readTable(path, o),
  TableEncoder: (o) => new data.TableEncoder(o),
  'TableEncoder.fit': (o) => new data.TableEncoder().fit(data.readCSV(csv), o),
  'TableEncoder.fitTransform': (o) => new data.TableEncoder().fitTransform(data.readCSV(csv), o),
  'TableEncoder.transform': (o) => new data.TableEncoder().fit(data.readCSV(csv)).transform(data.readCSV(csv), o),
  augment: (o) => data.augment([[[1]]], o),
  mixup: (o) => data.mixup([[1]], [[1]], o),
  imagesOf: (o) => data.imagesOf([[[1]]], o),
  decodeImage: (o) => data.decodeImage(new Uint8Array(2), o),
  'Vocabulary.of': (o) => data.Vocabulary.of(['a'], o),
  'Vocabulary.encode': (o) => new data.Vocabulary(['a']).encode(['a'], o),
  MinMaxScaler: (o) => new data.MinMaxScaler(o),
  splitIndices: (o) => data.splitIndices(8, o),
  trainTestSplit: (o) => data.trainTestSplit([x], o),
  kFold: (o) => data.kFold(8, o),
  stratifiedKFold: (o) => data.stratifiedKFold([0, 0, 1, 1], o),
  repeatedKFold: (o) => data.repeatedKFold(8, o),
  timeSeriesSplit: (o) => data.timeSeriesSplit(8, o),
  groupKFold: (o) => data.groupKFold([0, 1, 2, 3, 4], o),
  // classic learners
  LinearRegression: (o) => new learn.LinearRegression(o),
  Ridge: (o) => new learn.Ridge(o),
  Lasso: (o) => new learn.Lasso(o),
  ElasticNet: (o) => new learn.ElasticNet(o),
  'LinearModel.fit': (o) => new learn.Ridge().fit(x, [0, 0, 1, 1], o),
  'LinearModel.score': (o) => new learn.Ridge().fit(x, [0, 0, 1, 1]).score(x, [0, 0, 1, 1], o),
  lassoPath: (o) => learn.lassoPath(x, [0, 0, 1, 1], o),
  LogisticRegression: (o) => new learn.LogisticRegression(o),
  'LogisticRegression.fit': (o) => new learn.LogisticRegression().fit(x, [0, 0, 1, 1], o),
  'LogisticRegression.score': (o) => new learn.LogisticRegression().fit(x, [0, 0, 1, 1]).score(x, [0, 0, 1, 1], o),
  minimizeLBFGS: (o) => learn.minimizeLBFGS(() => 0, [0], o),
  DummyClassifier: (o) => new learn.DummyClassifier(o),
  'DummyClassifier.fit': (o) => new learn.DummyClassifier().fit(x, [0, 0, 1, 1], o),
  'DummyClassifier.score': (o) => new learn.DummyClassifier().fit(x, [0, 0, 1, 1]).score(x, [0, 0, 1, 1], o),
  DummyRegressor: (o) => new learn.DummyRegressor(o),
  'DummyRegressor.fit': (o) => dummy.fit(x, [0, 0, 1, 1], o),
  'DummyRegressor.score': (o) => dummy.fit(x, [0, 0, 1, 1]).score(x, [0, 0, 1, 1], o),
  PolynomialFeatures: (o) => new learn.PolynomialFeatures(o),
  'TablePipeline.fit': (o) => onTable.fit(data.readCSV(csv), o),
  'TablePipeline.score': (o) => onTable.fit(data.readCSV(csv)).score(data.readCSV(csv), o),
  encodeLowered: (o) => learn.encodeLowered(learn.networkOf(new learn.Ridge().fit(x, [0, 0, 1, 1])), o),
  crossValScore: (o) => learn.crossValScore(dummy, x, [0, 0, 1, 1], o),
  crossValidate: (o) => learn.crossValidate(dummy, x, [0, 0, 1, 1], o),
  crossValPredict: (o) => learn.crossValPredict(dummy, x, [0, 0, 1, 1], o),
  gridSearch: (o) => learn.gridSearch((own) => new learn.Ridge(own), { alpha: [1] }, x, [0, 0, 1, 1], o),
  randomSearch: (o) => learn.randomSearch((own) => new learn.Ridge(own), { alpha: [1] }, x, [0, 0, 1, 1], o),
  learningCurve: (o) => learn.learningCurve(dummy, x, [0, 0, 1, 1], o),
  validationCurve: (o) => learn.validationCurve(() => dummy, [1], x, [0, 0, 1, 1], o),
  precisionRecallF1: (o) => learn.precisionRecallF1([0, 1], [0, 1], o),
  regressionReport: (o) => learn.regressionReport([0, 1], [0, 1], o),
  classificationReport: (o) => learn.classificationReport([0, 1], [0, 1], o),
  cohenKappa: (o) => learn.cohenKappa([0, 1], [0, 1], o),
  logLoss: (o) => learn.logLoss([0, 1], [0.5, 0.5], o),
  expectedCalibrationError: (o) => learn.expectedCalibrationError([0, 1], [0.5, 0.5], o),
  brierScore: (o) => learn.brierScore([0, 1], [0.5, 0.5], o),
  rocCurve: (o) => learn.rocCurve([0, 1], [0.5, 0.5], o),
  rocAuc: (o) => learn.rocAuc([0, 1], [0.5, 0.5], o),
  precisionRecallCurve: (o) => learn.precisionRecallCurve([0, 1], [0.5, 0.5], o),
  averagePrecision: (o) => learn.averagePrecision([0, 1], [0.5, 0.5], o),
};
/** Constructors that classes of the user's own call with options of their own. */
const OPEN = ['Layer', 'Optimizer'];

async function refusalOf(call: () => unknown): Promise<w.ValueError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof w.ValueError) return error;
    throw error;
  }
  return expect.fail('nothing was refused');
}

describe('options', () => {
  test.each(Object.entries(CALLS))(
    'of %s are refused where they are unknown, even undefined, or no object',
    async (_, call) => {
      for (const value of [1, undefined]) {
        const error = await refusalOf(() => call({ nonsense: value } as Given));
        expect(error).toMatchObject({ field: 'nonsense', value });
        expect(error.message).toMatch(/^[\w.]+: nonsense must be (one of the options \w+|the option relaxed)/);
      }
      for (const given of [3, 'relu', true, null, ['name']]) {
        const error = await refusalOf(() => call(given as Given));
        expect(error.message).toMatch(
          /: options must be an object of \w+(, \w+)*, got |: 0 must be the option relaxed, got /,
        );
      }
    },
  );

  test('are tried here for every function and class of the entry points that takes them', () => {
    const found = publicTakers();
    expect(found.filter((name) => !OPEN.includes(name)).sort()).toEqual(Object.keys(CALLS).sort());
    expect(found).toEqual(expect.arrayContaining(OPEN));
  });

  test.each([
    [() => new w.Adam({ lr: 0.5 } as Given), 'Adam: lr', 'learningRate'],
    [() => new w.Adam({ eps: 1e-8 } as Given), 'Adam: eps', 'epsilon'],
    [() => new w.Adam({ beta_1: 0.8 } as Given), 'Adam: beta_1', 'beta1'],
    [() => new w.AdamW({ betas: [0.9, 0.99] } as Given), 'AdamW: betas', 'beta1'],
    [() => new w.SGD({ weight_decay: 0.1, lr: 1 } as Given), 'SGD: weight_decay', null],
    [() => new w.RMSprop({ alpha: 0.99 } as Given), 'RMSprop: alpha', 'rho'],
    [
      () => new w.EarlyStopping({ restore_best_weights: true } as Given),
      'EarlyStopping: restore_',
      'restoreBestWeights',
    ],
    [() => new w.ReduceLROnPlateau({ min_lr: 1 } as Given), 'ReduceLROnPlateau: min_lr', 'minLearningRate'],
    [() => new w.Dense(1, { activaton: 'relu' } as Given), 'Dense: activaton', 'activation'],
    [() => new w.Dense(1, { use_bias: false } as Given), 'Dense: use_bias', 'useBias'],
    [() => new w.Conv2D(1, 1, { stride: 2 } as Given), 'Conv2D: stride', 'strides'],
    [() => new w.Conv2D(1, 1, { dilation: 2 } as Given), 'Conv2D: dilation', 'dilationRate'],
    [() => new w.DepthwiseConv2D(1, { multiplier: 2 } as Given), 'DepthwiseConv2D: multiplier', 'depthMultiplier'],
    [() => new w.MaxPool2D({ kernelSize: 2 } as Given), 'MaxPool2D: kernelSize', 'poolSize'],
    [() => new w.Dense(1, { bias: false } as Given), 'Dense: bias', 'useBias'],
    [() => new w.Dense(1, { input_shape: [2] } as Given), 'Dense: input_shape', 'inputShape'],
    [() => new w.Dense(1, { kernel_regularizer: 'l2' } as Given), 'Dense: kernel_', 'kernelRegularizer'],
    [() => model.fit(x, x, { epoch: 5 } as Given), 'fit: epoch', 'epochs'],
    [() => model.fit(x, x, { batch_size: 3 } as Given), 'fit: batch_size', 'batchSize'],
    [() => model.fit(x, x, { validation_split: 0.5 } as Given), 'fit: validation_split', 'validationSplit'],
    [() => model.compile({ loss: 'mse', optimiser: 'adam' } as Given), 'compile: optimiser', 'optimizer'],
    [() => w.binaryCrossentropy({ from_logits: true } as Given), 'binaryCrossentropy: from_logits', 'fromLogits'],
    [() => w.sum(x, { keepdims: true } as Given), 'sum: keepdims', 'keepDims'],
    [() => w.mean(x, { dim: 1 } as Given), 'mean: dim', 'axis'],
    [() => data.splitIndices(9, { random_state: 1 } as Given), 'splitIndices: random_state', 'seed'],
    [() => new learn.Ridge({ fit_intercept: false } as Given), 'Ridge: fit_intercept', 'fitIntercept'],
    [() => new learn.ElasticNet({ l1_ratio: 0.5 } as Given), 'ElasticNet: l1_ratio', 'l1Ratio'],
    [() => new learn.LogisticRegression({ max_iter: 5 } as Given), 'LogisticRegression: max_iter', 'maxIter'],
    [() => model.compile({ loss: 'mean_squared_error' as Given }), 'compile: loss', 'mse'],
    [() => model.compile({ loss: 'mean_absolute_error' as Given }), 'compile: loss', 'mae'],
    [() => model.compile({ loss: 'binary_crossentropy' as Given }), 'compile: loss', 'binaryCrossentropy'],
    [
      () => model.compile({ loss: 'sparse_categorical_crossentropy' as Given }),
      'compile: loss',
      'sparseCategoricalCrossentropy',
    ],
    [() => model.compile({ loss: 'cross_entropy' as Given }), 'compile: loss', 'categoricalCrossentropy'],
    [() => model.compile({ loss: 'mse', metrics: ['acc' as Given] }), 'compile: metric', 'accuracy'],
    [() => model.compile({ loss: 'mse', metrics: ['root_mean_squared_error' as Given] }), 'compile: metric', 'rmse'],
    [() => new w.Dense(1, { activation: 'ReLU' as Given }), 'activation: the name', 'relu'],
    [
      () => new w.Sequential([new w.Dense(1, { inputShape: [1], kernelInitializer: 'he_normal' as Given })]),
      'initializer: the name',
      'heNormal',
    ],
    [() => model.compile({ loss: 'mse', optimizer: 'rms_prop' as Given }), 'compile: optimizer', 'rmsprop'],
  ])(
    'and names that other libraries have, or slips of the pen, are answered with ours: row %#',
    async (call, begin, meant) => {
      const { message } = await refusalOf(call);
      expect(message.startsWith(`${begin}`)).toBe(true);
      if (meant === null) expect(message).not.toContain('Did you mean');
      else expect(message).toMatch(new RegExp(`\\. Did you mean ${meant}\\?$`));
    },
  );

  test('name a loss as its function is called, and a metric as it was named', () => {
    const made = new w.Sequential([layer()]);
    const metrics = ['meanAbsoluteError', 'meanSquaredError', 'topKAccuracy', 'calibrationError', 'auc', 'r2'] as const;
    made.compile({ loss: 'meanSquaredError', metrics });
    expect([made.loss.name, ...made.metrics.map(({ name }) => name)]).toEqual(['mse', ...metrics]);
    made.compile({ loss: 'meanAbsoluteError' });
    expect(w.loadModel(w.saveModel(made)).loss.name).toBe('mae');
  });

  test('of classes that extend ours may be their own', () => {
    class Slow extends w.Adam {
      readonly patience: number;
      constructor(options: w.AdamOptions & { readonly patience: number }) {
        super(options);
        this.patience = options.patience;
      }
    }
    class Wide extends w.Dense {
      constructor(options: w.DenseOptions & { readonly factor: number }) {
        super(2 * options.factor, options);
      }
    }
    class Both extends w.Residual {
      constructor(options: w.LayerOptions & { readonly width: number }) {
        super([new w.Dense(options.width)], options);
      }
    }
    class Bored extends w.EarlyStopping {
      constructor(options: w.EarlyStoppingOptions & { readonly after: number }) {
        super({ ...options, patience: options.after } as w.EarlyStoppingOptions);
      }
    }
    class Small extends w.Sequential {
      constructor(options: w.SequentialOptions & { readonly units: number }) {
        super([new w.Dense(options.units)], options);
      }
    }
    expect(new Bored({ after: 3 }).best).toBeNull();
    expect(new Small({ units: 2, seed: 5 })).toMatchObject({ seed: 5 });
    expect(new Slow({ patience: 3, beta1: 0.5 }).patience).toBe(3);
    expect(new Wide({ factor: 2, name: 'wide' })).toMatchObject({ units: 4, name: 'wide' });
    expect(new Both({ width: 2, name: 'both' }).name).toBe('both');
  });

  test('that are given where a plain value stands are refused, and so is the reverse', async () => {
    const y = w.ones([2, 3]);
    const axis = { axis: 1 } as Given;
    const cases: Record<string, () => unknown> = {
      argmax: () => w.argmax(y, axis),
      argmin: () => w.argmin(y, axis),
      softmax: () => w.softmax(y, axis),
      logSoftmax: () => w.logSoftmax(y, axis),
      sort: () => w.sort(y, axis),
      cumsum: () => w.cumsum(y, axis),
      concat: () => w.concat([y, y], axis),
      stack: () => w.stack([y, y], axis),
      split: () => w.split(y, 1, axis),
      gather: () => w.gather(y, w.tensor(Int32Array.of(0)), axis),
      scatterAdd: () => w.scatterAdd(y, w.tensor(Int32Array.of(0)), w.ones([1, 3]), axis),
      squeeze: () => w.squeeze(y, axis),
      expandDims: () => w.expandDims(y, axis),
      flip: () => w.flip(y, axis),
    };
    for (const [op, call] of Object.entries(cases)) {
      const { message } = await refusalOf(call);
      expect(message).toBe(`${op}: axis must be a number by itself, as in ${op}(x, 1), got { axis }`);
    }
    expect((await refusalOf(() => w.sum(y, 1 as Given))).message).toBe(
      'sum: options must be an object of axis, keepDims, got 1. Write { axis: 1 }',
    );
  });

  test('keep a number where one is wanted from being an object', () => {
    const y = w.ones([2, 3]);
    const cases: [() => unknown, string][] = [
      [() => w.matmul(y, y, { transB: true } as Given), 'matmul: transA'],
      [() => new w.Dropout({ rate: 0.5 } as Given), 'Dropout: rate'],
      [() => new w.Dense({ units: 3 } as Given), 'Dense: units'],
      [() => w.dropout(y, { rate: 0.5 } as Given, new w.Random(0)), 'dropout: rate'],
      [() => w.topK(y, { k: 1 } as Given), 'topK: k'],
      [() => w.topKAccuracy({ k: 1 } as Given), 'topKAccuracy: k'],
      [() => w.compileInference(model, { batchSize: 2 } as Given), 'compileNetwork: batchSize'],
      [() => w.predictNetwork(network, y, { batchSize: 2 } as Given), 'compileNetwork: batchSize'],
      [() => w.l2({ l2: 0.1 } as Given), 'regularizer: l2'],
      [() => w.leakyRelu(y, { alpha: 0.1 } as Given), 'leakyRelu: '],
      [() => w.elu(y, { alpha: 0.1 } as Given), 'elu: '],
      [() => w.slice(y, { start: 0 } as Given), 'slice: ranges'],
      [
        () =>
          w.pad(
            y,
            [
              [1, 1],
              [0, 0],
            ],
            { value: 3 } as Given,
          ),
        'pad: value',
      ],
      [() => w.zeros({ shape: [2] } as Given), 'zeros: shape must be a list of sizes, got { shape }'],
      [() => w.ones(3 as Given), 'ones: shape must be a list of sizes, got 3'],
      [() => w.clip(y, { low: 0, high: 1 } as Given, 1), 'clip: '],
      [() => w.pow(y, { exponent: 2 } as Given), 'pow: '],
      [() => w.constant({ value: 1 } as Given), 'constant: value'],
      [() => w.truncatedNormal({ stddev: 1 } as Given), 'truncatedNormal: mean'],
      [() => w.orthogonal({ gain: 2 } as Given), 'orthogonal: gain'],
      [() => w.randomUniform({ minval: 0 } as Given), 'randomUniform: low'],
      [() => w.randomNormal({ mean: 0 } as Given), 'randomNormal: mean'],
    ];
    const said = cases.map(([call]) => {
      try {
        call();
        return 'nothing';
      } catch (error) {
        return String((error as Error).message);
      }
    });
    said.forEach((text, i) => {
      expect(text).toContain(cases[i]![1]);
    });
  });
});

/** The functions and classes that entry points export, and methods of the classes, with a parameter of options. */
function publicTakers(): string[] {
  const root = fileURLToPath(new URL('../src/', import.meta.url));
  const read = (name: string): ts.SourceFile =>
    ts.createSourceFile(name, readFileSync(join(root, name), 'utf8'), ts.ScriptTarget.Latest, true);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const all = [...names.filter((name) => !name.endsWith('.d.ts')), '../kernels/wasm/wasm.ts'].map(read);
  const entries = all.filter(
    ({ fileName }) =>
      fileName === 'index.ts' ||
      /^(data|distill|formats|gpu|infer|io|learn|pareto|quantize|share|threads)\/index\.ts$/.test(fileName),
  );
  expect(entries).toHaveLength(12);
  const exported = new Set<string>();
  /** Those of formats, where operators of files are called as operations are. */
  const ofFormats = new Set<string>();
  for (const entry of entries)
    for (const statement of entry.statements)
      if (
        ts.isExportDeclaration(statement) &&
        statement.exportClause !== undefined &&
        ts.isNamedExports(statement.exportClause)
      )
        for (const { name } of statement.exportClause.elements) {
          exported.add(name.text);
          if (entry.fileName.startsWith('formats/')) ofFormats.add(name.text);
        }
  const classes = all.flatMap(({ statements }) => statements.filter(ts.isClassDeclaration));
  const functions = all.flatMap((file) =>
    file.statements.filter(
      (node): node is ts.FunctionDeclaration =>
        ts.isFunctionDeclaration(node) &&
        (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) &&
        (exported.has(node.name!.text) || /^(threads|node)\/index/.test(file.fileName)) &&
        (!file.fileName.startsWith('formats/') || ofFormats.has(node.name!.text)),
    ),
  );
  /** Those of the library's own classes that exported ones extend, which have public methods too. */
  const bases = new Set<string>();
  for (let above = [...exported]; above.length > 0; ) {
    const parents = classes
      .filter(({ name }) => above.includes(name!.text))
      .flatMap(({ heritageClauses = [] }) => heritageClauses.flatMap(({ types }) => types))
      .map(({ expression }) => expression.getText());
    above = parents.filter((name) => !bases.has(name));
    for (const name of above) bases.add(name);
  }
  const takes = ({ parameters }: ts.SignatureDeclaration): boolean =>
    parameters.some(({ name, type }) => {
      const text = type?.getText() ?? '';
      const isInline =
        type !== undefined && ts.isTypeLiteralNode(type) && type.members.every((m) => m.questionToken !== undefined);
      return name.getText() === 'options' || /(Options|Extra)\b/.test(text) || isInline;
    });
  const found = new Set(functions.filter(takes).map(({ name }) => name!.text));
  const isHidden = (member: ts.ClassElement): boolean =>
    ts.canHaveModifiers(member) &&
    (ts.getModifiers(member) ?? []).some(({ kind }) =>
      [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].includes(kind),
    );
  for (const { name, members } of classes) {
    const own = name!.text;
    for (const member of members) {
      if (isHidden(member)) continue;
      if (ts.isConstructorDeclaration(member) && exported.has(own) && takes(member)) found.add(own);
      if (ts.isMethodDeclaration(member) && (exported.has(own) || bases.has(own)) && takes(member))
        found.add(`${own}.${member.name.getText()}`);
    }
  }
  return [...found];
}
