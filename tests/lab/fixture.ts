import { criteriaFindings } from '../../lab/src/findings-criteria.ts';
import { ledgerFindings, roundingFinding } from '../../lab/src/findings-ledger.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Figure } from '../../lab/src/types-base.ts';
import type { CriterionName, LightName, LightVariant } from '../../lab/src/types-compared.ts';
import type { FitName, FitResult, FormName, FormResult } from '../../lab/src/types-forms.ts';
import type { LedgerFormat, Ledgers, Rounding } from '../../lab/src/types-layers.ts';
import { smallest, taught, taughtNumbers } from './fixture-taught.ts';

/** Deterministic wiggle in [-1, 1]. */
const wiggle = (i: number): number => ((i * 7919) % 200) / 100 - 1;

const figure = (mean: number, spread: number, seeds: number): Figure => {
  const values = Array.from({ length: seeds }, (_, i) => mean + (seeds === 1 ? 0 : spread * (i / (seeds - 1) - 0.5)));
  return { mean, min: Math.min(...values), max: Math.max(...values), values };
};

const curve = (epochs: number, from: number, to: number, rate: number, rise = 0): number[] =>
  Array.from(
    { length: epochs },
    (_, i) => to + ((from - to) * rate) / (rate + i) + rise * i + wiggle(i + epochs) * 0.01,
  );

/** The same of a regression. */
export function regression(): JobReport {
  const base = fixture();
  const truth = [12.5, 40, 33.25, 8];
  const values = (shift: number): number[] => truth.map((x) => x + shift);
  return {
    ...base,
    scoreName: 'R²',
    data: {
      ...base.data,
      target: 'the price',
      classes: null,
      task: 'regression',
      taskReason: 'regression: "price" has numbers',
    },
    distillation: { ...base.distillation, agreement: null },
    damage: {
      kind: 'numbers',
      forms: (['int8', 'combined'] as const).map((form, i) => ({
        form,
        r2: figure(0.01 * (i + 1), 0, 1),
        lost: { lost: 0.01 * (i + 1), low: i === 0 ? -0.002 : 0.011, high: 0.03 },
        typical: figure(1.25 * (i + 1), 0, 1),
        largest: figure(7.5, 0, 1),
        line: 12,
      })),
    },
    mistakes: null,
    taught: taughtNumbers(),
    predictions: {
      truth,
      forms: [
        { form: 'teacher', values: values(1) },
        { form: 'int8', values: values(-2) },
        { form: 'combined', values: values(3) },
      ],
    },
  };
}

/** Layers of which the second is hard to quantize; one in int8 differs in nothing, and adds less than nothing. */
export function ledgers(names: readonly string[] = ['dense', 'dense_1', 'dense_2']): Ledgers {
  const real = { loss: 0.14, score: 0.972 };
  const formOf = (format: LedgerFormat, harm: number, noise: number): Ledgers['forms'][number] => ({
    format,
    bytes: Math.round(12_000 * harm ** 0.1),
    loss: real.loss + 20 * harm,
    score: real.score - 10 * harm,
    layers: names.map((name, i) => ({
      name,
      op: 'dense',
      format: format === 'int8' ? 'int8, static' : `${format}, groups of 32`,
      bytes: 4000 / (i + 1),
      float32Bytes: 16_000 / (i + 1),
      weights: noise - 2 * i,
      result: noise - 3 * i,
      outputs: format === 'int8' && i === 2 ? null : noise - (i === 1 ? 12 : 0),
      saturated: format === 'int8' ? 0.0004 * i : null,
      loss: real.loss + (format === 'int8' && i === 2 ? -0.00002 : harm * (i === 1 ? 15 : 1)),
      score: real.score - harm,
      chance: format === 'int8' && i === 2 ? null : harm * (format === 'int8' ? 20 : 3),
    })),
  });
  const found = {
    samples: 360,
    loss: 'cross-entropy',
    scoreName: 'accuracy',
    real,
    forms: [formOf('int8', 0.0001, 48), formOf('int4', 0.002, 24), formOf('ternary', 0.03, 9)],
    repaired: [
      {
        format: 'int4' as const,
        bytes: { before: 6000, after: 6000, most: 6600 },
        lost: { before: 0.004, after: 0.004 },
        isEnough: true,
        steps: [],
      },
      {
        format: 'ternary' as const,
        bytes: { before: 4000, after: 4320, most: 4400 },
        lost: { before: 0.3, after: 0.02 },
        isEnough: false,
        steps: [
          { layer: names.at(1)!, from: 'ternary, groups of 32', to: 'int4, groups of 16', bytes: 4200 },
          { layer: names.at(-1)!, from: 'ternary, groups of 32', to: 'int8', bytes: 4320 },
        ],
      },
    ],
    mixed: {
      budget: 6000,
      bytes: 5990,
      loss: 0.15,
      score: 0.97,
      layers: names.map((name) => ({ name, format: 'int8' })),
    },
  };
  return { ...found, findings: ledgerFindings(found) };
}

/** Kernels of 4 bits, in three ways: training gains something, or what may be chance. */
export function rounding(gain = { gain: 0.004, low: -0.006, high: 0.014 }): Rounding {
  const names = ['rounded afterwards', 'trained on in float32, then rounded', 'trained rounded'] as const;
  const rows = names.map((name, i) => ({
    name,
    validation: figure(0.96 + 0.002 * i, 0, 1),
    test: figure(0.962 + 0.002 * i, 0, 1),
  }));
  const found = { epochs: 4, samples: 360, rows, gain };
  return { ...found, finding: roundingFinding(found, 'accuracy') };
}

/** A report with networks for images beside each other: a plain one, one far below it, and three alike. */
export function withLight(seeds = 1): JobReport {
  const networks: readonly (readonly [LightName, number, number, number])[] = [
    ['plain CNN', 0.972, 2_776_896, 693_962],
    ['plain CNN, channel means', 0.581, 24_408, 5834],
    ['depthwise-separable', 0.981, 43_584, 9610],
    ['MobileNetV2-like', 0.9805, 52_160, 11_226],
    ['ShuffleNetV2-like', 0.9855, 76_392, 15_866],
  ];
  const variants: readonly (readonly [LightVariant, number])[] = [
    ['float32', 1],
    ['half the channels', 0.4],
    ['int8', 0.3],
  ];
  const results = networks.flatMap(([name, score, bytes, parameters], i) =>
    variants.map(([variant, share], v) => ({
      name,
      variant,
      score: figure(score - 0.002 * v, 0.006, seeds),
      bytes: figure(Math.round(bytes * share), 0, seeds),
      parameters: figure(variant === 'half the channels' ? Math.round(parameters * 0.3) : parameters, 0, seeds),
      nonZeroParameters: figure(parameters, 0, seeds),
      heldParameters: figure(parameters, 0, seeds),
      macs: figure(888_192 / (i + 1), 0, seeds),
      latency1: figure((0.1 * share) / (i + 1), 0.001, seeds),
      latency64: figure((6 * share) / (i + 1), 0.05, seeds),
      load: figure(1, 0.1, seeds),
      memory: figure(90_000 / (i + 1), 0, seeds),
      notes: variant === 'int8' ? [`${name}: activations are int8`] : [],
    })),
  );
  const base = fixture(seeds);
  const light = {
    networks: networks.map(([name], i) => ({
      name,
      image: i < 2 ? ([28, 28, 1] as const) : ([8, 8, 1] as const),
      training: `${20 + i} epochs at a rate from 0.01 down to 0`,
    })),
    results,
    findings: ['Of the 693,962 parameters of the plain CNN, 692,352 (99.77 %) are in one dense layer.'],
  };
  return { ...base, light };
}

/** A report with criteria of pruning beside each other: all alike at first, and far apart at last. */
export function withCriteria(): JobReport {
  const levels = [0.5, 0.9, 0.98];
  const scores: readonly (readonly [CriterionName, readonly number[]])[] = [
    ['magnitude', [0.978, 0.975, 0.86]],
    ['magnitude, each layer', [0.977, 0.97, 0.81]],
    ['magnitude, panels', [0.974, 0.95, 0.7]],
    ['gradient × weight', [0.978, 0.977, 0.92]],
    ['Wanda', [0.976, 0.971, 0.83]],
    ['movement', [0.975, 0.972, 0.9]],
    ['SNIP', [0.973, 0.97, 0.925]],
    ['random', [0.97, 0.9, 0.31]],
    ['small network', [0.974, 0.968, 0.9]],
  ];
  const rows = scores.map(([name, means]) => ({ name, scores: means.map((mean) => figure(mean, 0.01, 3)) }));
  const compared = {
    ...{ seeds: [0, 1, 2], levels, whole: figure(0.978, 0.004, 3), rows },
    ...{ parameters: 31_978, left: [16_138, 3466, 932], small: [16_090, 3401, 876] },
  };
  const digests = [{ seed: 2, model: 'SNIP, 98 % zero', sha256: 'c0ffee'.repeat(11).slice(2) }];
  return { ...fixture(), criteria: { ...compared, digests, findings: criteriaFindings(compared, 'accuracy') } };
}

/** A report such as the job leaves, with made-up numbers; `name` goes wherever a file may put text. */
export function fixture(seeds = 1, name = 'digits'): JobReport {
  const fitOf = (
    fitName: FitName,
    kind: FitResult['kind'],
    [train, test, rise, epochs]: readonly [number, number, number, number],
    verdict: string,
  ): FitResult => ({
    name: fitName,
    kind,
    description: `64-256-128-10 on 200 samples: ${fitName}`,
    parameters: kind === 'underfit' ? 5770 : 50826,
    samples: fitName === 'more data' ? 1078 : 200,
    train: figure(train, 0.004, seeds),
    test: figure(test, 0.02, seeds),
    gap: figure(train - test, 0.02, seeds),
    diagnosis: { verdict, reasons: [`training accuracy ${train}, validation ${test}`] },
    history: {
      loss: curve(epochs, 2.3, 1 - train, 2),
      val_loss: curve(epochs, 2.3, (1 - test) * 2, 2, rise),
      accuracy: curve(epochs, 0.1, train, 2),
      val_accuracy: curve(epochs, 0.1, test, 2),
    },
  });
  const form = (
    formName: FormName,
    [score, bytes, parameters, nonZero, macs, one, many]: readonly [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ],
  ): FormResult => ({
    name: formName,
    description: `the network, ${formName}`,
    score: figure(score, 0.01, seeds),
    bytes: figure(bytes, 0, seeds),
    parameters: figure(parameters, 0, seeds),
    nonZeroParameters: figure(nonZero, 0, seeds),
    heldParameters: figure(formName === 'sparse panels' ? nonZero : parameters, 0, seeds),
    macs: figure(macs, 0, seeds),
    latency1: figure(one, one / 10, seeds),
    latency64: figure(many, many / 10, seeds),
    load: figure(2 * one, 0, seeds),
    memory: figure(50_000, 0, seeds),
    notes: [`${formName}: changes bytes`],
  });
  const bell = (low: number, high: number, peak: number): number[] =>
    Array.from({ length: 40 }, (_, i) => {
      const x = low + ((i + 0.5) * (high - low)) / 40;
      return Math.round(900 / (1 + 60 * x * x)) + (i === 20 ? peak : 0);
    });
  const forms: readonly FormName[] = [
    ...(['teacher', 'pruned', 'sparse panels', 'neurons pruned', 'int8'] as const),
    ...(['student (labels only)', 'student (distilled)', 'combined'] as const),
  ];
  const others: readonly FormName[] = forms.filter((formName) => formName !== 'sparse panels');
  const rank = (formName: FormName): number => Math.max(others.indexOf(formName), formName === 'sparse panels' ? 1 : 0);
  // Form f gets f samples of class 8 wrong that it takes for class 9, and one of class 1 more than the teacher right.
  const right = forms.map((formName) => {
    const f = rank(formName);
    const counts = Array.from({ length: 10 }, (_, i) => (i === 8 ? 30 - f : i === 1 && f > 0 ? 36 : 35));
    return { form: formName, counts };
  });
  const confusion = Array.from({ length: 10 }, (_, t) =>
    Array.from({ length: 10 }, (__, s) =>
      t === s ? right[0]!.counts[t]! : t === 8 && s === 9 ? 6 : s === (t + 1) % 10 ? 1 : 0,
    ),
  );
  return {
    version: 2,
    environment: { runtime: 'Node 20.19.1', platform: 'linux x64', cpu: 'AMD EPYC 9654', cores: 2, kernels: 'wasm' },
    data: {
      name,
      rows: 1797,
      features: 64,
      target: name,
      classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', name],
      task: 'classification',
      taskReason: `classification: "${name}" has 10 distinct integers, at most 20`,
      notes: [`"${name}": 2 missing cells filled with the mean 4.5 (--missing refuse stops there).`],
      split: { train: 1078, validation: 359, test: 360 },
      image: [8, 8, 1],
    },
    options: { seeds: Array.from({ length: seeds }, (_, i) => i), epochs: 60, model: 'mlp' },
    scoreName: 'accuracy',
    fits: [
      fitOf('underfit', 'underfit', [0.61, 0.58, 0, 10], 'underfit'),
      fitOf('overfit', 'overfit', [0.998, 0.871, 0.006, 60], 'overfit'),
      fitOf('more data', 'remedy', [0.998, 0.972, 0.001, 60], 'good fit'),
      fitOf('L1', 'remedy', [0.985, 0.902, 0, 60], 'overfit'),
      fitOf('L2', 'remedy', [0.995, 0.911, 0, 60], 'overfit'),
      fitOf('dropout', 'remedy', [0.99, 0.921, 0.001, 60], 'overfit'),
      fitOf('early stopping', 'remedy', [0.96, 0.9, 0, 22], 'overfit'),
      fitOf('smaller network', 'remedy', [0.94, 0.905, 0, 60], 'good fit'),
    ],
    forms: [
      form('teacher', [0.975, 204_120, 50_826, 50_826, 50_432, 0.021, 0.61]),
      form('pruned', [0.969, 62_400, 50_826, 10_165, 10_090, 0.014, 0.42]),
      form('sparse panels', [0.9705, 65_100, 50_826, 15_260, 50_432, 0.012, 0.22]),
      form('neurons pruned', [0.967, 61_200, 14_000, 14_000, 13_900, 0.009, 0.21]),
      form('int8', [0.972, 52_900, 50_826, 50_826, 50_432, 0.016, 0.3]),
      form('student (labels only)', [0.951, 10_950, 2410, 2410, 2368, 0.004, 0.06]),
      form('student (distilled)', [0.958, 10_950, 2410, 2410, 2368, 0.004, 0.06]),
      form('combined', [0.955, 3900, 2410, 1600, 1580, 0.005, 0.05]),
    ],
    recommendation: {
      form: 'int8',
      rule: "It has the smallest file of the forms whose accuracy is at most 0.010 below the teacher's.",
      smaller: 204_120 / 52_900,
      faster1: 0.021 / 0.016,
      faster64: 0.61 / 0.3,
      now: 0.972,
      before: 0.975,
    },
    mistakes: {
      samples: Array<number>(10).fill(36),
      right,
      confusion,
      confused: [
        { truth: 8, said: 9, count: 6 },
        ...[0, 1, 2, 3, 4, 5, 6, 7].map((t) => ({ truth: t, said: t + 1, count: 1 })),
        { truth: 9, said: 0, count: 1 },
      ],
      pictures: {
        side: 4,
        count: 2,
        wrong: [
          { line: 812, truth: 8, said: 9, probability: 0.93, pixels: '00ff80000000ff000000ff00000000ff' },
          { line: 17, truth: 1, said: 2, probability: 0.61, pixels: '00ff000000ff000000ff000000ff0000' },
        ],
      },
    },
    damage: {
      kind: 'classes',
      bins: 15,
      edge: 0.1,
      teacher: { calibration: figure(0.021, 0.004, seeds), onEdge: figure(0.012, 0.002, seeds) },
      // Form f turns 4f right answers and 2 wrong ones, and class 8 pays.
      forms: forms
        .slice(1)
        .map((formName) => [formName, rank(formName) - 1] as const)
        .map(([formName, f]) => ({
          form: formName,
          changed: figure((4 * f + 3) / 360, 2 / 360, seeds),
          rightToWrong: figure(4 * f, 0, seeds),
          wrongToRight: figure(2, 0, seeds),
          wrongToOther: figure(1, 0, seeds),
          mcnemar: figure(f > 3 ? 0.0004 : 0.5, 0, seeds),
          lost: { lost: (4 * f - 2) / 360, low: (4 * f - 9) / 360, high: (4 * f + 5) / 360 },
          worst: {
            class: 8,
            samples: 36,
            isSmall: false,
            before: 30 / 36,
            after: (30 - f) / 36,
            lost: { lost: f / 36, low: (f - 3) / 36, high: (f + 3) / 36 },
          },
          calibration: figure(0.02 + f / 100, 0.01, seeds),
          onEdge: figure(0.01 + f / 100, 0, seeds),
          lines: Array.from({ length: Math.min(20, 4 * f) }, (_, i) => 5 * i + 2),
        })),
    },
    ledger: ledgers(),
    rounding: rounding(),
    taught: taught(seeds),
    smallest: smallest(seeds),
    predictions: null,
    light: null,
    criteria: null,
    histograms: [
      { name: 'teacher', low: -0.6, high: 0.6, counts: bell(-0.6, 0.6, 0) },
      {
        name: 'pruned',
        low: -0.6,
        high: 0.6,
        counts: bell(-0.6, 0.6, 30_000).map((n) => (n < 400 ? n : 0) || (n > 9000 ? n : 0)),
      },
      { name: 'int8', low: -0.6, high: 0.6, counts: bell(-0.6, 0.6, 300) },
      { name: 'combined', low: -0.4, high: 0.4, counts: bell(-0.4, 0.4, 900) },
    ],
    distillation: {
      distilled: figure(0.958, 0.008, seeds),
      labelsOnly: figure(0.951, 0.01, seeds),
      agreement: figure(0.964, 0.01, seeds),
      conclusion: 'Distillation helped: 0.958 against 0.951 from labels only.',
    },
    digests: [
      { seed: 0, model: 'teacher', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
    ],
    findings: {
      short: ['The teacher gets 15 of 360 test samples wrong; most often "8" is taken for "9" (6 of 36).'],
      fits: [
        'The 64-256-128-10 network on 200 samples overfits: 1.000 on training samples, 0.871 on test samples.',
        'More data closes the gap best: from 0.129 to 0.028.',
      ],
      forms: ['The combined form keeps 0.955 of accuracy in 3,900 bytes, 1.9 % of the teacher.'],
      caveats: ['All numbers are of one seed; several seeds show how far they vary.'],
    },
    seconds: { training: 21.4, total: 27.9 },
  };
}
