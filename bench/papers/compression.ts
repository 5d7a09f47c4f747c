import {
  type Callback,
  decodeNetwork,
  decodeWeight,
  encodeNetwork,
  type Model,
  type Network,
  PruningSchedule,
  shareWeights,
  toNetwork,
} from 'whittle-ml';
import type { Make, Restraint } from './networks.ts';
import type { Context, Kept, Outcome, PartBytes, Published, Row } from './paper.ts';
import { errorsOf, stepsOf, train } from './training.ts';

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
    /** Share of the weights that is left, of all layers together: those of the largest magnitude. */
    readonly kept: number;
    /** Share that is pruned at once; the rest goes cubically (Zhu & Gupta 2017). */
    readonly first: number;
    /** Share of the epochs after which `kept` is reached: the others retrain. */
    readonly until: number;
  };
  readonly share: Omit<Stage, keyof Restraint> & { readonly clusters: number };
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

/** The three rows of the pipeline: trained; pruned and trained on; with shared weights, trained on, in a coded file. */
export function pipeline({ make, recipe, label, published, cost = 1 }: Subject): Row[] {
  const { dense, prune, share, jitter } = recipe;
  const key = (stage: string): string => (label === '' ? stage : `${label.replaceAll(' ', '-')}-${stage}`);
  const trainedOn = (model: Model, context: Context, { epochs, rate }: Stage, schedule?: Callback): Model => {
    const { images, tell } = context;
    const callbacks = schedule === undefined ? [] : [schedule];
    train(model, { samples: images.train, epochs, rate, jitter, callbacks, tell });
    return model;
  };
  const trained = (context: Context): Model =>
    context.model(key('dense'), () => trainedOn(make(context.images.train, context.seed, dense), context, dense));
  const pruned = (context: Context): Model =>
    context.model(key('pruned'), () => {
      const { images, seed } = context;
      const model = make(images.train, seed, prune);
      model.setWeights(trained(context).getWeights());
      return trainedOn(model, context, prune, scheduleOf(prune, stepsOf(images.train)));
    });
  const shared = (context: Context): Model =>
    context.model(key('shared'), () => {
      const { clusters } = share;
      return trainedOn(shareWeights(pruned(context), { clusters, seed: context.seed }), context, share);
    });
  const row = (
    stage: keyof Subject['published'],
    name: string,
    epochs: number,
    run: (context: Context) => Judged,
  ): Row => ({
    name: label === '' ? name : `${label}: ${name}`,
    ...(published[stage] && { published: published[stage] }),
    cost: cost * epochs,
    run(context) {
      const { test } = context.images;
      const { subject, ...more } = run(context);
      return { wrong: errorsOf(subject, test), of: test.labels.length, epochs, ...more };
    },
  });
  return [
    row('dense', 'dense', dense.epochs, (context) => {
      const subject = toNetwork(trained(context));
      return { subject, bytes: encodeNetwork(subject).length };
    }),
    row('pruned', 'pruned', prune.epochs, (context) => {
      const subject = toNetwork(pruned(context));
      return { subject, kept: keptIn(subject) };
    }),
    row('coded', 'pruned, shared, coded', share.epochs, (context) => {
      const network = toNetwork(shared(context));
      const file = encodeNetwork(network, { coding: 'range' });
      context.keep(key('coded'), file);
      // What is judged is what the file holds.
      const subject = decodeNetwork(file).network;
      return { subject, kept: keptIn(subject), bytes: file.length, parts: partsOf(file) };
    }),
  ];
}

type Judged = Omit<Outcome, 'wrong' | 'of' | 'epochs'> & { readonly subject: Network };

/** Prunes until `until` of the epochs, twice in each. */
function scheduleOf({ kept, first, until, epochs }: Recipe['prune'], steps: number): PruningSchedule {
  return new PruningSchedule({
    initialSparsity: first,
    finalSparsity: 1 - kept,
    end: Math.max(1, Math.round(until * epochs * steps)),
    frequency: Math.max(1, Math.round(steps / 2)),
  });
}

/** Of each kernel how many numbers are not 0, of how many. */
export function keptIn({ weights }: Network): Record<string, Kept> {
  const kernels = [...weights].filter(([key]) => key.endsWith('/kernel'));
  return Object.fromEntries(
    kernels.map(([key, weight]) => {
      const data = decodeWeight(weight)!;
      let kept = 0;
      for (let i = 0; i < data.length; i++) if (data[i] !== 0) kept++;
      return [key, [kept, data.length]];
    }),
  );
}

/** The bytes of a file by kind of part. */
function partsOf(file: Uint8Array): PartBytes {
  const parts: Record<string, number> = {};
  for (const { part, bytes } of [{ part: 'all', bytes: file.length }]) parts[part] = (parts[part] ?? 0) + bytes;
  return parts;
}
