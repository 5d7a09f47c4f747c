import { checkCount, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { aligned, short } from '../base/text.ts';
import { latencies } from '../compress/latency.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import { valuesOf } from '../graph/check.ts';
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

/**
 * A format for every layer, and why. As a string it is a table.
 *
 * @example
 * const formats = ['float32', 'int8', 'int4'] as const;
 * const choice = mixedPrecision(model, { budget: { bytes: 1250 }, samples: [x, y], formats });
 * choice.layers.map(({ name, format }) => `${name}: ${format.weights.type}`); // [ 'dense: int8', 'dense_1: int4' ]
 * const table = String(choice); // with the harm of each format in each layer
 */
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
 * is the x of `samples` if it is not given, nor ranges are. Throws StateError, with the least that was found, for a budget that
 * neither such a choice meets nor one format for all layers.
 *
 * @example
 * const { bytes, network } = mixedPrecision(model, { budget: { bytes: 1250 }, samples: [x, y] });
 * bytes <= 1250; // true
 * encodeNetwork(network).length === bytes; // true
 * mixedPrecision(model, { budget: { bytes: 500 }, samples: [x, y] }); // throws StateError
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
  const costs = isTime ? costsOfTime(judge, layers, budget) : costsOfBytes(judge, layers, budget as { bytes: number });
  const table = tableOf(op, judge, layers, forms, by, costs, isTime);
  const make = (taken: Taken): QuantizedNetwork =>
    quantizedIn(
      subject,
      layers,
      new Map(table.map(({ name, options: own }, i) => [name, own[taken[i]!]!.format])),
      told,
      judge.xs,
    );
  const { network, taken, cost } = fitted(op, table, forms, costs, make);
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

/** Of a layer all that it takes in a file: its tensors, their places in the header, and the records of its nodes. */
function costsOfBytes(
  { network: real }: Judge,
  layers: ReadonlyMap<string, readonly Node[]>,
  { bytes }: { readonly bytes: number },
): Costs {
  return {
    unit: 'bytes',
    most: bytes,
    of: (network) => encodeNetwork(network).length,
    ofLayers: (forms) =>
      [...layers].map(([name, nodes]) => {
        const own = new Set(nodes.map((node) => node.name));
        return forms.map(({ network, layers: able }) =>
          able.has(name) ? fileOf(withOnly(real, network, own).graph, real).length : NaN,
        );
      }),
  };
}

/** The file of what a network has besides the nodes of another, which are its inputs. */
function fileOf(graph: Graph<Stored>, other: Graph<Stored>): Uint8Array {
  const nodes = graph.nodes.filter((node) => !other.nodes.includes(node));
  const values = valuesOf(graph);
  const made = new Set(nodes.map(({ name }) => name));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const inputs = [...read].filter((name) => !made.has(name));
  const keys = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
  return encodeNetwork({
    inputs: inputs.map((name) => ({ name, shape: values.get(name)!.shape, dtype: values.get(name)!.dtype })),
    nodes,
    outputs: [...made].filter((name) => !read.has(name)),
    weights: new Map([...graph.weights].filter(([key]) => keys.has(key))),
  });
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
    const ways: Way[] = [];
    const options = forms.flatMap(({ format, layers: able, network }, f): LayerOption[] => {
      if (!able.has(name)) return [];
      const alone = judge.of(withOnly(judge.network, network, names).graph);
      const added = harmOf(alone, by) - harmOf(judge.verdict, by);
      const harm = Number.isNaN(added) ? Infinity : Math.max(0, added);
      const cost = found[i]![f]!;
      const option = { format, bytes: bytesIn(network, nodes), milliseconds: isTime ? cost : null, harm };
      ways.push({ cost, harm });
      return [option];
    });
    if (options.length === 0)
      throw new StateError(op, `layer "${name}" can have none of the formats: add float32 or int8`);
    return { name, options, ways };
  });
}

/** A network of choices, as it is. */
interface Whole {
  readonly network: QuantizedNetwork;
  readonly taken: Taken;
  readonly cost: number;
}

/** Choices that are made again until the network itself, and not the sum of its parts, is within the budget. */
function fitted(
  op: string,
  table: readonly Row[],
  forms: readonly Form[],
  { unit, most, of }: Costs,
  make: (taken: Taken) => QuantizedNetwork,
): Whole {
  const things = table.map(({ ways }) => ways);
  const made = (taken: Taken, network = make(taken)): Whole => ({ network, taken, cost: of(network) });
  const end = made(cheapest(things));
  /** What the whole costs besides its parts, as far as is known. */
  let besides = end.cost - costOf(things, end.taken);
  for (let taken = withinBudget(things, most - besides); taken !== null; taken = withinBudget(things, most - besides)) {
    const whole = made(taken);
    if (whole.cost <= most) return whole;
    // At least a little more than before, so that this ends
    besides = Math.max(besides + (whole.cost - most), whole.cost - costOf(things, taken));
  }
  // Layers in one format may cost less together than the sum of their parts says
  const uniform = forms.flatMap(({ format, network }): Whole[] => {
    const taken = table.map(({ options }) => options.findIndex((option) => option.format === format));
    return taken.includes(-1) ? [] : [made(taken, network)];
  });
  const least = [end, ...uniform].reduce((best, whole) => (whole.cost < best.cost ? whole : best));
  if (least.cost <= most) return least;
  const cost = unit === 'bytes' ? String(least.cost) : least.cost.toPrecision(3);
  throw new StateError(
    op,
    `the budget of ${most} ${unit} cannot be met: the least that was found is ${cost}, with ${table
      .map(({ name, options }, i) => `${name} in ${formatText(options[least.taken[i]!]!.format)}`)
      .join(', ')}. Give formats of fewer bits, or prune first`,
  );
}
