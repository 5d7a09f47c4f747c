import type { CompressReason } from './refusal-compress.ts';
import type { TableReason } from './table-problems.ts';

/** What is refused by what is loaded first. */
type FirstReason =
  | { readonly kind: 'nothing started' }
  | { readonly kind: 'all epochs trained'; readonly epochs: number }
  | { readonly kind: 'too few points'; readonly points: number; readonly least: number }
  | { readonly kind: 'one class'; readonly name: string }
  | { readonly kind: 'one number'; readonly number: number }
  | { readonly kind: 'too few of a class'; readonly name: string; readonly samples: number; readonly least: number }
  | { readonly kind: 'too many rows'; readonly rows: number; readonly most: number }
  | { readonly kind: 'no table' }
  | { readonly kind: 'hinge of classes'; readonly classes: number }
  | { readonly kind: 'other output'; readonly loss: string }
  | { readonly kind: 'no such neuron'; readonly layer: number; readonly unit: number }
  | { readonly kind: 'bad sample'; readonly wanted: number; readonly given: number }
  | { readonly kind: 'bad setting'; readonly name: string; readonly value: unknown; readonly wanted: string };

/** Why a command is not followed, as data: the page may say it in words of its language. */
export type Reason = FirstReason | CompressReason | TableReason;

/** A sentence for each kind of reason. */
export type SentencesOf<R extends Reason> = {
  readonly [K in R['kind']]: (reason: Extract<R, { readonly kind: K }>) => string;
};

const SENTENCES: SentencesOf<FirstReason> = {
  'nothing started': () => 'There is no experiment yet: start one first.',
  'all epochs trained': ({ epochs }) => `All ${epochs} epochs are trained: set more epochs, or start anew.`,
  'too few points': ({ points, least }) => `There are ${points} samples, and ${least} are needed: add some.`,
  'one class': ({ name }) => `All samples are of the class ${name}: a second class is needed.`,
  'one number': ({ number }) =>
    `All samples have the same number to learn, ${number}: choose another column, or add samples that differ.`,
  'too few of a class': ({ name, samples, least }) =>
    `The class ${name} has ${samples} ${samples === 1 ? 'sample' : 'samples'}, and ${least} are needed, so that each part has one: add some, or leave it out.`,
  'too many rows': ({ rows, most }) => `The table has ${rows} rows, and ${most} is the most here: take a part of it.`,
  'no table': () => 'There is no table yet: paste or drop one.',
  'hinge of classes': ({ classes }) =>
    `Hinge loss tells two classes apart, and there are ${classes}: choose cross-entropy.`,
  'other output': ({ loss }) => `The loss ${loss} needs another output layer: start anew with it.`,
  'no such neuron': ({ layer, unit }) => `There is no neuron ${unit + 1} in layer ${layer + 1}.`,
  'bad sample': ({ wanted, given }) => `A sample has ${wanted} numbers here, and ${given} were given.`,
  'bad setting': ({ name, value, wanted }) => `${name} is ${String(value)}: it must be ${wanted}.`,
};

/** A command that cannot be followed. Its message is a sentence with the facts and a way on. */
export class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: FirstReason);
  /** With the sentences of what is loaded later. */
  constructor(reason: Reason, message: string);
  constructor(reason: Reason, message?: string) {
    super(message ?? sentenceOf(reason as FirstReason, SENTENCES));
    this.reason = reason;
  }
}

/** What a reason is in words. */
export const sentenceOf = <R extends Reason>(reason: R, sentences: SentencesOf<R>): string =>
  sentences[reason.kind as R['kind']](reason as Extract<R, { readonly kind: R['kind'] }>);
