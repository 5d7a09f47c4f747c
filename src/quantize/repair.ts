import { StateError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { aligned, short } from '../base/text.ts';
import { damage } from '../compress/damage.ts';
import type { DamageReport } from '../compress/damage-report.ts';
import { checkMaxDamage, type Excess, excessOf, excessText, type MaxDamage } from '../compress/limit.ts';
import { checkPair } from '../compress/observe.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { encodeNetwork } from '../io/network-file.ts';
import type { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';
import { checkForms, quantizedOf } from './alone.ts';
import { isRuled } from './assemble.ts';
import { bitsOf } from './encode.ts';
import type { LayerFormat, LayerFormatChoice } from './formats.ts';
import { harmOf, Judge, type JudgeOptions, type MeasureBy, measureByOf } from './judge.ts';
import { formatIn, formatText, layersOf } from './layer-formats.ts';
import { canBe } from './layers.ts';
import { formatsOf } from './mixed.ts';
import { quantizedIn, type Told } from './requantize.ts';

export interface RepairOptions extends JudgeOptions, Told {
  /** What the damage is measured on, [x, y]: samples that the network was not trained on. */
  readonly samples: SampleLists;
  /** Share of the file that may be added, from 0 to 10. Default 0.1. */
  readonly share?: number;
  /** The formats that layers may move up to. Default int4 with groups of 16, int8, float16 and float32. */
  readonly formats?: readonly LayerFormatChoice[];
  /** When it is enough. Default a hundredth of accuracy lost, of outputs of numbers a hundredth of R². */
  readonly until?: MaxDamage;
  /** What a step is judged by. Default the loss where there is one, else the noise in the outputs. */
  readonly measureBy?: MeasureBy;
}

/** A layer that was given bits back. */
export interface RepairStep {
  readonly layer: string;
  readonly from: LayerFormat;
  readonly to: LayerFormat;
  /** Of the whole file, after the step. */
  readonly bytes: number;
  /** Loss, or share of the outputs' power that is noise, before the step and after. */
  readonly before: number;
  readonly after: number;
}

/**
 * What was repaired, and what it bought. As a string it is a table of the steps.
 *
 * @example
 * const chain = new Sequential([new Dense(16, { activation: 'relu', inputShape: [4] }), new Dense(1)], { seed: 1 });
 * const samples = [x, chain.predict(x)] as const;
 * const { damage, excess } = repair(chain, quantize(chain, { format: 'int4' }), { samples });
 * const [before, after] = [damage.before, damage.after].map(String); // what was lost, and what is still
 * excess; // []
 */
export class Repair {
  readonly network: QuantizedNetwork;
  readonly steps: readonly RepairStep[];
  readonly measureBy: MeasureBy;
  /** Of the file: as it was, as it is, and what it may be. */
  readonly bytes: { readonly before: number; readonly after: number; readonly most: number };
  readonly damage: { readonly before: DamageReport; readonly after: DamageReport };
  /** The limits that are broken still; none where it was enough. */
  readonly excess: readonly Excess[];

  constructor(repair: Omit<Repair, 'toString'>) {
    this.network = repair.network;
    this.steps = repair.steps;
    this.measureBy = repair.measureBy;
    this.bytes = repair.bytes;
    this.damage = repair.damage;
    this.excess = repair.excess;
  }

  toString(): string {
    const { before, after, most } = this.bytes;
    const what = this.measureBy === 'loss' ? 'loss' : 'share of noise';
    const rows = this.steps.map(({ layer, from, to, bytes, before: was, after: is }) => [
      layer,
      formatText(from),
      formatText(to),
      String(bytes),
      `${short(was)} to ${short(is)}`,
    ]);
    const end = this.excess.map((excess) => `still ${excessText(excess)}`);
    return [
      `${before} bytes became ${after} of ${most} allowed, in ${rows.length} ${rows.length === 1 ? 'step' : 'steps'}`,
      ...(rows.length === 0 ? [] : aligned([['layer', 'from', 'to', 'bytes', what], ...rows])),
      ...end,
    ].join('\n');
  }
}

/** What is larger is more likely meant as a number of bytes. */
const MOST_SHARE = 10;

const LADDER: readonly LayerFormatChoice[] = [{ weights: { type: 'int4', group: 16 } }, 'int8', 'float16', 'float32'];

/**
 * Gives bits back to a quantized network where a byte buys most. In each step every layer is tried in every format above its
 * own, in the whole network as it is then, and the one is taken that lowers the loss, or the noise in the outputs, most for
 * the bytes it adds to the file; until the damage is within a limit, no step helps, or the bytes are spent. Where the limit
 * was not reached, the result is as it was when it was passed least: a loss may fall and answers be lost. `subject` is what
 * the network was made of: layers that get bits back are quantized from it, after which they need after-care again. All others
 * keep their weights, biases and formats to the bit, with what was done to them since; a static layer does while the value that
 * it reads keeps its format, which one that is read with another layer's kernel need not, and while features are scaled as they
 * were, by the same `calibration`. That, which static and fixed layers need, is the x of `samples` if it is not given, nor ranges are.
 *
 * @example
 * const chain = new Sequential([new Dense(16, { activation: 'relu', inputShape: [4] }), new Dense(1)], { seed: 1 });
 * const int4 = quantize(chain, { format: 'int4' });
 * const { steps, network } = repair(chain, int4, { samples: [x, chain.predict(x)], share: 0.2 });
 * steps.map(({ layer, to }) => `${layer}: ${to.weights.type}`); // [ 'dense_1: int8', 'dense: int8' ]
 */
export function repair(subject: Model | Graph<Stored>, quantized: Graph<Stored>, options: RepairOptions): Repair {
  const op = 'repair';
  checkOptions(op, options, 'samples share formats until measureBy calibration ranges rule loss outputs');
  const {
    samples,
    share = 0.1,
    formats: choices = LADDER,
    until,
    measureBy,
    calibration,
    ranges,
    rule,
    ...rest
  } = options;
  checkPair(op, samples);
  if (!(typeof share === 'number' && share >= 0 && share <= MOST_SHARE))
    throw new ValueError(op, 'share', `a share of the file from 0 to ${MOST_SHARE}, as 0.1`, share);
  const ladder = formatsOf(op, choices);
  if (until !== undefined) checkMaxDamage(op, until);
  const given = quantizedOf(op, subject, quantized);
  const judge = new Judge(op, subject, samples, rest);
  const by = measureByOf(op, measureBy, judge);
  checkForms(op, judge.network, given);
  const told = { calibration, ranges, rule: rule ?? ruleOf(given) };
  const layers = layersOf(judge.network);
  if (layers.size === 0) throw new StateError(op, 'the network has no layer with weights: there is nothing to repair');
  const meant = { ...defined({ outputs: rest.outputs }), resamples: RESAMPLES };
  const damageOf = (network: Graph<Stored>): DamageReport => damage(subject, network, samples, meant);
  const stateOf = (network: QuantizedNetwork): State => {
    return { network, bytes: encodeNetwork(network).length, harm: harmOf(judge.of(network), by) };
  };
  const first = stateOf(quantized instanceof QuantizedNetwork ? quantized : new QuantizedNetwork(given, []));
  const most = Math.floor(first.bytes * (1 + share));
  const before = damageOf(first.network);
  const limit = until ?? usualLimit(before);
  const formats = new Map([...layers].map(([name, [node]]) => [name, formatIn(op, given, twinOf(given, node!))]));
  const start: Stage = { ...first, steps: [], report: before, excess: excessOf(op, before, limit) };
  const stages = [start];
  const changedIn = (now: Stage, layer: string): ReadonlySet<string> =>
    new Set([layer, ...now.steps.map((step) => step.layer)]);
  for (let now = start; now.excess.length > 0; ) {
    const step = bestStep(now, layers, formats, ladder, most, (changed, layer) =>
      stateOf(quantizedIn(subject, layers, changed, told, judge.xs, { network: given, anew: changedIn(now, layer) })),
    );
    if (step === null) break;
    const { layer, to, state } = step;
    const taken = { layer, from: formats.get(layer)!, to, bytes: state.bytes, before: now.harm, after: state.harm };
    formats.set(layer, to);
    const report = damageOf(state.network);
    now = { ...state, steps: [...now.steps, taken], report, excess: excessOf(op, report, limit) };
    stages.push(now);
  }
  const end = stages.reduce((best, stage) => (beyond(stage) < beyond(best) ? stage : best));
  return new Repair({
    network: end.network,
    steps: end.steps,
    measureBy: by,
    bytes: { before: first.bytes, after: end.bytes, most },
    damage: { before, after: end.report },
    excess: end.excess,
  });
}

/** How far all limits together are passed. */
const beyond = ({ excess }: Stage): number => excess.reduce((sum, { found, allowed }) => sum + found - allowed, 0);

/** Of the intervals of outputs of numbers, which nobody reads here but a limit that is judged by them. */
const RESAMPLES = 200;

const twinOf = (graph: Graph<Stored>, { name }: Node): Node => graph.nodes.find((node) => node.name === name)!;

const ruleOf = ({ nodes }: Graph<Stored>): 'multiplier' | undefined =>
  nodes.some((node) => isRuled(node) && 'rule' in node.attrs && node.attrs.rule === 'multiplier')
    ? 'multiplier'
    : undefined;

/** A hundredth of what the outputs are judged by. */
const usualLimit = ({ outputs }: DamageReport): MaxDamage => ({
  ...(outputs.some(({ kind }) => kind !== 'numbers') && { accuracy: 0.01 }),
  ...(outputs.some(({ kind }) => kind === 'numbers') && { r2: 0.01 }),
});

interface State {
  readonly network: QuantizedNetwork;
  readonly bytes: number;
  readonly harm: number;
}

/** What was reached after some steps. */
interface Stage extends State {
  readonly steps: readonly RepairStep[];
  readonly report: DamageReport;
  readonly excess: readonly Excess[];
}

interface Step {
  readonly layer: string;
  readonly to: LayerFormat;
  readonly state: State;
}

/** The step that takes away most harm for a byte, of those that fit; one that costs none before all others. Null where none helps. */
function bestStep(
  now: State,
  layers: ReadonlyMap<string, readonly Node[]>,
  formats: ReadonlyMap<string, LayerFormat>,
  ladder: readonly LayerFormat[],
  most: number,
  tried: (formats: ReadonlyMap<string, LayerFormat>, layer: string) => State,
): Step | null {
  let best: { step: Step; worth: number; gain: number } | null = null;
  for (const [layer, [node]] of layers)
    for (const to of ladder) {
      if (!canBe(node!, to) || !isFiner(to, formats.get(layer)!)) continue;
      const state = tried(new Map([...formats, [layer, to]]), layer);
      const gain = gained(now.harm, state.harm);
      if (state.bytes > most || !(gain > 0)) continue;
      const worth = gain / Math.max(0, state.bytes - now.bytes);
      if (best === null || worth > best.worth || (worth === best.worth && gain > best.gain))
        best = { step: { layer, to, state }, worth, gain };
    }
  return best?.step ?? null;
}

/** What is no number is worse than any. */
const gained = (before: number, after: number): number =>
  Number.isNaN(before) && !Number.isNaN(after) ? Infinity : before - after;

/** Whether a format has more bits than another, or as many in smaller groups, or real numbers to multiply them with. */
function isFiner(to: LayerFormat, from: LayerFormat): boolean {
  const more = bitsOf(to.weights) - bitsOf(from.weights);
  if (more !== 0) return more > 0;
  const rows = ({ weights: { group } }: LayerFormat): number => (typeof group === 'number' ? group : Infinity);
  return (to.values === 'real' && from.values !== 'real') || (to.values === from.values && rows(to) < rows(from));
}
