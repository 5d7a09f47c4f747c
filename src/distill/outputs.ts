import { add, equal, greater, less, mul, where } from '../autograd/arithmetic.ts';
import { cast, concat, gather, oneHot, reshape, slice } from '../autograd/movement.ts';
import { argmax, mean } from '../autograd/reductions.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { ActivationName } from '../graph/activation.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { meant, outputsOf } from '../nn/heads.ts';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  type Loss,
  type LossFunction,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from '../nn/losses.ts';
import type { Metric } from '../nn/metric.ts';
import { metricOf } from '../nn/metrics.ts';
import type { Model } from '../nn/model.ts';
import type { Outputs } from '../nn/outputs.ts';
import { targetsFor } from '../nn/targets.ts';
import { empty, fromData, keep, type Tensor } from '../tensor/tensor.ts';
import { sigmoidDivergence, softmaxDivergence } from './divergence.ts';
import type { Kind, Member } from './teacher.ts';

/** What every output is taught by. */
export interface Lesson {
  readonly temperature: number;
  /** Weight of the teacher's word against the labels'. */
  readonly alpha: number;
  /** Of regression: the teacher is heard only where the student's squared error is not this much below its own; null: always. */
  readonly margin: number | null;
}

/** Of targets: where the columns of the last axis begin; null for what is not there. */
interface Columns {
  readonly labels: number | null;
  readonly answers: number | null;
  /** 1 for samples with labels, 0 for others. */
  readonly isLabelled: number | null;
}

/** How one output of a student is taught: its targets are labels, the teacher's answers and a mark, side by side. */
export class TaughtOutput {
  readonly kind: Kind;
  readonly shape: Shape;
  readonly width: number;
  /** The loss on labels alone, of the output as it is, as `compile` takes it: a number a sample, in nats or squares. */
  readonly plain: Loss;
  private readonly meaning: Outputs;
  private readonly isSingle: boolean;
  /** Of the loss that the student was given with. */
  private readonly labelSmoothing: number;
  private readonly areLabels: boolean;
  private readonly called: string;

  /** `own` is the student as it was given, compiled or not; `y` its labels, if there are any. */
  constructor(student: Model, own: Model, members: readonly Member[], output: number, y: Tensor | null) {
    this.shape = student.outputShapes[output]!;
    if (this.shape.length === 0) throw new StateError('distill', 'an output of a student has an axis at least');
    this.width = this.shape.at(-1)!;
    this.called = student.outputCount === 1 ? 'y' : `y[${output}]`;
    const places = elementsOf(this.shape.slice(0, -1));
    this.areLabels = y !== null && this.width > 1 && y.size === y.shape[0]! * places;
    this.kind = kindOf(members, student, output, this.areLabels);
    this.plain = plainLoss(this.kind, student, output, this.areLabels);
    const loss = own.isCompiled ? own.objectives[output]!.loss : null;
    this.meaning = meant(loss, student.outputActivation(false, output).name, this.width);
    this.labelSmoothing = Number(loss?.options?.labelSmoothing ?? 0);
    this.isSingle = this.kind === 'sigmoid' && (this.width === 1 || (!this.areLabels && !own.isCompiled));
  }

  /** Labels as the loss takes them: one-hot rows, 0 and 1, margins or numbers, [samples, ...]. */
  labels(y: Tensor, dtype: FloatDType, called: string = this.called): Tensor {
    const taken = targetsFor(
      'distill',
      called,
      y,
      this.areLabels ? sparseCategoricalCrossentropy() : this.plain,
      this.shape,
      dtype,
    );
    const n = y.shape[0]!;
    const places = [n, ...this.shape.slice(0, -1)];
    const rows = taken.dtype === 'int32' ? oneHot(reshape(taken, places), this.width, dtype) : taken;
    return this.meaning.scale === 'margins' ? where(equal(rows, 0), -1, rows) : rows; // as hinge takes them
  }

  /** Targets [samples, ..., columns]: of samples without labels, the last ones, the labels are 0 and the mark is. */
  pack(parts: Parts, labels: Tensor | null, answers: Tensor | null, samples: number, dtype: FloatDType): Tensor {
    const labelled = labels?.shape[0] ?? 0;
    const zeros = (n: number, width: number): Tensor => empty([n, ...this.shape.slice(0, -1), width], dtype);
    const list: Tensor[] = [];
    if (parts.columns.labels !== null) {
      const rest = labelled === samples ? [] : [zeros(samples - labelled, this.width)];
      list.push(concat([...(labels === null ? [] : [labels]), ...rest]));
    }
    if (parts.columns.answers !== null) list.push(answers!);
    if (parts.columns.isLabelled !== null) {
      const marks = zeros(samples, 1);
      marks.storage.array.fill(1, 0, (labelled * marks.size) / samples);
      list.push(marks);
    }
    return keep(concat(list, -1));
  }

  /** The loss between packed targets and the output. */
  loss(parts: Parts, { temperature: T, alpha, margin }: Lesson): Loss {
    const hardLoss = this.hard();
    const hard: LossFunction = (packed, s) => marked(hardLoss(parts.labels(packed)!, s), parts.isLabelled(packed));
    const rows = (x: Tensor): Tensor => reshape(x, [x.size / this.width, this.width]);
    const perSample = (x: Tensor, n: number): Tensor =>
      x.size === n ? x : mean(reshape(x, [n, x.size / n]), { axis: 1 });
    const soft: LossFunction = (packed, s) => {
      const t = parts.answers(packed)!;
      const n = s.shape[0]!;
      if (this.kind === 'softmax') return perSample(mul(softmaxDivergence(rows(t), rows(s), T), T * T), n);
      if (this.kind === 'sigmoid') return perSample(reshape(mul(sigmoidDivergence(t, s, T), T * T), [s.size]), n);
      const squares = meanSquaredError().call;
      if (margin === null) return squares(t, s);
      const y = parts.labels(packed)!;
      const own = squares(y, s);
      return marked(where(less(add(own, margin), squares(y, t)), 0, own), parts.isLabelled(packed));
    };
    const call: LossFunction =
      alpha === 0
        ? hard
        : alpha === 1
          ? soft
          : (packed, s) => add(mul(soft(packed, s), alpha), mul(hard(packed, s), 1 - alpha));
    const outputs = { ...this.meaning, coding: this.isSingle ? ('labels' as const) : this.meaning.coding };
    const loss: Loss = { name: 'custom', call, replayable: true, outputs };
    return this.kind === 'regression' ? loss : { ...loss, activation: this.kind, callLogits: call };
  }

  /** On logits; labels are smoothed as the student's own loss does it. */
  private hard(): LossFunction {
    if (this.kind === 'regression') return meanSquaredError().call;
    const { labelSmoothing } = this;
    const make = this.kind === 'sigmoid' ? binaryCrossentropy : categoricalCrossentropy;
    return make({ fromLogits: true, labelSmoothing }).call;
  }

  /** The metric that judges by the labels. */
  get metric(): 'accuracy' | 'mse' {
    return this.kind === 'regression' ? 'mse' : 'accuracy';
  }

  /** What is measured while the student learns: by labels where there are any, and without whether it decides as its teacher. */
  metrics(parts: Parts, hasTrainingLabels: boolean): readonly Metric[] {
    const metric = metricOf(this.metric);
    const judge = (
      name: string,
      targets: (packed: Tensor) => Tensor,
      marks: (packed: Tensor) => Tensor | null,
    ): Metric => ({
      name,
      create: (meaning) => {
        const state = metric.create(meaning);
        return {
          update: (packed, p) => {
            const rows = rowsOf(marks(packed));
            const y = targets(packed);
            if (rows?.size !== 0)
              state.update(rows === null ? y : gather(y, rows), rows === null ? p : gather(p, rows));
          },
          result: () => state.result(),
        };
      },
    });
    const byLabels = judge(
      this.metric,
      (packed) => parts.labels(packed)!,
      (packed) => parts.isLabelled(packed),
    );
    const agreement = judge(
      'agreement',
      (packed) => this.decisions(parts.answers(packed)!),
      () => null,
    );
    return [
      ...(parts.columns.labels === null ? [] : [byLabels]),
      ...(hasTrainingLabels || this.kind === 'regression' ? [] : [agreement]),
    ];
  }

  /** The teacher's decisions as labels. */
  private decisions(answers: Tensor): Tensor {
    if (this.kind === 'sigmoid') return cast(greater(answers, 0), answers.dtype);
    return oneHot(argmax(answers, -1), this.width, answers.dtype);
  }
}

/** Where the parts of packed targets are. */
export class Parts {
  readonly columns: Columns;
  /** Of the last axis of targets. */
  private readonly size: number;
  private readonly width: number;

  constructor(
    width: number,
    has: { readonly labels: boolean; readonly answers: boolean; readonly isLabelled: boolean },
  ) {
    let size = 0;
    const put = (isThere: boolean, own: number): number | null => {
      if (!isThere) return null;
      size += own;
      return size - own;
    };
    this.width = width;
    this.columns = {
      labels: put(has.labels, width),
      answers: put(has.answers, width),
      isLabelled: put(has.isLabelled, 1),
    };
    this.size = size;
  }

  private part(packed: Tensor, from: number | null, width: number): Tensor | null {
    if (from === null) return null;
    if (from === 0 && width === this.size) return packed;
    return slice(packed, [...packed.shape.slice(1).map(() => null), [from, from + width]]);
  }

  labels(packed: Tensor): Tensor | null {
    return this.part(packed, this.columns.labels, this.width);
  }

  answers(packed: Tensor): Tensor | null {
    return this.part(packed, this.columns.answers, this.width);
  }

  /** [samples]; null where all have labels. */
  isLabelled(packed: Tensor): Tensor | null {
    const marks = this.part(packed, this.columns.isLabelled, 1);
    if (marks === null) return null;
    const n = marks.shape[0]!;
    return mean(reshape(marks, [n, marks.size / n]), { axis: 1 });
  }
}

/** Losses [samples], 0 where a sample has no labels. */
const marked = (losses: Tensor, marks: Tensor | null): Tensor =>
  marks === null ? losses : where(greater(marks, 0), losses, 0);

const rowsOf = (marks: Tensor | null): Tensor | null =>
  marks === null ? null : fromData(Int32Array.from([...marks.data.keys()].filter((i) => marks.data[i] !== 0)));

/** How the output is to be read. Throws StateError where teacher and student mean different things by it. */
function kindOf(members: readonly Member[], student: Model, output: number, areLabels: boolean): Kind {
  const own = student.outputActivation(false, output).name;
  checkLogits('the student', own, outputsOf(student, output));
  const s = kindBy(own, outputsOf(student, output), student.outputShapes[output]!);
  const kinds = members.map((member) => {
    checkLogits('the teacher', member.lastActivation(output), member.meaning(output));
    const t = kindBy(member.lastActivation(output), member.meaning(output), member.outputShapes[output]!);
    const isMixed = (t === 'sigmoid') !== (s === 'sigmoid');
    if (isMixed || (s === 'sigmoid' && areLabels && own !== 'sigmoid'))
      throw new StateError(
        'distill',
        `the teacher ends in ${member.lastActivation(output)}, the student in ${own}: both or neither must end in sigmoid, ` +
          'or give its logits (compile with binaryCrossentropy({ fromLogits: true }))',
      );
    return t;
  });
  const kind = s === 'regression' && (areLabels || kinds.includes('softmax')) ? 'softmax' : s;
  if (kind !== 'regression' && student.outputActivation(true, output).name !== own)
    throw new StateError('distill', `Dropout after the student's ${own} hides its logits in training: put it before`);
  return kind;
}

/** Throws StateError for probabilities in front of which there are no logits, as code of the user's own may give. */
function checkLogits(who: string, activation: ActivationName, { coding, scale }: Outputs): void {
  if (coding !== 'numbers' && scale === 'probabilities' && activation !== 'softmax' && activation !== 'sigmoid')
    throw new StateError(
      'distill',
      `${who} gives probabilities that come out of no softmax or sigmoid, so it has no logits`,
    );
}

/** How outputs are read by themselves. */
function kindBy(activation: ActivationName, { coding, scale }: Outputs, shape: Shape): Kind {
  if (activation === 'sigmoid') return 'sigmoid';
  if (coding === 'numbers' || scale === 'margins') return 'regression';
  return coding === 'labels' || shape.at(-1) === 1 ? 'sigmoid' : 'softmax';
}

/** The loss on labels alone. */
function plainLoss(kind: Kind, student: Model, output: number, areLabels: boolean): Loss {
  const last = student.outputActivation(false, output).name;
  if (kind === 'regression') return meanSquaredError();
  if (kind === 'sigmoid') return binaryCrossentropy({ fromLogits: last !== 'sigmoid' });
  const fromLogits = last !== 'softmax';
  return areLabels ? sparseCategoricalCrossentropy({ fromLogits }) : categoricalCrossentropy({ fromLogits });
}

/** Throws ValueError for an alpha and a margin that need labels, where there are none. */
export function checkLesson({ alpha, margin }: Lesson, hasLabels: boolean): void {
  if (hasLabels) return;
  const remedy = 'Give y, or alpha: 1 to learn from the teacher alone';
  if (alpha < 1) throw new ValueError('distill', 'alpha', '1 without y', alpha, remedy);
  if (margin !== null) throw new ValueError('distill', 'margin', 'left out without y', margin, 'Give y');
}
