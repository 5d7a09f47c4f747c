import { Adam, decodeWeight, deepCompression, encodeNetwork, fromNetwork, type Network } from 'whittle-ml';
import { type FilePart, fileParts } from 'whittle-ml/io';
import { lostBy } from './damages.ts';
import { figure } from './figures.ts';
import { smallestFindings } from './findings-smallest.ts';
import { layerOf } from './format.ts';
import { measured } from './measuring.ts';
import type { Tested } from './mistakes.ts';
import type { Lost } from './types-answers.ts';
import type { ModelKind, Progress } from './types-base.ts';
import type { FormResult } from './types-forms.ts';
import type {
  FilePartName,
  FileResult,
  FileStage,
  FileSubject,
  LayerBytes,
  PartBytes,
  Smallest,
} from './types-smallest.ts';
import type { Workbench } from './workbench.ts';

/** Seeds of which files are made, at most. */
export const SMALLEST_SEEDS = 3;

/** Share of the weights that is zero, and numbers of a kernel. */
type Setting = Omit<Smallest['settings'][number], 'subject'>;

/**
 * Compared by the accuracy on the validation part of the digits, means of seeds 0 to 2, each stage 16 epochs: of the teacher
 * (0.977) 90 % of the weights and 16 numbers 0.970 in 4,632 bytes, 93 % 0.958 in 3,831; of the student (0.954) 30 % and 16
 * numbers 0.950 in 884 bytes, 50 % 0.945 in 838, 70 % 0.932 in 758; with 8 numbers 0.947, 0.950 and 0.930. Of networks for images
 * they were not compared; of a mobilenet as much is pruned as of its form, since it breaks down with more.
 */
const settingsOf = (kind: ModelKind): { readonly [S in FileSubject]: Setting } => ({
  teacher: { sparsity: kind === 'mobilenet' ? 0.5 : 0.9, clusters: 16 },
  'student (distilled)': { sparsity: 0.3, clusters: 16 },
});
const SUBJECTS: readonly FileSubject[] = ['teacher', 'student (distilled)'];
/** Of each stage that trains, with `REFERENCE` samples, and the rate that falls to 0 in it. */
const EPOCHS = 8;
const REFERENCE = 1077;
const RATE = 0.001;
const TRAINED = ['prune', 'retrain', 'centroids'] as const;

/** A file with its score. */
interface Made {
  readonly subject: FileSubject;
  readonly stage: FileStage;
  readonly bytes: number;
  readonly score: number;
  /** As in `fileParts`; null of files that are not taken apart. */
  readonly parts: readonly FilePart[] | null;
}

/** What one seed made. */
export interface SmallestRun {
  readonly epochs: number;
  readonly settings: ReturnType<typeof settingsOf>;
  readonly files: readonly Made[];
  /** By subject. */
  readonly networks: ReadonlyMap<FileSubject, Network>;
  readonly lost: Smallest['lost'];
  /** Of the test. */
  readonly samples: number;
}

/** Prunes, shares and codes the teacher of a seed and its distilled student (Han et al. 2016). */
export function smallestRun(
  bench: Workbench,
  stage: string,
  progress: Progress,
  forms: Tested['forms'],
  kind: ModelKind = 'mlp',
): SmallestRun {
  const { train, test, task } = bench.data;
  const [x, y] = train;
  const count = y.shape[0]!;
  const epochs = bench.epochs(EPOCHS, count, REFERENCE);
  progress.stage(stage, SUBJECTS.length * TRAINED.length * epochs);
  const metric = task === 'classification' ? 'accuracy' : 'r2';
  const scoreOf = (network: Network): number => measured(network, test).measurement.score ?? Number.NaN;
  const originalOf = (subject: FileSubject): Network => forms.find(({ name }) => name === subject)!.network;
  const settings = settingsOf(kind);
  const networks = new Map<FileSubject, Network>();
  const files = SUBJECTS.flatMap((subject): Made[] => {
    const whole = originalOf(subject);
    const model = fromNetwork(whole);
    bench.compile(model);
    const { network, file, parts, stages } = bench.timed(() =>
      deepCompression(model, {
        ...{ x, y, validationData: test, ...settings[subject], coding: 'range', epochs },
        batchSize: bench.batchSize(count),
        optimizer: () => new Adam({ learningRate: bench.decaying(RATE, epochs, count) }),
        callbacks: (training) => [bench.ticks(`${subject}: ${training}`, epochs)],
      }),
    );
    networks.set(subject, network);
    const made = (of: FileStage, at: (typeof stages)[number]['stage']): Made => {
      const { bytes, figures } = stages.find((each) => each.stage === at)!;
      return { subject, stage: of, bytes, score: figures?.[metric] ?? Number.NaN, parts: null };
    };
    const first = encodeNetwork(whole);
    const huffman = encodeNetwork(network, { coding: 'huffman' });
    const score = scoreOf(network);
    return [
      { subject, stage: 'float32', bytes: first.length, score: scoreOf(whole), parts: fileParts(first) },
      made('pruned', 'retrain'),
      made('shared', 'centroids'),
      { subject, stage: 'Huffman coded', bytes: huffman.length, score, parts: fileParts(huffman) },
      { subject, stage: 'range coded', bytes: file.length, score, parts },
    ];
  });
  const lost = (subject: FileSubject): Lost =>
    lostBy(originalOf(subject), networks.get(subject)!, test, task === 'classification');
  return {
    ...{ epochs, settings, files, networks, samples: test[1].shape[0]! },
    lost: { teacher: lost('teacher'), 'student (distilled)': lost('student (distilled)') },
  };
}

/** Parts in the order in which they are drawn. */
export const PARTS: readonly FilePartName[] = ['values', 'codebook', 'positions', 'scales', 'biases', 'header'];

/** What a part of a file is for: all that a layer has beside its kernel are biases, and what has no name is header. */
function nameOf({ weight, part }: FilePart): FilePartName {
  if (weight === null) return 'header';
  if (!weight.endsWith('/kernel')) return 'biases';
  return PARTS.find((name) => name === part) ?? 'header';
}

/** Bytes by what they are for, without those of which there are none. */
function summed(parts: readonly FilePart[]): PartBytes[] {
  const all = PARTS.map((part) => ({
    part,
    bytes: parts.reduce((sum, each) => (nameOf(each) === part ? sum + each.bytes : sum), 0),
  }));
  return all.filter(({ bytes }) => bytes > 0);
}

/** The layers of a network with their parts of its file. */
function layersOf({ weights }: Network, parts: readonly FilePart[]): LayerBytes[] {
  const names = [...new Set([...weights.keys()].map(layerOf))];
  return names.map((name) => {
    const own = [...weights].filter(([key]) => layerOf(key) === name);
    const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
    const kernels = own.filter(([key]) => key.endsWith('/kernel')).map(([, stored]) => decodeWeight(stored) ?? []);
    return {
      name,
      parts: summed(parts.filter(({ weight }) => weight !== null && layerOf(weight) === name)),
      numbers: kernels.reduce((sum, values) => sum + values.length, 0),
      kept: kernels.reduce((sum, values) => sum + Array.from(values).filter((value) => value !== 0).length, 0),
      float32Bytes: own.reduce((sum, [, { shape }]) => sum + 4 * size(shape), 0),
    };
  });
}

/** Sums up the files of all seeds, and takes the smallest of the first seed apart. */
export function smallestOf(runs: readonly SmallestRun[], forms: readonly FormResult[], scoreName: string): Smallest {
  const [first] = runs as [SmallestRun, ...SmallestRun[]];
  const files = first.files.map(
    ({ subject, stage, parts }, i): FileResult => ({
      ...{ subject, stage },
      bytes: figure(runs.map((run) => run.files[i]!.bytes)),
      score: figure(runs.map((run) => run.files[i]!.score)),
      parts: parts === null ? null : summed(parts),
    }),
  );
  const coded = first.files.filter(({ stage }) => stage === 'range coded');
  const least = coded.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const parts = least.parts!;
  const result = {
    epochs: first.epochs,
    settings: SUBJECTS.map((subject) => ({ subject, ...first.settings[subject] })),
    files,
    lost: first.lost,
    samples: first.samples,
    subject: least.subject,
    isSmallest: forms.every(({ bytes }) => bytes.values[0]! > least.bytes),
    layers: layersOf(first.networks.get(least.subject)!, parts),
    rest: summed(parts.filter(({ weight }) => weight === null)),
  };
  return { ...result, findings: smallestFindings(result, scoreName) };
}
