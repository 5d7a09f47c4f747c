import {
  type LayerFormat,
  type LayerFormatChoice,
  type Ledger,
  type LedgerOptions,
  ledger,
  mixedPrecision,
  type Network,
  quantize,
  type Repair,
  type RepairOptions,
  repair,
  type Samples,
} from 'whittle-ml';
import { takeRows } from 'whittle-ml/data';
import { ledgerFindings } from './findings-ledger.ts';
import type { Tested } from './mistakes.ts';
import type { FormName, LedgerFormat, Ledgers } from './types.ts';

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

/** What everything is judged by. */
type Told = Pick<RepairOptions, 'samples'> & Pick<LedgerOptions, 'loss' | 'outputs'>;

/** Which layer of the teacher loses what in int8, which is the form of the job, and in fewer bits; of the first seed. */
export function ledgersOf({ forms, test }: Tested, isClassification: boolean): Ledgers {
  const networkOf = (name: FormName): Network => forms.find((form) => form.name === name)!.network;
  const teacher = networkOf('teacher');
  const samples = firstOf(test);
  const told: Told = isClassification
    ? { samples, loss: 'sparseCategoricalCrossentropy', outputs: { coding: 'classes', scale: 'probabilities' } }
    : { samples, loss: 'mse', outputs: { coding: 'numbers', scale: 'reals' } };
  const until = isClassification ? { accuracy: LOST } : { r2: LOST };
  const networks = FORMATS.map((format) =>
    format === 'int8' ? networkOf('int8') : quantize(teacher, { format: LAYERS[format] }),
  );
  const ledgers = networks.map((network) => ledger(teacher, network, told));
  const [first] = ledgers as [Ledger];
  const isSmall = first.layers.length <= MOST_CHANGED;
  const bytesOf = (format: LedgerFormat): number => ledgers[FORMATS.indexOf(format)]!.bytes;
  const halfWay = Math.round((bytesOf('int4') + bytesOf('ternary')) / 2);
  const result = {
    samples: first.samples,
    loss: isClassification ? 'cross-entropy' : 'mean squared error',
    real: { loss: first.real.loss!, score: first.real.score! },
    forms: FORMATS.map((format, i) => formOf(format, ledgers[i]!)),
    repaired: !isSmall
      ? []
      : FORMATS.flatMap((format, i) =>
          format === 'int8'
            ? []
            : [repairedOf(format, repair(teacher, networks[i]!, { ...told, share: SHARE, until }))],
        ),
    mixed: isSmall ? mixedOf(teacher, halfWay, told) : null,
  };
  return { ...result, findings: ledgerFindings(result) };
}

/** The first samples, no more than needed. */
function firstOf([x, y]: Samples): Samples {
  const count = Math.min(MOST_SAMPLES, x.shape[0]!);
  const rows = Array.from({ length: count }, (_, i) => i);
  return [takeRows(x, rows), takeRows(y, rows)];
}

/** JSON has no infinite numbers: null where nothing differs. */
const decibels = (x: number): number | null => (x === Number.POSITIVE_INFINITY ? null : x);

function formOf(format: LedgerFormat, { layers, quantized, bytes }: Ledger): Ledgers['forms'][number] {
  return {
    format,
    bytes,
    loss: quantized.loss!,
    score: quantized.score!,
    layers: layers.map((row) => ({
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
      outputs: decibels(row.alone.sqnr),
    })),
  };
}

function repairedOf(format: LedgerFormat, { steps, bytes, damage, excess }: Repair): Ledgers['repaired'][number] {
  const [before, after] = [damage.before, damage.after].map(({ outputs: [output] }) =>
    output!.kind === 'numbers' ? (output!.r2.lost?.lost ?? Number.NaN) : output!.accuracy.lost.lost,
  ) as [number, number];
  return {
    format,
    bytes,
    lost: { before, after },
    isEnough: excess.length === 0,
    steps: steps.map(({ layer, from, to, bytes: size }) => ({
      layer,
      from: formatName(from),
      to: formatName(to),
      bytes: size,
    })),
  };
}

/** A format for each layer within so many bytes. */
function mixedOf(teacher: Network, bytes: number, told: Told): Ledgers['mixed'] {
  const choice = mixedPrecision(teacher, { ...told, budget: { bytes } });
  const { quantized } = ledger(teacher, choice.network, told);
  return {
    budget: bytes,
    bytes: choice.bytes,
    loss: quantized.loss!,
    score: quantized.score!,
    layers: choice.layers.map(({ name, format }) => ({ name, format: formatName(format) })),
  };
}
