/** A count, as a text, with what is counted. */
const many = (count: string, what: string): string => `${count} ${what}${count === '1' ? '' : 's'}`;
const epochsOf = (count: string): string => many(count, 'epoch');

/** Words of this part. Sentences with figures are functions of them; figures come as texts. */
export const compress = {
  title: 'Compress',
  lead: 'Make the network that you have just trained smaller, and see what it costs. Each change takes effect at once, and always begins with the same trained network.',
  untrained: {
    title: 'Nothing is trained yet.',
    words:
      'Compression begins with a network that has learned something. Train the one that is set, or set up another one under “Fit”.',
    train: 'Train it now',
    own: 'Set up another one',
  },
  running: {
    words: (epoch: string) =>
      `The network is being trained: epoch ${epoch}. Compression takes it as it is when you stop.`,
    stop: 'Stop and compress',
  },
  controls: {
    title: 'What is done',
    sparsity: 'Weights removed',
    sparsityHint: 'Those nearest to zero go first.',
    pattern: 'In which pattern',
    patterns: {
      weights: 'single weights',
      panels: 'panels of 1 × 16',
      neurons: 'whole neurons',
    },
    patternHints: {
      weights: 'Removes the most for the same damage; the file is smaller only in a sparse format.',
      panels: 'Sixteen weights side by side go together: fast kernels (SIMD) skip them at once.',
      neurons: 'The layers themselves become narrower: smaller and faster everywhere.',
    },
    bits: 'Bits a weight',
    bit: (bits: number) => (bits === 32 ? '32 (float)' : bits === 16 ? '16 (float)' : `${bits} (integer)`),
    shared: 'Shared numbers',
    notShared: 'not shared',
    sharedOf: (count: number) => `${count} a matrix`,
    sharedHint: 'All weights of a matrix take one of a few values: each is stored as an index.',
    trained: 'Train for fewer bits (QAT)',
    trainedHint:
      'Quantization-aware training: weights are rounded in training, so that the network learns to live with it.',
    bitsHint: 'For 8 and 4 bits the network can be trained.',
    student: 'Width of a student',
    noStudent: 'no student',
    studentOf: (share: string) => `${share} of the units`,
    studentHint: 'Distillation: a narrower network learns the answers of this one.',
    epochs: 'Epochs of training after it',
    epochsHint: 'Fine-tuning wins back most of what pruning costs.',
    reset: 'Back to the start',
  },
  progress: {
    working: (share: string) => `Compressing: ${share}`,
    label: 'Progress of compression',
    done: (bytes: string, score: string) => `Done: ${bytes}, score ${score}.`,
  },
  counters: {
    title: 'Before and after',
    bytes: 'File',
    bytesHint: 'the real file, all of it',
    macs: 'Multiply-adds',
    macsHint: 'of one sample, with zeros',
    parameters: 'Parameters',
    parametersHint: 'that are not zero',
    time: 'Time',
    timeHint: 'one sample, median, measured here',
    score: 'Test score',
    scoreHint: { classification: 'right answers', regression: 'R²' },
    before: 'before',
    after: 'after',
    smaller: (factor: string) => `${factor} × less`,
    larger: (factor: string) => `${factor} × more`,
    same: 'the same',
    alike: 'about the same',
    points: (difference: string) => `${difference} ${/^.?1$/.test(difference) ? 'point' : 'points'}`,
    difference: (difference: string) => difference,
    overhead: (bytes: string, sixteen: string, values: string, scales: string, rest: string) =>
      `With 16 bits a weight the file would be smaller: ${sixteen}. Of these ${bytes}, the numbers take ${values}, the scales that integers are multiplied by ${scales}, and the structure (names, shapes, code tables) ${rest}. Scales and structure grow more slowly than the numbers: in a network this small they cost more than fewer bits save.`,
  },
  damage: {
    title: 'The damage',
    changed: (changed: string, count: string, share: string, low: string, high: string) =>
      changed === '0'
        ? `None of the ${count} test points changed its class.`
        : `${changed} of ${count} test points (${share}) changed ${changed === '1' ? 'its' : 'their'} class; of all points like these, ${low} to ${high} would (95 % interval).`,
    moved: {
      rightToWrong: (count: string) => `${count} went from right to wrong.`,
      wrongToRight: (count: string) => `${count} went from wrong to right.`,
      wrongToOther: (count: string) => `${count} went from one wrong class to another.`,
    },
    accuracy: (before: string, after: string) =>
      before === after ? `Right answers: ${after}, as before.` : `Right answers: ${before} before, ${after} after.`,
    chance: (low: string, high: string, chance: string) =>
      `Right answers lost, in percentage points: ${low} to ${high} (95 % interval). Probability of so uneven a change by luck alone: ${chance} (McNemar’s exact test).`,
    worst: (name: string, before: string, after: string) =>
      `Hit hardest is class ${name}: ${before} before, ${after} after.`,
    noWorst: 'No class lost right answers.',
    calibration: (before: string, after: string) =>
      `Calibration error (how far the stated certainty is from the share of right answers): ${before} → ${after}.`,
    margin: (before: string, after: string) =>
      `Median margin between the first and the second class: ${before} → ${after}.`,
    r2: (before: string, after: string) => `R²: ${before} → ${after}.`,
    rmse: (before: string, after: string) => `Root mean squared error: ${before} → ${after}.`,
    distance: (typical: string, largest: string, at: string) =>
      `Answers moved by ${typical} (median), by ${largest} at most (test sample ${at}).`,
    unanswered: (before: string, after: string) =>
      `Samples without an answer, because a number is not finite: ${before} before, ${after} after.`,
  },
  steps: {
    title: 'What was done',
    /** Between units of layers. */
    and: ', ',
    taught: (parameters: string, epochs: string) =>
      `A student of ${parameters} parameters was taught for ${epochsOf(epochs)}.`,
    pruned: (zeros: string, of: string, share: string, pattern: string) =>
      `${zeros} of ${of} weights (${share}) were pruned: ${pattern}.`,
    narrowed: (before: string, units: string) => `Hidden layers were narrowed from ${before} to ${units} units.`,
    shared: (numbers: number) => `The weights of each matrix share ${numbers} numbers.`,
    tuned: {
      pruned: (epochs: string) => `Trained for ${epochsOf(epochs)} after pruning.`,
      narrowed: (epochs: string) => `Trained for ${epochsOf(epochs)} after narrowing.`,
      shared: (epochs: string) => `Trained for ${epochsOf(epochs)} with shared numbers.`,
      prepared: (epochs: string) => `Trained for ${epochsOf(epochs)} with rounding simulated.`,
    },
    prepared: (bits: number) => `Prepared for ${bits} bits: training simulates the rounding.`,
    rounded: (format: string, isTrained: boolean) =>
      isTrained ? `Rounded to ${format}, as it was trained for.` : `Rounded to ${format}.`,
    sparse: (kernels: number, of: number) =>
      `${kernels} of ${of} weight matrices ${kernels === 1 ? 'is' : 'are'} held without the zeros.`,
    coded: (coding: string, plain: string, bytes: string) => `The file is ${coding} coded: ${plain} → ${bytes}.`,
    codings: { huffman: 'Huffman', range: 'range' },
    notes: 'What the library noticed',
  },
  planes: {
    title: 'The boundary',
    titleCurve: 'The curve',
    before: 'Before',
    after: 'After',
    describe: (which: string, said: string) => `${which}: ${said}`,
    curve: 'The answers over the line: before is dashed, after is solid.',
    curveAt: (x: string, before: string, after: string) => `At ${x}: ${before} before, ${after} after`,
    legend: (changed: string) => `Points in a square changed their class: ${changed}.`,
    legendNone: 'No test point changed its class.',
    none: 'Data of more than two inputs has no picture.',
  },
  weights: {
    title: 'The weights',
    kernel: 'Weight matrix',
    option: (name: string, rows: number, columns: number) => `${name} (${rows} × ${columns})`,
    mask: 'What is left',
    maskLabel: (name: string, total: string, pruned: string, share: string) =>
      `${name}: ${pruned} of ${total} numbers (${share}) are pruned.`,
    kept: (distinct: string) => `${many(distinct, 'different number')} ${distinct === '1' ? 'is' : 'are'} left.`,
    pruned: 'pruned',
    negative: 'negative: with a bar',
    errors: 'What rounding changed',
    errorsLabel: (typical: string, largest: string) =>
      `Rounding moved these numbers by ${typical} (root mean square), by ${largest} at most.`,
    noErrors: 'Rounding changed none of the numbers.',
    cell: (row: number, column: number, before: string, after: string) =>
      `Row ${row}, column ${column}: ${before} → ${after}`,
    pointAt: 'Point at a cell, or tap it, to read its number.',
    histogram: 'How large the numbers are',
    histogramLabel: (low: string, high: string, most: string, before: string, after: string) =>
      `From ${low} to ${high}. The highest bar is ${most} numbers; heights go with the square root, so that few are seen too. Exactly zero, and not drawn: ${before} before, ${after} after.`,
  },
  tradeoff: {
    title: 'Size against score',
    hint: 'The trained network, and all that were made of it. Those on the line are beaten by none. Choose a point to return to its settings.',
    bytes: 'bytes of the file, log scale →',
    score: 'test score',
    describe: (points: string, front: string) =>
      `A plot of ${many(points, 'network')} by bytes and test score; ${front} of them ${front === '1' ? 'is' : 'are'} beaten by none.`,
    start: (bytes: string, score: string) => `As trained: ${bytes}, ${score}`,
    point: (bytes: string, score: string, what: string) => `${bytes}, ${score}: ${what}`,
    legend: { start: 'as trained', now: 'as set now', front: 'beaten by none', other: 'beaten' },
    sparse: (share: string, pattern: string) => `${share} removed (${pattern})`,
    bits: (bits: number) => `${bits} bits`,
    trained: 'trained for it',
    shared: (count: number) => `${count} numbers a matrix`,
    student: (share: string) => `student of ${share}`,
    epochs: (epochs: string) => `${epochsOf(epochs)} after it`,
    nothing: 'nothing removed',
    separator: ', ',
  },
  exports: {
    title: 'Take it with you',
    of: 'Which network',
    trained: 'as trained',
    compressed: 'compressed',
    format: 'Format',
    make: 'Make the file',
    made: (count: number): string => (count === 1 ? 'The file is ready:' : 'The files are ready:'),
    save: (name: string, bytes: string) => `Save ${name} (${bytes})`,
    waiting: 'Making the file …',
    size: (label: string, bytes: string) => `${label}: ${bytes}`,
    cannot: (label: string) => `${label}: not for this network`,
    loading: 'Looking up what it can be written in …',
  },
  open: {
    title: 'Open a network file',
    words:
      'Drop a file of a network here to see its graph and where its bytes are: of this library, ONNX, TFLite or TensorFlow.js (model.json with its files). It stays in this browser.',
    choose: 'Choose a file',
    opening: (name: string) => `Reading ${name} …`,
    tooLarge: (name: string, bytes: string, limit: string) =>
      `${name} has ${bytes}; files of up to ${limit} are read here.`,
    unreadable: (name: string) => `${name} could not be read from the disk; choose it again.`,
    opened: (name: string, bytes: string, nodes: string) => `${name}: ${bytes}, ${many(nodes, 'node')}.`,
    facts: (macs: string, parameters: string, nonZero: string) =>
      `${macs} multiply-adds a sample, ${parameters} parameters, ${nonZero} of them not zero.`,
    time: (time: string) => `A sample takes ${time} here.`,
    foreign: (title: string, bytes: string) =>
      `It is ${title} of ${bytes}; what follows is the network as this library writes it.`,
    graph: 'Graph',
    graphLabel: (nodes: string, edges: string) =>
      `The graph of the network: ${many(nodes, 'node')} and ${many(edges, 'connection')}, which the table lists.`,
    nodes: 'Nodes',
    node: 'Node',
    op: 'Operation',
    inputs: 'From',
    shape: 'Output',
    bytes: 'Bytes',
    macs: 'Multiply-adds',
    input: 'input',
    ledger: 'Where the bytes are',
    tensor: 'Tensor',
    tensorShape: 'Shape',
    encoding: 'Held as',
    dense: 'As float32',
    parts: 'Of which',
    file: 'the file itself',
    partNames: {
      values: 'values',
      positions: 'positions',
      codebook: 'codebook',
      scales: 'scales',
      tables: 'tables',
      header: 'header',
      alignment: 'alignment',
      other: 'other',
      program: 'program',
    },
    part: (name: string, bytes: string) => `${name} ${bytes}`,
    total: 'Whole file',
    several: (name: string, count: string) => `${count} files came at once, and one is opened at a time: ${name}.`,
    damage: 'Against the trained network',
    against: (epoch: string) => `Compared with the network as it is after epoch ${epoch}.`,
    outdated: (epoch: string) =>
      `Compared with the network as it was after epoch ${epoch}; it is another by now, and is compared anew once training stops.`,
    uncompared: {
      tensors: 'The file holds tensors and no network: there are no answers to compare.',
      'nothing trained': 'Nothing is trained yet: once a network is, the two are compared.',
      'other question':
        'It answers another question than the network that is trained here, so the two are not compared.',
      'too large': 'It is too large to be asked for answers here, so the two are not compared.',
      'not run': 'This page cannot run it, so it has no answers to compare.',
    },
    score: (before: string, after: string) => `Test score: ${before} for the trained network, ${after} for this one.`,
    report: 'As the library prints it',
    cut: (shown: string, all: string) => `The first ${shown} of ${all} are shown.`,
  },
};
