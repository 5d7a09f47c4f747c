import {
  Adam,
  type Callback,
  type DeepCompressed,
  deepCompression,
  encodeNetwork,
  type FilePart,
  fileParts,
  fromData,
  type Model,
  type Network,
  PruningSchedule,
  toNetwork,
} from 'whittle-ml';
import { tensorOf } from './images.ts';
import type { Make, Restraint } from './networks.ts';
import type { Context, Kept, Outcome, PartBytes, Published, Row } from './paper.ts';
import { BATCH, errorsOf, LOSS, stepsOf, train } from './training.ts';

/** A training of a network. */
export interface Stage extends Restraint {
  readonly epochs: number;
  /** Of Adam, at first. */
  readonly rate: number;
}

/** Everything that decides what the pipeline gives. */
export interface Recipe {
  /** Images are moved by up to as many pixels along each axis, anew each epoch. */
  readonly jitter: number;
  readonly dense: Stage;
  readonly prune: Stage & {
    /** Shares of the weights that are left, of all layers together, each a network of its own: those of the largest magnitude. */
    readonly kept: readonly number[];
    /** Share that is pruned at once; the rest goes cubically (Zhu & Gupta 2017). */
    readonly first: number;
    /** Share of the epochs after which `kept` is reached: the others retrain. */
    readonly until: number;
  };
  readonly share: Omit<Stage, keyof Restraint> & {
    readonly clusters: number;
    /** How they are in the file. */
    readonly biases: 'float32' | 'float16';
  };
}

/** A network of a paper. */
export interface Subject {
  readonly make: Make;
  readonly recipe: Recipe;
  /** What the rows' names begin with, empty for none. */
  readonly label: string;
  /** Of a dense network, a pruned one and the whole pipeline. */
  readonly published: Readonly<Partial<Record<'dense' | 'pruned' | 'coded', Published>>>;
  /** How much longer an epoch takes than one of LeNet-300-100. Default 1. */
  readonly cost?: number;
}

/**
 * The rows of the pipeline: trained; and of each share that is kept two, pruned and trained on, and with shared weights, trained
 * on, in a coded file. What is published stands beside the first share. All but the dense training is the library's `deepCompression`,
 * with trainings of our own: a stage that has run is read from where it is kept.
 */
export function pipeline({ make, recipe, label, published, cost = 1 }: Subject): Row[] {
  const { dense, prune, share, jitter } = recipe;
  const begin = label === '' ? '' : `${label}: `;
  const key = (stage: string): string => `${begin}${stage}`.replaceAll(/[^a-z0-9]+/g, '-').replace(/-$/, '');
  const trainedOn = (model: Model, context: Context, { epochs, rate }: Stage, schedule?: Callback): Model => {
    const { images, tell } = context;
    const callbacks = schedule === undefined ? [] : [schedule];
    train(model, { samples: images.train, epochs, rate, jitter, callbacks, tell });
    return model;
  };
  const row = (name: string, known: Published | undefined, epochs: number, run: (context: Context) => Judged): Row => ({
    name: `${begin}${name}`,
    ...(known && { published: known }),
    cost: cost * epochs,
    run(context) {
      const { test } = context.images;
      const { subject, ...more } = run(context);
      return { wrong: errorsOf(subject, test), of: test.labels.length, epochs, ...more };
    },
  });
  const trained = (context: Context): Model =>
    context.model(key('dense'), () => trainedOn(make(context.images.train, context.seed, dense), context, dense));
  const first = row('dense', published.dense, dense.epochs, (context) => {
    const subject = toNetwork(trained(context));
    return { subject, bytes: encodeNetwork(subject).length };
  });
  const others = prune.kept.flatMap((kept, i): Row[] => {
    const name = `${Math.round(1000 * kept) / 10} %`;
    const begun = (context: Context): Model => {
      const { images, seed } = context;
      const model = make(images.train, seed, prune);
      model.setWeights(trained(context).getWeights());
      return model;
    };
    // Not by the schedule that the stage is given: that one begins with no zeros and goes on to the end of the stage, and what is
    // left trains in a stage of its own. Here it is one training, whose rate falls once.
    const pruned = (context: Context, model?: Model): Model =>
      context.model(key(`pruned ${name}`), () => {
        const schedule = scheduleOf(prune, kept, stepsOf(context.images.train));
        return trainedOn(model ?? begun(context), context, prune, schedule);
      });
    const compressed = (context: Context): DeepCompressed => {
      const { labels } = context.images.train;
      const model = begun(context);
      model.compile({ optimizer: new Adam(), loss: LOSS });
      return deepCompression(model, {
        x: tensorOf(context.images.train, model.inputShape),
        y: fromData(labels, [labels.length]),
        sparsity: 1 - kept,
        clusters: share.clusters,
        coding: 'range',
        biases: share.biases,
        epochs: { prune: prune.epochs, retrain: 0, centroids: share.epochs },
        batchSize: BATCH,
        train: (own, { stage }) =>
          stage === 'prune'
            ? pruned(context, own)
            : context.model(key(`shared ${name}`), () => trainedOn(own, context, share)),
      });
    };
    return [
      row(`${name} kept`, i === 0 ? published.pruned : undefined, prune.epochs, (context) => {
        const subject = toNetwork(pruned(context));
        return { subject, kept: keptIn(subject, fileParts(encodeNetwork(subject))) };
      }),
      row(`${name} kept, shared, coded`, i === 0 ? published.coded : undefined, share.epochs, (context) => {
        // What is judged is what the file holds.
        const { file, network: subject, parts } = compressed(context);
        context.keep(key(`coded ${name}`), file);
        return { subject, kept: keptIn(subject, parts), bytes: file.length, parts: bytesOf(parts) };
      }),
    ];
  });
  return [first, ...others];
}

type Judged = Omit<Outcome, 'wrong' | 'of' | 'epochs'> & { readonly subject: Network };

/** Prunes until `until` of the epochs, twice in each. */
function scheduleOf({ first, until, epochs }: Recipe['prune'], kept: number, steps: number): PruningSchedule {
  return new PruningSchedule({
    initialSparsity: first,
    finalSparsity: 1 - kept,
    end: Math.max(1, Math.round(until * epochs * steps)),
    frequency: Math.max(1, Math.round(steps / 2)),
  });
}

/** Of each kernel how many numbers its file holds, of how many. */
export function keptIn({ weights }: Network, parts: readonly FilePart[]): Record<string, Kept> {
  return Object.fromEntries(
    parts.flatMap(({ weight, part, numbers }): [string, Kept][] => {
      if (part !== 'values' || !weight?.endsWith('/kernel')) return [];
      return [[weight, [numbers!, weights.get(weight)!.shape.reduce((product, side) => product * side, 1)]]];
    }),
  );
}

/** The bytes of a file by kind of part; all of a bias is one. */
function bytesOf(parts: readonly FilePart[]): PartBytes {
  const sums: Record<string, number> = {};
  for (const { weight, part, bytes } of parts) {
    const name = weight?.endsWith('/bias') ? 'biases' : part;
    sums[name] = (sums[name] ?? 0) + bytes;
  }
  return sums;
}
