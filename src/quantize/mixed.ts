import { checkCount, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { aligned } from '../compress/explain.ts';
import { latencies } from '../compress/measure.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { encodeNetwork } from '../io/network-file.ts';
import { storedBytes } from '../io/weight-tensors.ts';
import type { Model } from '../nn/model.ts';
import { withOnly } from './alone.ts';
import { type LayerFormat, type LayerFormatChoice, layerFormat } from './formats.ts';
import { harmOf, Judge, type JudgedSamples, type JudgeOptions, type MeasureBy, measureByOf } from './judge.ts';
import { cheapest, costOf, type Taken, type Way, withinBudget } from './knapsack.ts';
import { formatText, layersOf, weightsIn } from './layer-formats.ts';
import { canBe } from './layers.ts';
import { quantizedIn, type Told } from './requantize.ts';
import { short } from './texts.ts';

/** At most: bytes of the whole file, or milliseconds of a call with `batchSize` samples (default 1) on this machine. */
export type PrecisionBudget =
  | { readonly bytes: number }
  | { readonly milliseconds: number; readonly batchSize?: number };

export interface MixedPrecisionOptions extends JudgeOptions, Told {
  readonly budget: PrecisionBudget;
  /** What harm is measured on, as for `ledger`. Default the inputs of `calibration`. */
  readonly samples?: JudgedSamples;
  /** What each layer may be. Default float32, float16, int8, int4 and ternary for bytes; float32, static and dynamic for time. */
  readonly formats?: readonly LayerFormatChoice[];
  /** Harm is what a layer alone adds to the loss, or to the noise in the outputs. Default the loss where there is one. */
  readonly measureBy?: MeasureBy;
}

/** A format that a layer may have. */
export interface LayerOption {
  readonly format: LayerFormat;
  /** Bytes of the layer's weights in a file. */
  readonly bytes: number;
  /** Milliseconds that the network takes longer with it than with the layer in float32, less than 0 if shorter; null for a budget of bytes. */
  readonly milliseconds: number | null;
  /** Added to the loss, or to the share of noise in the outputs, by this layer alone. */
  readonly harm: number;
}

/** A format for every layer, and why. As a string it is a table. */
export class PrecisionChoice {
  readonly network: QuantizedNetwork;
  readonly layers: readonly {
    readonly name: string;
    readonly format: LayerFormat;
    readonly options: readonly LayerOption[];
  }[];
  readonly measureBy: MeasureBy;
  /** Of the network's file. */
  readonly bytes: number;
  /** Of a call of the network, as it was measured; null for a budget of bytes. */
  readonly milliseconds: number | null;

  constructor(choice: Omit<PrecisionChoice, 'toString'>) {
    this.network = choice.network;
    this.layers = choice.layers;
    this.measureBy = choice.measureBy;
    this.bytes = choice.bytes;
    this.milliseconds = choice.milliseconds;
  }

  toString(): string {
    const harm = this.measureBy === 'loss' ? 'loss added alone' : 'share of noise alone';
    const rows = this.layers.map(({ name, format, options }) => {
      const text = formatText(format);
      const own = options.find((option) => formatText(option.format) === text)!;
      const others = options
        .filter((option) => option !== own)
        .map((option) => `${formatText(option.format)} ${short(option.harm)}`);
      return [name, text, String(own.bytes), short(own.harm), others.join(', ')];
    });
    const time = this.milliseconds === null ? '' : `, ${this.milliseconds.toPrecision(3)} ms a call`;
    return [
      `Formats of ${rows.length} layers: ${this.bytes} bytes${time}`,
      ...aligned([['layer', 'format', 'bytes', harm, 'of others'], ...rows]),
    ].join('\n');
  }
}

const FOR_BYTES: readonly LayerFormatChoice[] = ['float32', 'float16', 'int8', 'int4', 'ternary'];
const FOR_TIME: readonly LayerFormatChoice[] = ['float32', 'static', 'dynamic'];

/** What costs are, and how they are found. */
interface Costs {
  readonly unit: string;
  readonly most: number;
  /** Of a network as it is. */
  readonly of: (network: Graph<Stored>) => number;
  /** What the layers add, by layer and by format; of the format that a layer cannot have NaN. */
  readonly ofLayers: (forms: readonly Form[]) => readonly (readonly number[])[];
}

/** A network with all layers in one format that can have it. */
interface Form {
  readonly format: LayerFormat;
  readonly layers: ReadonlySet<string>;
  readonly network: QuantizedNetwork;
}

/**
 * Chooses a format for each layer so that a network stays within a budget at the least harm. Each layer is quantized alone in
 * each format, which says what that adds to the loss, or to the noise in the outputs; harms are taken to add up, which holds
 * for noise that is small and independent. Then the least harm in all within the budget is found by greedy steps
 * (`withinBudget`), and the network is made and measured as it is: bytes are those of its file, and milliseconds those of its
 * program. Where it costs more than its parts were thought to, the choice is made again with what that came to. `calibration`
 * is the x of `samples` if it is not given, nor ranges are. Throws StateError, with the least that can be, for a budget that
 * cannot be met.
 */
export function mixedPrecision(subject: Model | Graph<Stored>, options: MixedPrecisionOptions): PrecisionChoice {
  const op = 'mixedPrecision';
  checkOptions(op, options, 'budget calibration samples formats measureBy ranges rule loss outputs');
  const { budget, calibration, samples, formats: choices, measureBy, ranges, rule, ...rest } = options;
  const isTime = checkBudget(op, budget);
  const formats = formatsOf(op, choices ?? (isTime ? FOR_TIME : FOR_BYTES));
  const data = samples ?? (calibration === undefined ? undefined : ([calibration] as const));
  const judge = new Judge(op, subject, data as JudgedSamples, rest);
  const by = measureByOf(op, measureBy, judge);
  const layers = layersOf(judge.network);
  if (layers.size === 0) throw new StateError(op, 'the network has no layer with weights: there is nothing to choose');
  const told = { calibration, ranges, rule };
  const forms = formats.map((format) => {
    const able = new Set([...layers].filter(([, [node]]) => canBe(node!, format)).map(([name]) => name));
    const own = new Map([...able].map((name) => [name, format]));
    return { format, layers: able, network: quantizedIn(subject, layers, own, told, judge.xs) };
  });
  const costs = isTime ? costsOfTime(judge, layers, budget) : costsOfBytes(layers, budget as { bytes: number });
  const table = tableOf(op, judge, layers, forms, by, costs, isTime);
  const make = (taken: Taken): QuantizedNetwork =>
    quantizedIn(
      subject,
      layers,
      new Map(table.map(({ name, options: own }, i) => [name, own[taken[i]!]!.format])),
      told,
      judge.xs,
    );
  const { network, taken, cost } = fitted(op, table, costs, make);
  return new PrecisionChoice({
    network,
    layers: table.map(({ name, options: own }, i) => ({ name, format: own[taken[i]!]!.format, options: own })),
    measureBy: by,
    bytes: isTime ? encodeNetwork(network).length : cost,
    milliseconds: isTime ? cost : null,
  });
}

/** Whether the budget is one of time. */
function checkBudget(
  op: string,
  budget: PrecisionBudget,
): budget is Extract<PrecisionBudget, { milliseconds: number }> {
  const wanted = '{ bytes } or { milliseconds, batchSize }';
  if (typeof budget !== 'object' || budget === null || Array.isArray(budget))
    throw new ValueError(op, 'budget', wanted, budget);
  if ('bytes' in budget) {
    checkOptions(op, budget, 'bytes');
    checkCount(op, 'bytes of budget', budget.bytes);
    return false;
  }
  checkOptions(op, budget, 'milliseconds batchSize');
  const { milliseconds, batchSize = 1 } = budget;
  if (!(typeof milliseconds === 'number' && milliseconds > 0))
    throw new ValueError(op, 'milliseconds of budget', 'above 0', milliseconds);
  checkCount(op, 'batchSize of budget', batchSize);
  return true;
}

/** Each once. */
export function formatsOf(op: string, choices: readonly LayerFormatChoice[]): LayerFormat[] {
  if (!Array.isArray(choices) || choices.length === 0)
    throw new ValueError(op, 'formats', 'a list of at least one format', choices);
  const formats = choices.map((choice, i) => layerFormat(op, `formats[${i}]`, choice));
  return [...new Map(formats.map((format) => [formatText(format), format])).values()];
}

function costsOfBytes(layers: ReadonlyMap<string, readonly Node[]>, { bytes }: { readonly bytes: number }): Costs {
  return {
    unit: 'bytes',
    most: bytes,
    of: (network) => encodeNetwork(network).length,
    ofLayers: (forms) => [...layers].map(([, nodes]) => forms.map(({ network }) => bytesIn(network, nodes))),
  };
}

const bytesIn = (network: Graph<Stored>, nodes: readonly Node[]): number => {
  const names = new Set(nodes.map(({ name }) => name));
  const twins = network.nodes.filter(({ name }) => names.has(name));
  return weightsIn(network, twins).reduce((sum, weight) => sum + storedBytes(weight), 0);
};

/**
 * What a layer gains by a format is measured at both ends, since a layer between others in its format need not convert: the
 * real network against that with this layer alone in the format, and the network all in the format against that with this
 * layer real; the mean of both counts.
 */
function costsOfTime(
  { network: real }: Judge,
  layers: ReadonlyMap<string, readonly Node[]>,
  { milliseconds, batchSize = 1 }: { readonly milliseconds: number; readonly batchSize?: number },
): Costs {
  const times = (networks: readonly Graph<Stored>[]): number[] => latencies(networks, { batchSize, rounds: 15 });
  return {
    unit: 'milliseconds',
    most: milliseconds,
    of: (network) => times([network])[0]!,
    ofLayers(forms) {
      const every = new Set([...layers.values()].flat().map(({ name }) => name));
      const networks = forms.flatMap(({ network, layers: able }) => {
        const names = [...layers].map(([name, nodes]) =>
          able.has(name) ? new Set(nodes.map((node) => node.name)) : null,
        );
        const alone = names.map((own) => (own === null ? real : withOnly(real, network, own).graph));
        const others = names.map((own) => new Set([...every].filter((name) => own === null || !own.has(name))));
        return [network, ...alone, ...others.map((own) => withOnly(real, network, own).graph)];
      });
      const [base, ...found] = times([real, ...networks]) as [number, ...number[]];
      const each = 1 + 2 * layers.size;
      return [...layers].map((_, i) =>
        forms.map((__, f) => {
          const at = f * each;
          const aloneGain = base - found[at + 1 + i]!;
          const lastGain = found[at + 1 + layers.size + i]! - found[at]!;
          return -(aloneGain + lastGain) / 2;
        }),
      );
    },
  };
}

interface Row {
  readonly name: string;
  readonly options: readonly LayerOption[];
  readonly ways: readonly Way[];
}

/** What each layer may be, with harm and cost. */
function tableOf(
  op: string,
  judge: Judge,
  layers: ReadonlyMap<string, readonly Node[]>,
  forms: readonly Form[],
  by: MeasureBy,
  costs: Costs,
  isTime: boolean,
): Row[] {
  const found = costs.ofLayers(forms);
  return [...layers].map(([name, nodes], i) => {
    const names = new Set(nodes.map((node) => node.name));
    const options = forms.flatMap(({ format, layers: able, network }, f): LayerOption[] => {
      if (!able.has(name)) return [];
      const alone = judge.of(withOnly(judge.network, network, names).graph);
      const harm = Math.max(0, harmOf(alone, by) - harmOf(judge.verdict, by));
      const bytes = bytesIn(network, nodes);
      return [
        { format, bytes, milliseconds: isTime ? found[i]![f]! : null, harm: Number.isNaN(harm) ? Infinity : harm },
      ];
    });
    if (options.length === 0)
      throw new StateError(op, `layer "${name}" can have none of the formats: add float32 or int8`);
    const ways = options.map(({ bytes, milliseconds, harm }) => ({ cost: milliseconds ?? bytes, harm }));
    return { name, options, ways };
  });
}

/** Choices that are made again until the network itself, and not the sum of its parts, is within the budget. */
function fitted(
  op: string,
  table: readonly Row[],
  { unit, most, of }: Costs,
  make: (taken: Taken) => QuantizedNetwork,
): { readonly network: QuantizedNetwork; readonly taken: Taken; readonly cost: number } {
  const things = table.map(({ ways }) => ways);
  const least = cheapest(things);
  const made = (taken: Taken) => {
    const network = make(taken);
    return { network, taken, cost: of(network) };
  };
  const end = made(least);
  /** What the whole costs besides its parts, as far as is known. */
  let besides = end.cost - costOf(things, least);
  for (let taken = withinBudget(things, most - besides); taken !== null; taken = withinBudget(things, most - besides)) {
    const whole = made(taken);
    if (whole.cost <= most) return whole;
    // At least a little more than before, so that this ends
    besides = Math.max(besides + (whole.cost - most), whole.cost - costOf(things, taken));
  }
  if (end.cost <= most) return end;
  const least1 = unit === 'bytes' ? String(end.cost) : end.cost.toPrecision(3);
  throw new StateError(
    op,
    `the budget of ${most} ${unit} cannot be met: the least is ${least1}, with ${table
      .map(({ name, options }, i) => `${name} in ${formatText(options[least[i]!]!.format)}`)
      .join(', ')}. Give formats of fewer bits, or prune first`,
  );
}
