import type { ActivationChoice, DataName, TrainingSettings } from '../../state/settings.ts';

type Names<T extends string> = { readonly [K in T]: string };
/** A name, and why it works or fails. */
interface Preset {
  readonly name: string;
  readonly why: string;
}

/** Words of the controls of Fit. Sentences with figures are functions of them. */
export const controls = {
  run: {
    group: 'Training',
    run: 'Run',
    pause: 'Pause',
    step: 'One epoch',
    reset: 'Start over',
    epoch: (epoch: number, of: number) => `Epoch ${epoch} of ${of}`,
    keys: 'runs or pauses,',
    keysStep: 'trains one epoch, unless a control has the focus.',
    shift: 'Shift',
    space: 'Space',
    running: 'The network trains.',
  },
  data: {
    title: 'Data',
    pick: 'Data set',
    names: {
      spiral: 'Spiral',
      moons: 'Moons',
      circles: 'Circles',
      xor: 'XOR',
      gaussians: 'Three blobs',
      aboveSine: 'Above a sine',
      polynomial: 'Polynomial',
      sine: 'Sine',
      plane: 'Plane',
      digits: 'Digits',
      drawn: 'Draw',
      table: 'Table',
    } satisfies Names<DataName>,
    groups: { classification: 'Classes', regression: 'Numbers', own: 'Your own' },
    samples: 'Samples',
    noise: 'Noise',
    noiseHint: 'Above 50 %, labels are swapped as well.',
    validation: 'Validation',
    test: 'Test',
    split: (train: number, validation: number, test: number) =>
      `${train} to learn from, ${validation} to choose by, ${test} to judge by.`,
    seed: 'Seed',
    anotherSeed: 'Another seed',
    degree: 'Polynomial degree',
    degreeHint: 'The network is given x, x², … up to this power.',
  },
  draw: {
    plane: 'Plane to draw points on',
    how: 'Click or drag to put points. By keyboard: arrow keys move, Enter puts a point, 1 to 4 choose a class, Backspace undoes.',
    what: 'Points have',
    classes: 'a class',
    values: 'a number',
    class: 'Class of new points',
    className: (index: number) => `Class ${index}`,
    value: 'Number of new points',
    undo: 'Undo',
    clear: 'Clear',
    count: (points: number, most: number) => `${points} of at most ${most} points.`,
    missing: (points: number, fewest: number) =>
      `${points} of at least ${fewest} points: draw ${fewest - points} more to train.`,
    missingClass: 'Draw points of a second class to train.',
    at: (x: string, y: string) => `At ${x}, ${y}`,
    placed: (points: number) => `Point put; ${points} in all.`,
    address: (most: number) => `More than ${most} points are not kept in the address of the page.`,
  },
  table: {
    how: 'Paste a table as CSV, or drop a file here. The first line names the columns; a missing number becomes the median of its column. It stays in this browser.',
    text: 'Table as CSV',
    file: 'Choose a file',
    target: 'Column to learn',
    use: 'Use this table',
    example: 'Fill in an example',
    clear: 'Clear',
    pasted: 'The pasted text',
    long: (megabytes: string) => `The first lines of ${megabytes} MB are shown; all of it is used.`,
    used: (rows: number, inputs: number) =>
      `In use: ${rows} rows, ${inputs === 1 ? '1 number' : `${inputs} numbers`} each.`,
    missing: 'Paste or drop a table, then use it to train.',
    tooLong: (name: string, megabytes: string) =>
      `${name} has ${megabytes} MB; the page takes tables up to 5 MB. Take a part of its rows.`,
    unreadable: (name: string) =>
      `${name} could not be read as text. Save the table as CSV in UTF-8 and drop that file.`,
  },
  network: {
    title: 'Network',
    summary: (layers: readonly number[]) => (layers.length === 0 ? 'linear' : layers.join(' → ')),
    layer: (index: number) => `Hidden layer ${index}`,
    none: 'No hidden layer: the network is linear in what it is given.',
    units: 'Neurons',
    activation: 'Activation',
    add: 'Add a layer',
    remove: (index: number) => `Remove hidden layer ${index}`,
    most: (most: number) => `${most} layers are the most here.`,
    dropout: 'Dropout',
    dropoutHint: 'Share of neurons that are silent in each step of training.',
    l1: 'L1 penalty',
    l1Hint: 'Pulls weights to exactly zero.',
    l2: 'L2 penalty',
    l2Hint: 'Keeps weights small, and the answer smooth.',
    batchNorm: 'Batch normalization',
    activations: {
      linear: 'linear',
      relu: 'ReLU',
      leakyRelu: 'leaky ReLU',
      elu: 'ELU',
      gelu: 'GELU',
      tanh: 'tanh',
      sigmoid: 'sigmoid',
      silu: 'SiLU',
    } satisfies Names<ActivationChoice>,
  },
  training: {
    title: 'Training',
    summary: (optimizer: string, learningRate: string) => `${optimizer}, ${learningRate}`,
    loss: 'Loss',
    losses: {
      crossEntropy: 'Cross-entropy',
      hinge: 'Hinge',
      meanSquaredError: 'Mean squared error',
      meanAbsoluteError: 'Mean absolute error',
      huber: 'Huber',
    } satisfies Names<TrainingSettings['loss']>,
    optimizer: 'Optimizer',
    optimizers: {
      sgd: 'SGD',
      momentum: 'SGD with momentum',
      adam: 'Adam',
      adamW: 'AdamW',
      rmsprop: 'RMSprop',
    } satisfies Names<TrainingSettings['optimizer']>,
    learningRate: 'Learning rate',
    learningRateHint: 'May change while it trains.',
    batchSize: 'Batch size',
    epochs: 'Epochs at most',
    earlyStopping: 'Early stopping',
    earlyStoppingHint: 'Ends when the validation loss has not improved for a while.',
    patience: 'Patience in epochs',
    restoreBest: 'Restore the best weights',
  },
  preset: {
    label: 'Experiment',
    own: 'Your own settings',
    ownWhy: 'Each experiment is a starting point: change anything and look at what happens.',
    works: 'Works',
    fails: 'Fails, and why',
  },
  presets: {
    spiral: {
      name: 'Spiral, learned in seconds',
      why: 'Two layers of 16 neurons bend the plane enough to wind the boundary along both arms.',
    },
    xorSmall: {
      name: 'XOR with four neurons',
      why: 'No straight line separates XOR; four neurons in one layer are enough to combine lines.',
    },
    circles: {
      name: 'Circles, a closed boundary',
      why: 'Each neuron draws one soft line; six of them close around the inner circle.',
    },
    sineCurve: {
      name: 'A sine from noisy points',
      why: 'The curve follows the sine and not the noise: there are many points for few weights.',
    },
    digits: {
      name: 'Handwritten digits',
      why: 'Eight by eight pixels, ten classes: one layer of 32 neurons reads nearly all of them.',
    },
    earlyStopped: {
      name: 'Overfitting stopped in time',
      why: 'A network far too large for 80 noisy points, stopped where the validation loss was lowest.',
    },
    penalized: {
      name: 'Overfitting cured by L2',
      why: 'The same large network with a penalty on large weights: the boundary stays smooth.',
    },
    linear: {
      name: 'A linear model on a spiral',
      why: 'It underfits: without a hidden layer the boundary is a straight line, however long it trains.',
    },
    tooSmall: {
      name: 'Three neurons for a spiral',
      why: 'It underfits: three lines cannot follow an arm that winds almost twice around.',
    },
    overfit: {
      name: 'Six layers of 64 on 40 points',
      why: 'It overfits: 20,000 weights learn the noise of a handful of points by heart, and the validation loss rises.',
    },
    degree: {
      name: 'Degree 12 on 12 points',
      why: 'It overfits: a polynomial of degree 12 can pass near every noisy point and swings between them.',
    },
    littleData: {
      name: 'A spiral of 30 points',
      why: 'Too little data: the gaps between the points leave the shape of the arms open.',
    },
    rateTooHigh: {
      name: 'Learning rate far too high',
      why: 'Each step jumps beyond the valley by more than the last one, until the numbers overflow.',
    },
    oscillating: {
      name: 'Learning rate too high',
      why: 'The loss leaps up and down: steps are wider than the valley that they should descend into.',
    },
    rateTooLow: {
      name: 'Learning rate far too low',
      why: 'Nothing is wrong but the pace: after hundreds of epochs the weights are almost where they began.',
    },
    deadRelu: {
      name: 'Dead ReLUs',
      why: 'The first large steps push neurons to where they answer zero to every point; no gradient brings them back.',
    },
    vanishing: {
      name: 'Six layers of sigmoid',
      why: 'Gradients vanish: each sigmoid passes on a quarter at most, so the first layers hardly learn.',
    },
    wrongLabels: {
      name: 'Labels that lie',
      why: 'Almost every second label is wrong: no network can do well here, and a large one learns the lies.',
    },
  } satisfies { readonly [id: string]: Preset },
  guide: {
    title: 'The first minute',
    offer: 'New here? See a network learn, fail, recover and shrink in a minute.',
    start: 'Show me',
    dismiss: 'No, thanks',
    next: 'Next',
    back: 'Back',
    close: 'Close the guide',
    awaited: 'It trains: the diagnosis comes at the end.',
    step: (index: number, of: number) => `Step ${index} of ${of}`,
    steps: [
      {
        text: 'The points are the data: two classes on two arms of a spiral. Let a network of two hidden layers learn them.',
        act: 'Run it',
      },
      {
        text: 'The background shows what the network answers at each place. Look at the boundary winding along the arms, and at the loss falling.',
        act: null,
      },
      {
        text: 'Now too much of a good thing: six layers of 64 neurons on 40 noisy points.',
        act: 'Overfit it',
      },
      {
        text: 'The training loss falls to zero, the validation loss rises: the network has learned the points by heart. The diagnosis says so.',
        act: null,
      },
      {
        text: 'One remedy of several: an L2 penalty keeps the weights small, and the boundary smooth. More data, dropout, early stopping or a smaller network help too.',
        act: 'Cure it',
      },
      {
        text: 'A network that works is often larger than it needs to be. Prune and quantize it, and see what that costs.',
        act: 'Compress it',
      },
    ],
  },
};
