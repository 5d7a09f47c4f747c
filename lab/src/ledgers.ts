import {
  type LayerFormat,
  type LayerFormatChoice,
  type Ledger,
  type LedgerOptions,
  ledger,
  mixedPrecision,
  type Network,
  quantize,
  type RepairOptions,
  repair,
  type Samples,
} from 'whittle-ml';
import { takeRows } from 'whittle-ml/data';
import { ledgerFindings } from './findings-ledger.ts';
import type { Tested } from './mistakes.ts';
import type { FormName } from './types-forms.ts';
import type { LedgerFormat, Ledgers } from './types-layers.ts';

/** Samples that everything is measured on, at most: each layer of each format runs them twice. */
const MOST_SAMPLES = 512;
/** Layers of a network that is repaired, at most: in each step every one is tried. */
const MOST_CHANGED = 6;
/** Share of its bytes that a form may get back, and of the score that it may still lose then. */
const SHARE = 0.1;
const LOST = 0.001;

const LAYERS: { readonly [F in LedgerFormat]: LayerFormatChoice } = {
  int8: 'static',
  int4: 'int4',
  ternary: 'ternary',
};
const FORMATS = Object.keys(LAYERS) as LedgerFormat[];

/** A format as a table has it: the type of the weights, and what they are multiplied with if these are no real numbers. */
const formatName = ({ weights: { type, group }, values }: LayerFormat): string =>
  values === 'real' ? (typeof group === 'number' ? `${type}, groups of ${group}` : type) : `${type}, ${values}`;

/** What is looked at, with the part that repairs and formats are chosen on. */
export interface Seed extends Tested {
  readonly validation: Samples;
}

/** How everything is judged. */
type Told = Pick<RepairOptions, 'samples'> & Pick<LedgerOptions, 'loss' | 'outputs'>;

/** What is judged: repairs and formats are chosen on the validation samples, and all figures are those of the test samples. */
interface Judging {
  readonly teacher: Network;
  readonly validation: Told;
  readonly test: Told;
  readonly isClassification: boolean;
}

/** Which layer of the teacher loses what in int8, which is the form of the job, and in fewer bits; of the first seed. */
export function ledgersOf({ forms, test, validation }: Seed, isClassification: boolean): Ledgers {
  const networkOf = (name: FormName): Network => forms.find((form) => form.name === name)!.network;
  const teacher = networkOf('teacher');
  const told = (samples: Samples): Told =>
    isClassification
      ? { samples, loss: 'sparseCategoricalCrossentropy', outputs: { coding: 'classes', scale: 'probabilities' } }
      : { samples, loss: 'mse', outputs: { coding: 'numbers', scale: 'reals' } };
  const shown = firstOf(test);
  const judging = { teacher, validation: told(firstOf(validation)), test: told(shown), isClassification };
  const networks = FORMATS.map((format) =>
    format === 'int8' ? networkOf('int8') : quantize(teacher, { format: LAYERS[format] }),
  );
  const ledgers = networks.map((network) => ledger(teacher, network, judging.test));
  const [first] = ledgers as [Ledger];
  const isSmall = first.layers.length <= MOST_CHANGED;
  const bytesOf = (format: LedgerFormat): number => ledgers[FORMATS.indexOf(format)]!.bytes;
  const halfWay = Math.round((bytesOf('int4') + bytesOf('ternary')) / 2);
  const parts = partsOf(shown).map(told);
  const result = {
    samples: first.samples,
    loss: isClassification ? 'cross-entropy' : 'mean squared error',
    scoreName: isClassification ? 'accuracy' : 'R²',
    real: { loss: first.real.loss!, score: first.real.score! },
    forms: FORMATS.map((format, i) => formOf(format, ledgers[i]!, chancesOf(teacher, networks[i]!, parts))),
    repaired: !isSmall
      ? []
      : FORMATS.flatMap((format, i) =>
          format === 'int8' ? [] : [repairedOf(format, networks[i]!, ledgers[i]!, judging)],
        ),
    mixed: isSmall ? mixedOf(halfWay, judging) : null,
  };
  return { ...result, findings: ledgerFindings(result) };
}

/** Parts of the samples that intervals are made of, and Student's t of 95 % of so many. */
const PARTS = 6;
const STUDENT = 2.57;
/** Samples of a part, at least. */
const LEAST_PART = 4;

/** Parts as large as each other, with samples from all over; none where there are too few. */
function partsOf([x, y]: Samples): Samples[] {
  const each = Math.floor(x.shape[0]! / PARTS);
  if (each < LEAST_PART) return [];
  return Array.from({ length: PARTS }, (_, part): Samples => {
    const rows = Array.from({ length: each }, (_, i) => part + i * PARTS);
    return [takeRows(x, rows), takeRows(y, rows)];
  });
}

/** By layer half of the interval of the loss that it adds alone, from how much parts of the samples differ in it. */
function chancesOf(teacher: Network, network: Network, parts: readonly Told[]): (number | null)[] {
  const ledgers = parts.map((part) => ledger(teacher, network, part));
  const [first] = ledgers;
  if (first === undefined) return [];
  return first.layers.map((_, i) => {
    const added = ledgers.map(({ layers, real }) => layers[i]!.alone.loss! - real.loss!);
    const mean = added.reduce((sum, x) => sum + x, 0) / PARTS;
    const variance = added.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (PARTS - 1);
    return STUDENT * Math.sqrt(variance / PARTS);
  });
}

/** The first samples, no more than needed. */
function firstOf([x, y]: Samples): Samples {
  const count = Math.min(MOST_SAMPLES, x.shape[0]!);
  const rows = Array.from({ length: count }, (_, i) => i);
  return [takeRows(x, rows), takeRows(y, rows)];
}

/** JSON has no infinite numbers: null where nothing differs. */
const decibels = (x: number): number | null => (x === Number.POSITIVE_INFINITY ? null : x);

function formOf(
  format: LedgerFormat,
  { layers, quantized, bytes }: Ledger,
  chances: readonly (number | null)[],
): Ledgers['forms'][number] {
  return {
    format,
    bytes,
    loss: quantized.loss!,
    score: quantized.score!,
    layers: layers.map((row, i) => ({
      name: row.name,
      op: row.op,
      format: formatName(row.format),
      bytes: row.bytes,
      float32Bytes: row.float32Bytes,
      weights: decibels(row.weightSqnr),
      result: decibels(row.sqnr),
      saturated: row.saturated,
      loss: row.alone.loss!,
      score: row.alone.score!,
      chance: chances[i] ?? null,
      outputs: decibels(row.alone.sqnr),
    })),
  };
}

/** A form that got bits back where that helps on the validation samples. */
function repairedOf(
  format: LedgerFormat,
  network: Network,
  { real, quantized }: Ledger,
  { teacher, validation, test, isClassification }: Judging,
): Ledgers['repaired'][number] {
  const until = isClassification ? { accuracy: LOST } : { r2: LOST };
  const { network: mended, steps, bytes, excess } = repair(teacher, network, { ...validation, share: SHARE, until });
  return {
    format,
    bytes,
    lost: {
      before: real.score! - quantized.score!,
      after: real.score! - ledger(teacher, mended, test).quantized.score!,
    },
    isEnough: excess.length === 0,
    steps: steps.map(({ layer, from, to, bytes: size }) => ({
      layer,
      from: formatName(from),
      to: formatName(to),
      bytes: size,
    })),
  };
}

/** A format for each layer within so many bytes, chosen on the validation samples. */
function mixedOf(bytes: number, { teacher, validation, test }: Judging): Ledgers['mixed'] {
  const choice = mixedPrecision(teacher, { ...validation, budget: { bytes } });
  const { quantized } = ledger(teacher, choice.network, test);
  return {
    budget: bytes,
    bytes: choice.bytes,
    loss: quantized.loss!,
    score: quantized.score!,
    layers: choice.layers.map(({ name, format }) => ({ name, format: formatName(format) })),
  };
}
