import type { Interval, Lost, Part } from './statistics.ts';

/** Decisions of a kind, and the samples that they are of, from 0 and each once. */
export interface Decided {
  readonly count: number;
  readonly samples: readonly number[];
}

/** A figure of either network; null where there is none. */
export interface Beside<T> {
  readonly before: T;
  readonly after: T;
}

/** What a change does to one class: its recall, the share of its samples that are taken for it. */
export interface ClassDamage extends Beside<Part> {
  readonly name: string;
  /** Recall lost. */
  readonly lost: Lost;
  /** Whether the class has fewer than 10 samples: a single one is then a tenth and more. */
  readonly isSmall: boolean;
}

/** How far ahead of the next answer the chosen one is, in probability. */
export interface Margins {
  readonly median: number;
  /** A twentieth of the decisions have less. */
  readonly low: number;
  /** Decisions with less than `edge`. */
  readonly onEdge: number;
}

/** The damage to an output that decides between classes, or on labels. What is NaN is no answer, so never right or the same. */
export interface DecisionDamage {
  readonly kind: 'classes' | 'labels';
  /** Of the output. */
  readonly name: string;
  /** As many as samples, or several for each: labels, or the steps of a sequence. */
  readonly decisions: number;
  /** Decisions that are others than before. */
  readonly changed: Part;
  /** Share of the decisions that are the same. */
  readonly agreement: number;
  readonly rightToWrong: Decided;
  readonly wrongToRight: Decided;
  readonly wrongToOther: Decided;
  /** Decisions that are none, since a number is NaN. */
  readonly unanswered: Beside<Decided>;
  readonly accuracy: Beside<Part> & {
    readonly lost: Lost;
    /** How likely as uneven a change is by chance, of samples that got worse and that got better: exact, two-sided. */
    readonly mcnemar: number;
  };
  /** The classes that occur; of independent labels each with it and without. */
  readonly classes: readonly ClassDamage[];
  /** The class that lost most, of equals the one with more samples. */
  readonly worst: ClassDamage;
  /** Expected calibration error; null without probabilities. Of samples that have an answer. */
  readonly calibration: (Beside<number | null> & { readonly bins: number }) | null;
  /** Null without probabilities. Of decisions that there are. */
  readonly margins: (Beside<Margins | null> & { readonly edge: number }) | null;
}

/** The damage to an output of numbers. Figures are null where a number that they are made of is not finite. */
export interface NumberDamage {
  readonly kind: 'numbers';
  /** Of the output. */
  readonly name: string;
  readonly r2: Beside<number | null> & { readonly lost: Lost | null };
  readonly rmse: Beside<number | null> & { readonly lost: Lost | null };
  /** How far the numbers moved: the most, in sample `at`, and the median; of those that are finite. Null without. */
  readonly change: { readonly largest: number; readonly at: number; readonly typical: number } | null;
  /** Samples with a number that is not finite. */
  readonly unanswered: Beside<Decided>;
}

export type OutputDamage = DecisionDamage | NumberDamage;

/** What a change did to a network, on samples: plain numbers, and `toString()` for people. Intervals are of 95 %. */
export class DamageReport {
  readonly samples: number;
  /** One for each output. */
  readonly outputs: readonly OutputDamage[];

  constructor(samples: number, outputs: readonly OutputDamage[]) {
    this.samples = samples;
    this.outputs = outputs;
  }

  toString(): string {
    const lines = this.outputs.flatMap((output) => [
      `"${output.name}", ${KINDS[output.kind]}`,
      ...(output.kind === 'numbers' ? inNumbers(output) : inDecisions(output)).map((line) => `  ${line}`),
    ]);
    return [`Damage on ${count(this.samples, 'sample')}; intervals are of 95 %`, ...lines].join('\n');
  }
}

const KINDS: { readonly [K in OutputDamage['kind']]: string } = {
  classes: 'classes',
  labels: 'independent labels',
  numbers: 'numbers',
};

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const show = (x: number | null, digits = 3): string =>
  x === null ? 'none' : x.toFixed(digits).replace(/^-(?=0\.?0*$)/, '');
const digits = (x: number | null): string => (x === null ? 'none' : String(Number(x.toPrecision(4))));
const span = ({ low, high }: Interval): string => `(${show(low)} to ${show(high)})`;
const part = (p: Part): string => `${show(p.share)} ${span(p)}`;
/** A share as points of a hundred. */
export const points = (x: number): string => show(100 * x, 2);
/** What was lost with its interval, each number by its size and a word for its sign. */
function sided({ lost, low, high }: Lost, format: (x: number) => string, words: readonly [string, string]): string {
  const side = (x: number): string => words[x < 0 ? 1 : 0];
  const size = (x: number): string => format(Math.abs(x));
  const from = side(low) === side(high) ? size(low) : `${size(low)} ${side(low)}`;
  const unit = format === points ? ' points' : '';
  return `${size(lost)}${unit} ${side(lost)} (${from} to ${size(high)} ${side(high)})`;
}
const lostPoints = (lost: Lost): string => sided(lost, points, ['lost', 'won']);

/** Indices that are read are few. */
const SHOWN = 10;
const which = ({ samples }: Decided): string => {
  const rest = samples.length - SHOWN;
  return samples.length === 0 ? '' : ` [${samples.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}]`;
};

function inDecisions(d: DecisionDamage): string[] {
  const { accuracy: a, worst: w, calibration: c, margins: m } = d;
  const test = `McNemar p = ${digits(a.mcnemar)}, ${a.mcnemar < 0.05 ? 'hardly chance' : 'which may be chance'}`;
  const moves = [
    ['right before, wrong now', d.rightToWrong],
    ['wrong before, right now', d.wrongToRight],
    ['wrong in another way', d.wrongToOther],
  ] as const;
  const lines = [
    `${d.changed.count} of ${d.decisions} answers changed, ${part(d.changed)}`,
    ...moves.flatMap(([words, moved]) => (moved.count === 0 ? [] : [`${words}: ${moved.count}${which(moved)}`])),
    `accuracy ${part(a.before)} before, ${part(a.after)} now: ${lostPoints(a.lost)}; ${test}`,
    w.lost.lost > 0
      ? `class that lost most: ${w.name}, recall ${part(w.before)} before, ${part(w.after)} now, of ${w.before.of}: ${lostPoints(w.lost)}`
      : 'no class lost recall',
  ];
  const small = d.classes.filter(({ isSmall }) => isSmall);
  if (small.length > 0) {
    const named = small.slice(0, SHOWN).map(({ name, before }) => `${name} (${before.of})`);
    const rest = small.length > SHOWN ? ` and ${small.length - SHOWN} more` : '';
    lines.push(`too few samples to say much of ${named.join(', ')}${rest}`);
  }
  if (c !== null) lines.push(`calibration error over ${c.bins} bins ${show(c.before)} before, ${show(c.after)} now`);
  if (m !== null) {
    const of = (margins: Margins | null): string =>
      margins === null
        ? 'none'
        : `${show(margins.median)}, of a twentieth below ${show(margins.low)}, ${margins.onEdge} below ${m.edge}`;
    lines.push(`median margin ${of(m.before)} before; ${of(m.after)} now`);
  }
  return [...lines, ...broken(d)];
}

function inNumbers(n: NumberDamage): string[] {
  const lost = (l: Lost | null): string => (l === null ? '' : `: ${sided(l, digits, ['worse', 'better'])}`);
  return [
    `R² ${digits(n.r2.before)} before, ${digits(n.r2.after)} now${lost(n.r2.lost)}`,
    `RMSE ${digits(n.rmse.before)} before, ${digits(n.rmse.after)} now${lost(n.rmse.lost)}`,
    ...(n.change === null
      ? []
      : [
          `numbers moved by ${digits(n.change.typical)} in the middle, most by ${digits(n.change.largest)} [${n.change.at}]`,
        ]),
    ...broken(n),
  ];
}

const broken = ({ unanswered: { before, after }, kind }: OutputDamage): string[] =>
  before.count + after.count === 0
    ? []
    : [
        `${kind === 'numbers' ? 'not finite' : 'NaN, so without an answer'}: ${before.count}${which(before)} before, ${after.count}${which(after)} now`,
      ];
