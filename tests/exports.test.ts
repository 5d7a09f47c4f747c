import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Entry points of the package, and names that programs import from them: none may be lost. */
const entries: Record<string, readonly [load: () => Promise<object>, names: string]> = {
  '.': [
    () => import('../src/index.ts'),
    `
      cpu reference wasmSupport wasm add div equal greater greaterEqual less lessEqual maximum minimum mul neg
      notEqual sub where abs ceil clip cos elu einsum erf exp expm1 floor gelu geluTanh hardSwish leakyRelu log log1p pow reciprocal
      conv1d conv2d conv2dTranspose depthwiseConv2d relu6 channelShuffle embedding batchNorm batchNormWith layerNorm
      avgPool1d avgPool2d globalAvgPool globalMaxPool maxPool1d maxPool2d upsample
      relu round rsqrt sigmoid sign silu sin softplus sqrt square tanh gradcheck broadcastTo cast concat detach expandDims
      flip gather oneHot pad permute reshape scatterAdd slice split squeeze stack tile transpose dense dropout
      matmul softmaxCrossEntropy argmax argmin logSoftmax logSumExp max mean min prod softmax sum topK variance
      sort argsort unique searchSorted cumsum cumprod quantile histogram
      backward customGrad grad noGrad parameter record valueAndGrad trace DisposedError DTypeError FormatError
      GradientError LimitError ShapeError StateError ValueError WhittleError cloneModel distill latencies
      softTargetLoss decoupledLoss hintLoss attentionMap attentionLoss relationalDistanceLoss relationalAngleLoss
      similarityLoss contrastiveLoss ContrastiveMemory selfDistill
      measure predictNetwork pruneNeurons shrink toSparse toDense PruningSchedule prune chooseQParams quantize
      ledger mixedPrecision repair dequantize quantizeTensor dequantizeTensor observeRanges
      adaRound correctBias equalize gptq
      networkCost multiplierOf decodeNetwork ConstantSparsity MovementScores isPruned makePermanent pruneWith weightScores
      lotteryTicket Proximal FakeQuantize QATSchedule convert prepareQAT
      encodeNetwork memory step backend setBackend CSVLogger EarlyStopping LearningRateScheduler ModelCheckpoint
      pruneLayers removableLayers
      ReduceLROnPlateau TerminateOnNaN ExponentialMovingAverage StochasticWeightAverage updateStatistics
      findLearningRate monteCarlo GaussianNoise GaussianDropout AlphaDropout diagnose digest compileInference constant orthogonal randomNormal
      randomUniform truncatedNormal varianceScaling Activation Dense Dropout Flatten Layer binaryCrossentropy
      categoricalCrossentropy hinge huber klDivergence meanAbsoluteError meanSquaredError
      sparseCategoricalCrossentropy auc calibrationError classesOf confusionMatrix r2 topKAccuracy loadModel
      saveModel fromNetwork toNetwork Adagrad Adam AdamW Optimizer RMSprop SGD l1 l1l2 l2 cosineDecay
      exponentialDecay piecewiseConstant stepDecay warmup Sequential arange eye full linspace ones scalar tensor
      compress Compression checkRecipe isBaseline memoryJournal modelledEnergy recipeKey recipesIn recipeText usualRecipes
      zeros Random assign fromData keep Tensor lenet5 smallCNN mobileNetV1 mobileNetV2 shuffleNetV1 shuffleNetV2
    `,
  ],
  './kernels': [
    () => import('../kernels/index.ts'),
    `
      convLadder cpu cpu64 gemmLadder reference reference64 wasmSupport wasm wasm64
    `,
  ],
  './infer': [
    () => import('../src/infer/index.ts'),
    `
      networkCost ACTIVATIONS compileNetwork compileQuantized validateNetwork
    `,
  ],
  './io': [
    () => import('../src/io/index.ts'),
    `
      Network decodeNetwork decodeQuantized encodeNetwork decodeSafetensors encodeSafetensors sha256
    `,
  ],
  './data': [
    () => import('../src/data/index.ts'),
    `
      parseCSV gunzip isGzip parseIDX MinMaxScaler oneHotLabels StandardScaler kFold splitIndices stratifiedKFold
      takeRows trainTestSplit tableFromBytes tableFromCSV TableEncoder tableOf readCSV MISSING imagesOf imagesFromIDX
      labelsFromIDX decodeImage Vocabulary tokensOf groupKFold leaveOneOut repeatedKFold tableRows timeSeriesSplit
      augment mixup
    `,
  ],
  './learn': [
    () => import('../src/learn/index.ts'),
    `
      accuracyScore r2Score regressionReport averagePrecision balancedAccuracy brierScore classificationReport cohenKappa crossValidate crossValPredict
      crossValScore decodeLowered DummyClassifier DummyRegressor ElasticNet encodeLowered estimatorFromJSON
      expectedCalibrationError explainedVariance gridSearch integers Lasso lassoPath learningCurve LinearRegression LogisticRegression logLoss
      logUniform matthewsCorrelation maxError medianAbsoluteError minimizeLBFGS networkOf Pipeline PolynomialFeatures
      precisionRecallCurve precisionRecallF1 randomSearch Ridge rocAuc rocCurve TablePipeline uniform validationCurve
    `,
  ],
  './export': [
    () => import('../src/export/index.ts'),
    `
      toModule
    `,
  ],
  './formats': [
    () => import('../src/formats/index.ts'),
    `
      decodeNpy decodeNpz encodeNpy encodeNpz fromKeras fromOnnx fromTflite readModel recognize toOnnx toTflite withForeignWeights
    `,
  ],
  './node': [
    () => import('../src/node/index.ts'),
    `
      writeFileAtomic checkpointFile journalFile lineFile readBytes readTable
    `,
  ],
  './threads': [
    () => import('../src/threads/index.ts'),
    `
      enableThreads threads repairThreads disableThreads
    `,
  ],
  './gpu': [
    () => import('../src/gpu/index.ts'),
    `
      autoStatus matmulAuto createGpuBackend DeviceError DeviceLostError gpuActivate gpuActivationGradient
      gpuBinary gpuColumnSums gpuMatmul gpuMatmulInt8 gpuSoftmax gpuSoftmaxCrossEntropyGradient gpuPredict
      sharedGpu gpuTrain
    `,
  ],
};

test('every entry point of the package stands here', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
  // tests/scripts/package.test.ts looks at ./min, which is made of the others
  expect(Object.keys(exports).sort()).toEqual([...Object.keys(entries), './min', './package.json'].sort());
});

describe.each(Object.entries(entries))('%s', (_, [load, names]) => {
  test('has its names', async () => {
    expect(Object.keys(await load())).toEqual(expect.arrayContaining(names.trim().split(/\s+/)));
  });

  test('exports every function under the name that it has', async () => {
    for (const [name, value] of Object.entries(await load())) {
      expect(value, name).toBeDefined();
      if (typeof value === 'function') expect(value.name).toBe(name);
    }
  });
});
