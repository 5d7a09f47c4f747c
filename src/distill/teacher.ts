import { mul, neg, sub } from '../autograd/arithmetic.ts';
import { softplus } from '../autograd/elementwise.ts';
import { slice, stack } from '../autograd/movement.ts';
import { logSoftmax, logSumExp, mean } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import { remade } from '../compress/clone.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { batchesThrough } from '../compress/measure.ts';
import { inputsFor } from '../compress/observe.ts';
import { heldNetworkOf } from '../compress/passes.ts';
import type { ActivationName } from '../graph/activation.ts';
import { floatsOf, valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { activationBefore, namesOf, withoutUnread } from '../graph/rewrite.ts';
import { tapped, withLogits } from '../graph/taps.ts';
import { step } from '../memory/arena.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { averagedChances, averagedIn } from '../nn/averages.ts';
import { meant } from '../nn/heads.ts';
import { programOf } from '../nn/inference.ts';
import { Model } from '../nn/model.ts';
import { fromNetwork, storedGraph } from '../nn/network.ts';
import type { Outputs } from '../nn/outputs.ts';
import { batchesOf, listOf, type Tensors } from '../nn/samples.ts';
import { empty, fromData, type Tensor } from '../tensor/tensor.ts';

/** A model, or a network in any encoding: from a file, pruned, quantized. */
export type Teacher = Model | Graph<Stored>;

/** How an output is taught. */
export type Kind = 'softmax' | 'sigmoid' | 'regression';

/** How the answers of an ensemble become one. */
export type Ensemble = 'probabilities' | 'logits';

/** Samples that a teacher answers at once. */
const BATCH = 256;

/** A network that is asked for values of its own. */
export class Member {
  readonly graph: Graph<Stored>;
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  private readonly shapes: ReadonlyMap<string, { readonly shape: Shape }>;
  private readonly subject: Teacher;
  private readonly op: string;
  private readonly known: readonly Outputs[] | undefined;

  constructor(op: string, subject: Teacher, called = 'teacher') {
    this.op = op;
    this.subject = subject;
    this.graph = heldNetworkOf(op, subject, storedGraph, called);
    this.shapes = valuesOf(this.graph);
    this.inputShapes = this.graph.inputs.map(({ shape }) => shape);
    this.outputShapes = this.graph.outputs.map((name) => this.shapes.get(name)!.shape);
    this.known = outputsKnown(subject);
  }

  lastActivation(output: number): ActivationName {
    return activationBefore(this.graph, this.graph.outputs[output]!, false).name;
  }

  /** How an output is meant: as the compiled model says, or its last activation. */
  meaning(output: number): Outputs {
    const width = this.outputShapes[output]!.at(-1) ?? 1;
    return this.known?.[output] ?? meant(null, this.lastActivation(output), width);
  }

  /**
   * The members of an ensemble that is one network, if it gives a mean of probabilities: such a mean has no logits, theirs are
   * asked. Throws StateError where other outputs of it are no mean, or of another number.
   */
  averaged(): readonly Member[] | null {
    const { graph, op } = this;
    if (graph.outputs.every((name) => averagedChances(graph, name) === null)) return null;
    const parts = graph.outputs.map((name) => averagedIn(graph, name));
    const own = parts[0];
    if (own == null || parts.some((each) => each?.length !== own.length))
      throw new StateError(
        op,
        'some outputs of the teacher are the mean of several networks and some not: give these in a list',
      );
    return own.map((_, i) => new Member(op, withoutUnread({ ...graph, outputs: parts.map((each) => each![i]!) })));
  }

  /** The value of this name, of a node or a layer. Throws ValueError where there is none. */
  value(called: string, name: string): { readonly name: string; readonly shape: Shape } {
    const value = this.shapes.get(name);
    if (value !== undefined) return { name, shape: value.shape };
    const names = namesOf(this.graph);
    throw new ValueError(this.op, called, `one of the values ${names.join(', ')}`, name, didYouMean(name, names));
  }

  /**
   * Shows `see` values on samples, batch by batch: outputs, or with `logits` what these are before their activation, and values
   * by name. The tensors are gone afterwards. By a compiled program, but for models that none computes.
   */
  answers(
    xs: readonly Tensor[],
    { outputs, logits, values }: Asked,
    see: (batch: readonly Tensor[], start: number) => void,
  ): void {
    const inputs = inputsFor('distill', this.graph, xs, 'x');
    let graph = this.graph;
    const wanted = outputs.map((output, i) => {
      const name = this.graph.outputs[output]!;
      if (logits[i] !== true) return name;
      const [next, before] = withLogits(graph, name);
      graph = next;
      return before;
    });
    graph = withoutUnread(tapped(graph, [...wanted, ...values]));
    const size = Math.min(BATCH, inputs[0]!.shape[0]!);
    const program = this.programOf(graph, size);
    if (program === null) {
      const model = this.subject instanceof Model ? remade(this.subject, graph) : fromNetwork(graph);
      for (const [start, count] of batchesOf(inputs[0]!.shape[0]!, size))
        step(() => {
          const part = inputs.map((t) => slice(t, [[start, start + count]]));
          see(
            noGrad(() => listOf(model.forward<Tensors>(part))),
            start,
          );
        });
      return;
    }
    try {
      let start = 0;
      for (const batch of batchesThrough('distill', program, inputs, size)) {
        const count = Math.min(size, inputs[0]!.shape[0]! - start);
        const { outputShapes } = program;
        step(() =>
          see(
            batch.map((values, i) => fromData(values, [count, ...outputShapes[i]!])),
            start,
          ),
        );
        start += count;
      }
    } finally {
      program.dispose();
    }
  }

  /** Null where layers compute it: in float64, with code of the user's own, or with numbers drawn. */
  private programOf(graph: Graph<Stored>, size: number): ReturnType<typeof programOf> | null {
    if (floatsOf(graph) === 'float64') return null;
    try {
      return programOf(graph, size);
    } catch (error) {
      if (this.subject instanceof Model && (error instanceof StateError || error instanceof DTypeError)) return null;
      throw error;
    }
  }
}

/** What a network is asked for. */
export interface Asked {
  /** Numbers of outputs. */
  readonly outputs: readonly number[];
  /** For each of them whether it is wanted before its activation. */
  readonly logits: readonly boolean[];
  /** Names of values. */
  readonly values: readonly string[];
}

/** Throws where the members of an ensemble and the student do not read and say the same. */
export function checkMembers(
  op: string,
  members: readonly Member[],
  student: { readonly inputShapes: readonly Shape[]; readonly outputShapes: readonly Shape[] },
): void {
  const differ = (p: readonly Shape[], q: readonly Shape[]): boolean =>
    p.length !== q.length || p.some((shape, i) => !sameShape(shape, q[i]!));
  for (const { inputShapes, outputShapes } of members) {
    if (differ(inputShapes, student.inputShapes))
      throw new ShapeError(
        op,
        [...inputShapes, ...student.inputShapes],
        'teacher and student must read samples of the same shapes',
      );
    if (differ(outputShapes, student.outputShapes))
      throw new ShapeError(
        op,
        [...outputShapes, ...student.outputShapes],
        'teacher and student must have the same outputs',
      );
  }
}

/** Whether an output of a network is read before its last activation. */
const isLogit = (member: Member, output: number, kind: Kind): boolean =>
  kind === 'softmax'
    ? member.lastActivation(output) === 'softmax'
    : kind === 'sigmoid' && member.lastActivation(output) === 'sigmoid';

interface Query {
  /** How each output is taught; null for one that is not asked for. */
  readonly kinds: readonly (Kind | null)[];
  readonly temperature: number;
  readonly ensemble: Ensemble;
  readonly dtype: FloatDType;
  /** Values of members, with what is kept of them. */
  readonly taps: readonly Tap[];
}

export interface Tap {
  readonly member: number;
  readonly value: string;
  /** Of a sample. */
  readonly kept: Shape;
  readonly keep: (values: Tensor) => Tensor;
}

/**
 * What the members say to samples: for each output the logits (numbers, for regression) [samples, ...], those of an ensemble as
 * one, or null; and what is kept of each tap.
 */
export function answersOf(
  members: readonly Member[],
  xs: readonly Tensor[],
  query: Query,
): { readonly answers: readonly (Tensor | null)[]; readonly kept: readonly Tensor[] } {
  const { kinds, temperature, ensemble, dtype, taps } = query;
  const n = xs[0]!.shape[0]!;
  const outputs = kinds.flatMap((kind, i) => (kind === null ? [] : [i]));
  const shapes = members[0]!.outputShapes;
  const kept = taps.map((tap) => empty([n, ...tap.kept], dtype));
  const write = (to: Tensor, part: Tensor, start: number): void => {
    to.storage.array.set(part.data, (start * to.size) / n);
  };
  const said = members.map((member, number) => {
    const own = outputs.map((output) => empty([n, ...shapes[output]!], dtype));
    const mine = taps.flatMap((tap, i) => (tap.member === number ? [{ ...tap, to: kept[i]! }] : []));
    if (own.length + mine.length === 0) return own;
    const logits = outputs.map((output) => isLogit(member, output, kinds[output]!));
    member.answers(xs, { outputs, logits, values: mine.map(({ value }) => value) }, (batch, start) => {
      own.forEach((to, i) => {
        write(to, batch[i]!, start);
      });
      mine.forEach(({ keep, to }, i) => {
        write(
          to,
          noGrad(() => keep(batch[own.length + i]!)),
          start,
        );
      });
    });
    return own;
  });
  const answers = kinds.map((kind, output) => {
    if (kind === null) return null;
    const all = said.map((own) => own[outputs.indexOf(output)]!);
    if (all.length === 1) return all[0]!;
    const result = empty(all[0]!.shape, dtype);
    for (const [start, count] of batchesOf(n, BATCH))
      step(() => {
        const part = stack(all.map((t) => slice(t, [[start, start + count]])));
        write(
          result,
          noGrad(() => asOne(part, kind, temperature, ensemble)),
          start,
        );
      });
    return result;
  });
  return { answers, kept };
}

/**
 * Answers [members, batch, ...] as those of one. `probabilities`: logits whose softened distribution is the mean of the
 * members' (Hinton et al. 2015, section 1, arithmetic); `logits`: their mean, whose distribution is the geometric mean of the
 * members', divided by its sum. Numbers: their mean.
 */
export function asOne(all: Tensor, kind: Kind, temperature: number, ensemble: Ensemble): Tensor {
  if (kind === 'regression' || ensemble === 'logits') return mean(all, { axis: 0 });
  const z = mul(all, 1 / temperature);
  // Of a softmax logits count less any number; of a sigmoid they are log p less log(1 - p)
  const summed = (logs: Tensor): Tensor => logSumExp(logs, { axis: 0 });
  if (kind === 'softmax') return mul(summed(logSoftmax(z)), temperature);
  return mul(sub(summed(neg(softplus(neg(z)))), summed(neg(softplus(z)))), temperature);
}
