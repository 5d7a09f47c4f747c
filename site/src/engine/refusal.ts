import { COMPRESS_SENTENCES, type CompressReason } from './refusal-compress.ts';
import { TABLE_SENTENCES, type TableReason } from './table-problems.ts';

/** Why a command is not followed, as data: the page may say it in words of its language. */
export type Reason =
  | CompressReason
  | TableReason
  | { readonly kind: 'nothing started' }
  | { readonly kind: 'all epochs trained'; readonly epochs: number }
  | { readonly kind: 'too few points'; readonly points: number; readonly least: number }
  | { readonly kind: 'one class'; readonly name: string }
  | { readonly kind: 'too few of a class'; readonly name: string; readonly samples: number; readonly least: number }
  | { readonly kind: 'too many rows'; readonly rows: number; readonly most: number }
  | { readonly kind: 'no table' }
  | { readonly kind: 'hinge of classes'; readonly classes: number }
  | { readonly kind: 'other output'; readonly loss: string }
  | { readonly kind: 'no such neuron'; readonly layer: number; readonly unit: number }
  | { readonly kind: 'bad sample'; readonly wanted: number; readonly given: number }
  | { readonly kind: 'bad setting'; readonly name: string; readonly value: unknown; readonly wanted: string };

type Sentences = { readonly [K in Reason['kind']]: (reason: Extract<Reason, { kind: K }>) => string };

const SENTENCES: Sentences = {
  ...COMPRESS_SENTENCES,
  ...TABLE_SENTENCES,
  'nothing started': () => 'There is no experiment yet: start one first.',
  'all epochs trained': ({ epochs }) => `All ${epochs} epochs are trained: set more epochs, or start anew.`,
  'too few points': ({ points, least }) => `There are ${points} samples, and ${least} are needed: add some.`,
  'one class': ({ name }) => `All samples are of the class ${name}: a second class is needed.`,
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

  constructor(reason: Reason) {
    super(sentenceOf(reason));
    this.reason = reason;
  }
}

function sentenceOf<K extends Reason['kind']>(reason: Extract<Reason, { kind: K }>): string {
  return SENTENCES[reason.kind as K](reason);
}
