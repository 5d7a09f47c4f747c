import { cast, concat, reshape, slice } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkRange, LimitError, ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { FloatDType } from '../memory/dtype.ts';
import type { Loss } from '../nn/losses.ts';
import type { Model } from '../nn/model.ts';
import { zeros } from '../tensor/create.ts';
import { fromData, keep, type Tensor } from '../tensor/tensor.ts';
import { Member, type Tap } from './teacher.ts';
import {
  type Tapped,
  TERMS,
  type Term,
  type TermContext,
  type TermKind,
  type TermNeed,
  type TermOptions,
  type TermRow,
  type TermTargets,
} from './terms.ts';
import type { Head, TrainingNetwork } from './training-network.ts';

/** Whole numbers that float32 tells apart. */
const MOST_NUMBERED = 2 ** 24;

/** What terms may see of the first output's targets, [samples, ...]. */
export interface Seen {
  readonly answers: Tensor | null;
  readonly labels: Tensor | null;
  /** How many samples have labels: the first ones. */
  readonly labelled: number;
  /** The number of the first sample. */
  readonly from: number;
}

/** A term of a training: what is tapped, its head, and its targets. */
export class TaughtFeatures {
  readonly weight: number;
  readonly tap: Tap;
  readonly needs: readonly TermNeed[];
  private readonly row: TermRow<TermOptions[TermKind]>;
  private readonly context: TermContext<TermOptions[TermKind]>;
  private readonly value: string;
  private head: Head | null = null;

  constructor(term: Term, index: number, student: Model, members: readonly Member[], samples: number) {
    const known = Object.keys(TERMS);
    const kind: unknown = (Object(term) as Partial<Term>).kind;
    if (typeof kind !== 'string' || !Object.hasOwn(TERMS, kind))
      throw new ValueError(
        'distill',
        `kind of terms[${index}]`,
        `one of ${known.join(', ')}`,
        kind,
        didYouMean(kind, known),
      );
    this.row = TERMS[term.kind] as TermRow<TermOptions[TermKind]>;
    const called = `terms[${index}] (${term.kind})`;
    checkOptions('distill', term, `kind student teacher member weight ${this.row.options}`.trim() as never);
    const { member = 0, weight = 1, teacher = term.student }: Tapped = term;
    checkRange('distill', `weight of ${called}`, weight, 'at least 0');
    const numbers = members.length === 1 ? '0 or left out, as there is one teacher' : `0 to ${members.length - 1}`;
    if (members[member] === undefined) throw new ValueError('distill', `member of ${called}`, numbers, member);
    const own = new Member('distill', student).value(`student of ${called}`, term.student);
    const theirs = members[member].value(`teacher of ${called}`, teacher);
    const { dtype, seed } = student;
    const width = elementsOf(student.outputShape);
    const facts = { options: term, student: own.shape, teacher: theirs.shape, width, samples, seed, dtype, called };
    this.row.check?.(facts);
    const keepOf = (values: Tensor): Tensor => this.row.keep?.(values, facts) ?? values;
    const kept = noGrad(() => keepOf(zeros([1, ...theirs.shape], dtype)).shape.slice(1));
    this.context = { ...facts, kept };
    this.weight = weight;
    this.value = own.name;
    this.needs = this.row.needs ?? [];
    this.tap = { member, value: theirs.name, kept, keep: keepOf };
  }

  get called(): string {
    return this.context.called;
  }

  addTo(network: TrainingNetwork): Head {
    const { options, kept } = this.context;
    const { kind } = options as Term;
    this.head = network.add(kind, this.value, kept, (at) => this.row.head?.(at, this.context) ?? at.student);
    return this.head;
  }

  /** What is kept of the teacher's values and what else the loss needs, [samples, columns]; the values alone as they are. */
  pack(kept: Tensor, seen: Seen, dtype: FloatDType): Tensor {
    if (this.needs.length === 0) return kept;
    const n = kept.shape[0]!;
    // Numbers travel beside the features: two samples would have one, and count as the same
    if (this.needs.includes('numbers') && dtype === 'float32' && seen.from + n > MOST_NUMBERED)
      throw new LimitError('distill', `samples for ${this.called}`, seen.from + n, MOST_NUMBERED);
    const flat = (t: Tensor): Tensor => reshape(t, [n, t.size / n]);
    const numbers = (of: (i: number) => number): Tensor =>
      cast(
        fromData(
          Float64Array.from({ length: n }, (_, i) => of(i)),
          [n, 1],
        ),
        dtype,
      );
    const parts: { readonly [N in TermNeed]: () => Tensor } = {
      answers: () => flat(seen.answers!),
      labels: () => {
        const { labels, labelled } = seen;
        const { width } = this.context;
        if (labels === null) return zeros([n, width], dtype);
        const own = reshape(labels, [labelled, width]);
        return labelled === n ? own : concat([own, zeros([n - labelled, width], dtype)]);
      },
      isLabelled: () => numbers((i) => Number(i < seen.labelled)),
      numbers: () => numbers((i) => seen.from + i),
    };
    return keep(concat([flat(kept), ...this.needs.map((need) => parts[need]())], 1));
  }

  /** The loss between packed targets and the output of the head, in the training of `trained` with what is kept of all samples. */
  loss(trained: Model, kept: Tensor): Loss {
    const { weights } = trained.graph;
    const projections = this.head!.projections.map(
      (keys) => keys.map((key) => weights.get(key)!.value) as [Tensor, Tensor],
    );
    const of = this.row.loss(this.context, { kept, steps: () => trained.steps, projections });
    const replayable = this.row.replayable?.(this.context.options) ?? true;
    return { name: 'custom', call: (packed, output) => of(this.targets(packed), output), replayable };
  }

  private targets(packed: Tensor): TermTargets {
    if (this.needs.length === 0) return { kept: packed };
    const { kept, width } = this.context;
    const n = packed.shape[0]!;
    let at = 0;
    const take = (size: number, shape: Shape): Tensor => {
      at += size;
      return reshape(slice(packed, [null, [at - size, at]]), [n, ...shape]);
    };
    const found: { -readonly [T in keyof TermTargets]: TermTargets[T] } = { kept: take(elementsOf(kept), kept) };
    for (const need of this.needs) {
      if (need === 'answers' || need === 'labels') found[need] = take(width, [width]);
      else found[need] = need === 'numbers' ? cast(take(1, []), 'int32') : take(1, []);
    }
    return found;
  }
}

/** Throws ValueError unless `terms` is a list. */
export function checkTerms(terms: readonly Term[]): void {
  if (!Array.isArray(terms)) throw new ValueError('distill', 'terms', 'a list of terms', terms, 'Put it in a list');
}
