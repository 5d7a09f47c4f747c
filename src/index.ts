export { cpu } from '../kernels/cpu/cpu.ts';
export type { Kernels } from '../kernels/kernels.ts';
export { reference } from '../kernels/reference/reference.ts';
export { type WasmSupport, wasmSupport } from '../kernels/wasm/engine.ts';
export { type WasmKernels, type WasmOptions, wasm } from '../kernels/wasm/wasm.ts';
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  sub,
  where,
} from './autograd/arithmetic.ts';
export { type ConvOptions, conv1d, conv2d, conv2dTranspose, depthwiseConv2d } from './autograd/convolution.ts';
export { einsum } from './autograd/einsum.ts';
export {
  abs,
  ceil,
  clip,
  cos,
  elu,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  geluTanh,
  hardSwish,
  leakyRelu,
  log,
  log1p,
  pow,
  reciprocal,
  relu,
  relu6,
  round,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './autograd/elementwise.ts';
export { gradcheck } from './autograd/gradcheck.ts';
export {
  broadcastTo,
  cast,
  channelShuffle,
  concat,
  detach,
  embedding,
  expandDims,
  flip,
  gather,
  oneHot,
  pad,
  permute,
  reshape,
  type SliceRange,
  scatterAdd,
  slice,
  split,
  squeeze,
  stack,
  tile,
  transpose,
} from './autograd/movement.ts';
export { batchNorm, batchNormWith, layerNorm } from './autograd/normalization.ts';
export type { Operand } from './autograd/operands.ts';
export {
  avgPool1d,
  avgPool2d,
  globalAvgPool,
  globalMaxPool,
  maxPool1d,
  maxPool2d,
  type PoolOptions,
  upsample,
} from './autograd/pooling.ts';
export { dense, dropout, matmul, softmaxCrossEntropy } from './autograd/products.ts';
export {
  argmax,
  argmin,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  prod,
  type ReduceOptions,
  softmax,
  sum,
  topK,
  variance,
} from './autograd/reductions.ts';
export { cumprod, cumsum } from './autograd/scans.ts';
export {
  argsort,
  type Distinct,
  type HistogramOptions,
  histogram,
  quantile,
  type SearchOptions,
  searchSorted,
  sort,
  unique,
} from './autograd/sorting.ts';
export {
  backward,
  customGrad,
  type Edge,
  grad,
  noGrad,
  type Pullback,
  parameter,
  record,
  valueAndGrad,
} from './autograd/tape.ts';
export { trace } from './autograd/trace.ts';
export {
  DisposedError,
  DTypeError,
  FormatError,
  GradientError,
  LimitError,
  ShapeError,
  StateError,
  ValueError,
  WhittleError,
} from './base/errors.ts';
export type { Shape } from './base/shape.ts';
export type { Padding } from './base/window.ts';
export { cloneModel } from './compress/clone.ts';
export { foldConstants } from './compress/constants.ts';
export {
  MovementScores,
  type ScoreOptions,
  type WeightCriterion,
  type WeightScores,
  weightScores,
} from './compress/criteria.ts';
export { type DamageOptions, damage } from './compress/damage.ts';
export type {
  ClassDamage,
  DamageReport,
  DecisionDamage,
  NumberDamage,
  OutputDamage,
} from './compress/damage-report.ts';
export { type ModelledEnergy, modelledEnergy } from './compress/energy.ts';
export {
  type BreakEvenCurve,
  type ExplainOptions,
  Explanation,
  explain,
  type LayerExplanation,
} from './compress/explain.ts';
export { foldBatchNorm } from './compress/fold.ts';

export { type LatencyOptions, latencies } from './compress/latency.ts';
export {
  type LayerCriterion,
  type PruneLayersOptions,
  pruneLayers,
  type RemovableLayer,
  removableLayers,
} from './compress/layers.ts';

export {
  type Excess,
  heldTo,
  type LimitOptions,
  type MaxDamage,
  type ScheduleLimit,
  type Stopped,
  type Strongest,
  strongest,
  type Tried,
} from './compress/limit.ts';
export { type LotteryOptions, type LotteryRound, type LotteryTicket, lotteryTicket } from './compress/lottery.ts';
export { isPruned, type Masks, makePermanent, pruneWith } from './compress/masks.ts';
export {
  type Comparison,
  compare,
  type Measurement,
  type MeasureOptions,
  measure,
  predictNetwork,
} from './compress/measure.ts';
export type { NeuronCriterion, NeuronScores } from './compress/neuron-scores.ts';
export { type Budget, type PruneNeuronsOptions, pruneNeurons, shrink } from './compress/neurons.ts';
export type { BlockPooling, PruningScope, WeightPattern, WeightScope } from './compress/patterns.ts';
export { type PruneOptions, prune } from './compress/prune.ts';
export { QuantizedNetwork } from './compress/quantized.ts';
export {
  ConstantSparsity,
  type ConstantSparsityOptions,
  PruningSchedule,
  type PruningScheduleOptions,
} from './compress/schedule.ts';
export { type SparsePatternName, type ToSparseOptions, toDense, toSparse } from './compress/sparse.ts';
export * from './distill/index.ts';
export { type Cost, type NetworkCost, type NodeCost, networkCost } from './graph/cost.ts';
export { decodeWeight } from './graph/decode.ts';
export type { Stored } from './graph/encoding.ts';
export type { Graph, Node, QuantizationParams } from './graph/graph.ts';
export { type Multiplier, multiplierOf } from './graph/integers.ts';
export { Network } from './graph/network.ts';
export type { Program } from './infer/program.ts';
export type { FileCoding } from './io/codes/code.ts';
export { type FilePart, fileParts, filePartsText, type PartName } from './io/file-parts.ts';
export { decodeNetwork, encodeNetwork } from './io/network-file.ts';
export { memory, step } from './memory/arena.ts';
export type { DType, FloatDType } from './memory/dtype.ts';
export { type Backend, backend, setBackend } from './memory/runtime.ts';
export type { ActivationChoice } from './nn/activations.ts';
export { assess, type Standing, type Standings } from './nn/assess.ts';
export {
  ExponentialMovingAverage,
  type ExponentialMovingAverageOptions,
  StochasticWeightAverage,
  type StochasticWeightAverageOptions,
} from './nn/averaging.ts';
export { type MobileNetV2Options, mobileNetV1, mobileNetV2 } from './nn/builders/mobilenet.ts';
export type { ImageNetworkOptions, MobileOptions } from './nn/builders/parts.ts';
export {
  type ShuffleNetOptions,
  type ShuffleNetV1Options,
  type ShuffleNetV2Options,
  shuffleNetV1,
  shuffleNetV2,
} from './nn/builders/shufflenet.ts';
export { lenet5, type SmallCNNOptions, smallCNN } from './nn/builders/small.ts';
export {
  CSVLogger,
  EarlyStopping,
  type EarlyStoppingOptions,
  LearningRateScheduler,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  TerminateOnNaN,
} from './nn/callbacks.ts';
export { auc, calibrationError, confusionMatrix, topKAccuracy } from './nn/class-metrics.ts';
export {
  type Constraint,
  type MinMaxNormOptions,
  maxNorm,
  minMaxNorm,
  type NormAxis,
  nonNegative,
  unitNorm,
} from './nn/constraints.ts';
export { Add, Concat, Part, Residual, Split } from './nn/containers.ts';
export {
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  type ConvolutionOptions,
  DepthwiseConv2D,
  type DepthwiseOptions,
  SeparableConv2D,
  type SeparableOptions,
  type StridedOptions,
} from './nn/convolutions.ts';
export { classesOf } from './nn/decisions.ts';
export { type DiagnoseOptions, type Diagnosis, diagnose, type Verdict } from './nn/diagnose.ts';
export { digest } from './nn/digest.ts';
export { Embedding, type EmbeddingOptions } from './nn/embedding.ts';
export { FakeQuantize, type FakeQuantizeOptions } from './nn/fake-quantize.ts';
export { outputsOf } from './nn/heads.ts';
export { compileInference } from './nn/inference.ts';
export {
  constant,
  type Initializer,
  type InitializerFunction,
  type InitializerName,
  orthogonal,
  randomNormal,
  randomUniform,
  truncatedNormal,
  type VarianceScalingOptions,
  varianceScaling,
} from './nn/initializers.ts';
export type { SequentialOptions } from './nn/layer-graph.ts';
export {
  Activation,
  ActivityRegularization,
  type CallContext,
  Dense,
  type DenseOptions,
  Dropout,
  type DropoutOptions,
  Flatten,
  Layer,
  type LayerOptions,
  SpatialDropout2D,
} from './nn/layers.ts';
export {
  binaryCrossentropy,
  type CrossentropyOptions,
  categoricalCrossentropy,
  hinge,
  huber,
  klDivergence,
  type Loss,
  type LossChoice,
  type LossFunction,
  type LossName,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from './nn/losses.ts';
export type { BuildContext, Lowering } from './nn/lowering.ts';
export { type Metric, type MetricState, r2 } from './nn/metric.ts';
export { type MetricChoice, type MetricName, metricOf } from './nn/metrics.ts';
export type { BatchLoss, MinimizeOptions } from './nn/minimize.ts';
export {
  type Callback,
  type CompileOptions,
  type EvaluateOptions,
  type FitOptions,
  type History,
  Model,
} from './nn/model.ts';
export { type LoadOptions, loadModel, type SaveOptions, saveModel } from './nn/model-file.ts';
export type { MonitorMode } from './nn/monitor.ts';
export { type MonteCarloOptions, monteCarlo, type Spread } from './nn/monte-carlo.ts';
export { fromNetwork, toNetwork } from './nn/network.ts';
export { AlphaDropout, GaussianDropout, GaussianNoise, type NoiseOptions } from './nn/noise-layers.ts';
export { BatchNorm, type BatchNormOptions, LayerNorm, type LayerNormOptions } from './nn/normalizations.ts';
export type { Logs, Objective, ObjectiveOptions } from './nn/objective.ts';
export {
  Adagrad,
  type AdagradOptions,
  Adam,
  type AdamOptions,
  AdamW,
  Optimizer,
  type OptimizerName,
  type OptimizerOptions,
  type OptimizerState,
  RMSprop,
  type RMSpropOptions,
  SGD,
  type SGDOptions,
} from './nn/optimizers.ts';
export type { Coding, Outputs, Scale } from './nn/outputs.ts';
export { Parameter } from './nn/parameter.ts';
export {
  AvgPool1D,
  AvgPool2D,
  GlobalAvgPool1D,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  GlobalMaxPool2D,
  MaxPool1D,
  MaxPool2D,
  type PoolLayerOptions,
} from './nn/pools.ts';
export { Proximal, type ProximalGroups, type ProximalMap, type ProximalOptions } from './nn/proximal.ts';
export { type FindLearningRateOptions, findLearningRate, type LearningRates } from './nn/rate-finder.ts';
export { l1, l1l2, l2, type Regularizer, type RegularizerChoice } from './nn/regularizers.ts';
export {
  ChannelShuffle,
  UpSampling1D,
  UpSampling2D,
  ZeroPadding1D,
  ZeroPadding2D,
  type ZeroWidths,
} from './nn/resizing.ts';
export type { CallbackState, Resumable } from './nn/resume.ts';
export type { SampleLists, Samples, Tensors } from './nn/samples.ts';
export { cosineDecay, exponentialDecay, piecewiseConstant, type Schedule, stepDecay, warmup } from './nn/schedules.ts';
export { Sequential } from './nn/sequential.ts';
export type { SharedGradient, Sharing } from './nn/sharing.ts';
export { type StatisticsOptions, updateStatistics } from './nn/statistics.ts';
export { input, SymbolicTensor } from './nn/symbolic.ts';
export type { ReplayStatus } from './nn/trainer.ts';
export type { Augment } from './nn/variants.ts';
export * from './pareto/index.ts';
export * from './quantize/index.ts';

export * from './share/index.ts';
export { arange, eye, full, linspace, ones, scalar, tensor, zeros } from './tensor/create.ts';
export { Random } from './tensor/random.ts';
export { assign, fromData, keep, type NestedArray, Tensor, type Values } from './tensor/tensor.ts';
