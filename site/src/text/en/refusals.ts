import type { Reason } from '../../engine/refusal.ts';
import { compressRefusals } from './compress-refusals.ts';
import { tableRefusals } from './table-refusals.ts';

export type Refusals = { readonly [K in Reason['kind']]: (reason: Extract<Reason, { kind: K }>) => string };

/** Why a command was not followed. */
export const refusals: Refusals = {
  ...compressRefusals,
  ...tableRefusals,
  'nothing started': () => 'There is no experiment yet: start one first.',
  'all epochs trained': ({ epochs }) => `All ${epochs} epochs are trained: set more epochs, or start over.`,
  'too few points': ({ points, least }) => `There are ${points} samples, and ${least} are needed: add some.`,
  'one class': ({ name }) => `All samples are of the class ${name}: a second class is needed.`,
  'one number': ({ number }) =>
    `All samples have the same number to learn, ${number}: choose another column, or add samples that differ.`,
  'too few of a class': ({ name, samples, least }) =>
    `The class ${name} has ${samples} of the ${least} samples that it needs, so that each part has one: add some, or leave it out.`,
  'too many rows': ({ rows, most }) => `The table has ${rows} rows, and ${most} is the most here: take a part of it.`,
  'no table': () => 'There is no table yet: paste or drop one.',
  'hinge of classes': ({ classes }) =>
    `Hinge loss tells two classes apart, and there are ${classes}: choose cross-entropy.`,
  'other output': () => 'This loss needs another output layer: start over with it.',
  'no such neuron': ({ layer, unit }) => `There is no neuron ${unit + 1} in layer ${layer + 1}.`,
  'bad sample': ({ wanted, given }) => `A sample has ${wanted} numbers here, and ${given} were given.`,
  'bad setting': ({ name, value, wanted }) => `${name} is ${String(value)}: it must be ${wanted}.`,
  unexplained: ({ sentence }) => sentence,
};
