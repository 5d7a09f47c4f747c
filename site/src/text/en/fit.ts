import { activationName } from '../activations.ts';

/** Words of this part. Sentences with figures are functions of them, written as a person reads them. */
export const fit = {
  title: 'Fit',
  waiting: 'The engine is starting …',
  noPicture: (inputs: number) =>
    `Samples of ${inputs} numbers have no picture: a plane shows two numbers, a line one. Losses and scores tell how it goes.`,
  roles: { train: 'training', validation: 'validation', test: 'test' },

  plane: {
    title: 'The network’s answers',
    /** What a screen reader says of the picture. */
    summary: (wrong: string) => `Map of the network's answers over two numbers, with the samples. ${wrong}`,
    wrong: (train: string, validation: string, test: string) =>
      `Wrong: ${train} in training, ${validation} in validation, ${test} in test.`,
    keys: 'Arrow keys move the probe; hold Shift for large steps.',
    probe: 'Point at a place to read the answer there.',
    answer: (x: string, y: string, label: string, sure: string) => `At (${x}, ${y}): ${label}, ${sure} sure`,
    value: (x: string, y: string, value: string) => `At (${x}, ${y}): ${value}`,
    show: 'Show',
    isWrong: 'wrong',
    className: (label: string) => `class ${label}`,
    number: 'Colour of the number',
    neuron: (name: string) => `What neuron ${name} answers`,
  },

  curve: {
    title: 'The fitted curve',
    fitted: 'network',
    truth: 'truth without noise',
    summary: 'The curve that the network has fitted, with the samples and, dashed, the truth.',
    value: (x: string, y: string, truth: string | null) =>
      `At ${x}: the network says ${y}${truth === null ? '' : `, the truth is ${truth}`}`,
  },

  losses: {
    title: 'Loss',
    summary: (epoch: string, train: string, validation: string) =>
      `Loss of training and validation by epoch. In epoch ${epoch}: training ${train}, validation ${validation}.`,
    log: 'Log scale',
    best: (epoch: string) => `best epoch ${epoch}`,
    at: (epoch: string) => `Epoch ${epoch}`,
    table: 'Losses as a table',
    epoch: 'Epoch',
    pinned: 'pinned',
    pinnedTrain: 'pinned, training',
    pinnedValidation: 'pinned, validation',
    none: 'The curves begin with the first epoch.',
  },

  scores: {
    accuracy: 'Right answers',
    r2: 'R² (1 is perfect)',
    speed: 'Epochs/s',
    /** Told by a screen reader now and then. */
    live: (epoch: string, train: string, validation: string) =>
      `Epoch ${epoch}: training ${train}, validation ${validation}.`,
    done: (epoch: string) => `All ${epoch} epochs are done.`,
    paused: (epoch: string) => `Paused after epoch ${epoch}.`,
    early: (epoch: string, best: string, isRestored: boolean) =>
      `Early stopping in epoch ${epoch}: validation was best in epoch ${best}${
        isRestored ? ', whose weights are restored' : '; the weights are those of the last epoch'
      }.`,
  },

  nan: {
    title: 'Training broke down',
    where: (where: string, epoch: string, rate: string) =>
      `Numbers stopped being numbers in epoch ${epoch}: first seen in ${where === 'loss' ? 'the loss' : `the layer ${where}`}, with a learning rate of ${rate}. From there on every weight is lost, so training was stopped.`,
    why: 'Steps this large throw the weights further from the valley than they were; each step makes the next one larger.',
    lower: (rate: string) => `Lower the learning rate to ${rate} and train again`,
    reset: 'Reset with the same settings',
  },

  verdict: {
    title: 'Diagnosis',
    none: 'Once training pauses or ends, the fit is judged here.',
    words: {
      underfit: 'Underfitting',
      'good fit': 'A good fit',
      overfit: 'Overfitting',
      'cannot tell': 'Cannot tell',
      broken: 'Broken',
    } as Readonly<Record<string, string>>,
    means: {
      underfit:
        'The network does not even answer the samples it was trained on: it is too small, too constrained, or not trained long enough.',
      'good fit': 'What was learned in training also holds for samples the network has not seen.',
      overfit: 'The network knows its training samples by heart: it answers them better than those it has not seen.',
      'cannot tell': 'The figures go with more than one explanation.',
      broken: 'A figure is not a number any more: this is no fit at all.',
    } as Readonly<Record<string, string>>,
    why: 'Why',
    tries: 'What to try',
    monitors: { accuracy: 'accuracy', r2: 'R²', loss: 'loss' } as Readonly<Record<string, string>>,
    reasons: {
      gap: (monitor: string, train: string, validation: string, gap: string, isMore: boolean, allowed: string) =>
        `${monitor} is ${train} in training and ${validation} in validation: a gap of ${gap}, ${
          isMore ? 'more' : 'not more'
        } than the ${allowed} allowed`,
      reaches: (monitor: string, target: string) => `training ${monitor} reaches the target of ${target}`,
      misses: (monitor: string, target: string) => `training ${monitor} misses the target of ${target}`,
      worsened: (monitor: string, value: string, epoch: string, of: string) =>
        `validation ${monitor} was best, ${value}, in epoch ${epoch} of ${of}, and has become worse since`,
      changed: 'the network has changed since: these are the figures of the last epoch, with dropout',
      nothingLearned: (value: string) =>
        `one answer to all samples reaches ${value} in training: nothing is learned yet that could be overfitted`,
      withinError: 'the gap is within its standard error',
      tiny: (value: string) =>
        `the validation loss is below a twentieth of ${value}, where learning began: a gap as a share of so little says nothing`,
      notFinite: 'a figure is not finite: training broke down',
      oneSample: 'one validation sample says nothing',
      falling: 'the losses of training and validation were still falling',
      earlier: (value: string) => `the weights kept are of an earlier epoch: training went on to ${value}`,
      neighbours: (value: string) => `the nearest neighbours of the samples, without learning, reach ${value}`,
      constant: (value: string) =>
        `one answer to all samples reaches ${value}: nothing was learned, or there is nothing to learn`,
      alike: 'too small a network and noise in the samples look alike: does a larger network do better?',
      chance: 'the samples are too few to tell such a gap from chance',
    },
    remedies: {
      moreData: (samples: string) => `More data: ${samples} samples`,
      ownData: 'More samples are needed to tell: add some.',
      earlyStopping: (patience: string) => `Early stopping, patience ${patience}`,
      dropout: (share: string) => `Dropout ${share}`,
      l2: (strength: string) => `L2 penalty ${strength}`,
      smaller: (layers: string) => `Smaller network: ${layers}`,
      larger: (layers: string) => `Larger network: ${layers}`,
      lowerDegree: (degree: string) => `Lower degree: ${degree}`,
      higherDegree: (degree: string) => `Higher degree: ${degree}`,
      moreEpochs: (epochs: string) => `Train longer: ${epochs} epochs`,
      fasterRate: (rate: string) => `Higher learning rate: ${rate}`,
      slowerRate: (rate: string) => `Lower learning rate: ${rate}`,
      noDropout: 'No dropout',
      noPenalty: 'No L1 and L2 penalties',
      curved: (activation: string) => `Activation ${activation}: linear layers draw straight lines only`,
      adam: 'Optimizer Adam',
      noEarlyStopping: 'Early stopping off',
      fairSplit: 'A fifth of the samples for validation',
      compress: 'Make it smaller in Compress',
    },
  },

  diagram: {
    title: 'Network',
    summary: (layers: readonly string[]) =>
      `The network from left to right: ${layers.join(', ')}. Arrow keys move between neurons, Enter explains one.`,
    layer: (units: string, activation: string) => `${units} × ${activationName(activation)}`,
    inputs: (count: string) => (count === '1' ? '1 input' : `${count} inputs`),
    neuron: (name: string, activation: string) => `Neuron ${name}, ${activationName(activation)}`,
    positive: 'positive weight',
    negative: 'negative weight (dashed)',
    strongest: (shown: string, all: string) =>
      `The strongest ${shown} of ${all} weights are drawn; choose a neuron to see all of its own.`,
    hint: 'Choose a neuron to see its formula with numbers.',
    /** Of samples that have no plane. */
    weights: 'Boxes show the weights that lead in: to pixels as a picture, others as bars.',
    edge: (from: string, to: string, weight: string) => `${from} → ${to}: weight ${weight}`,
    list: 'Neuron',
    choose: 'choose …',
  },

  explanation: {
    title: (name: string) => `What neuron ${name} computes`,
    sentence: 'Each input times its weight, summed, plus the bias; then the activation.',
    at: (numbers: string) => `Here for ${numbers}; click in the large picture for another place.`,
    scaled: 'Inputs are scaled before the first layer: these are the scaled ones.',
    from: 'From',
    value: 'Value',
    weight: 'Weight',
    product: 'Product',
    bias: 'Bias',
    sum: 'Sum',
    output: 'Output',
    formula: (activation: string, sum: string, output: string) => `${activation}(${sum}) = ${output}`,
    softmax: (sum: string, others: string, output: string) =>
      `e^${sum} ÷ (e^${sum} + ${others} of the other outputs) = ${output}`,
    more: (count: string) => `${count} smaller terms`,
    close: 'Close',
    waiting: 'The engine is asked …',
  },

  compare: {
    title: 'Pinned and current run',
    pin: 'Pin this run',
    repin: 'Pin the current run instead',
    unpin: 'Unpin',
    pinned: 'Pinned',
    current: 'Current',
    change: 'Change',
    same: 'Same settings: only the epochs trained can differ.',
    differs: 'What differs',
    line: (field: string, from: string, to: string) => `${field}: ${from} → ${to}`,
    none: 'off',
    on: 'on',
    noLayers: 'no hidden layer',
    fields: {
      name: 'Data',
      samples: 'Samples',
      noise: 'Noise',
      validation: 'Validation share',
      test: 'Test share',
      seed: 'Seed',
      degree: 'Degree',
      layers: 'Hidden layers',
      dropout: 'Dropout',
      l1: 'L1 penalty',
      l2: 'L2 penalty',
      batchNorm: 'Batch norm',
      loss: 'Loss',
      optimizer: 'Optimizer',
      learningRate: 'Learning rate',
      batchSize: 'Batch size',
      epochs: 'Epochs',
      earlyStopping: 'Early stopping',
      patience: 'Patience',
      restoreBest: 'Restore best weights',
    },
    metrics: {
      epoch: 'Epochs trained',
      train: 'Training score',
      validation: 'Validation score',
      test: 'Test score',
      trainLoss: 'Training loss',
      validationLoss: 'Validation loss',
      parameters: 'Weights',
      verdict: 'Diagnosis',
    },
  },
};
