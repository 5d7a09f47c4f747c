import type { Table } from 'whittle-ml/data';
import type { Bilingual, Language } from './bilingual.ts';
import type { Section } from './sections.ts';

/** Of the claim, as it is measured: it holds, it does not, or it depends on the seed. */
export type Verdict = 'holds' | 'fails' | 'depends';

/** Numbers of one seed, by name. */
export type Figures<Name extends string = string> = Readonly<Record<Name, number>>;

/** A mean over the seeds with its 95 % interval, by Student's t. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** One a seed. */
  readonly values: readonly number[];
}

/** What the seeds say together. */
export interface Summary<Name extends string = string> {
  readonly seeds: readonly number[];
  readonly figures: Readonly<Record<Name, Estimate>>;
  /** Of the figure, or of the differences seed by seed, that the effect is. */
  readonly effect: Estimate;
}

/** What one figure is of. */
export interface Arm extends Bilingual {
  /** Default none, as of R² and losses. */
  readonly unit?: Bilingual;
}

/** What decides. */
export interface Effect<Name extends string = string> {
  readonly name: Bilingual;
  /** A figure, or the first of two less the second. */
  readonly of: Name | readonly [figure: Name, less: Name];
  /** Default none. */
  readonly unit?: Bilingual;
  /** In which direction the effect speaks for the claim. */
  readonly better: 'higher' | 'lower';
  /**
   * The least effect in that direction with which the claim is true enough to matter, in the effect's unit. 0.02 asks for
   * an increase (or, where lower is better, a decrease) of 0.02 or more; -0.01 allows a loss of 0.01.
   */
  readonly smallest: number;
}

/** What a measurement gets from outside. */
export interface Context {
  /** Asks for less data and fewer steps: a second or two for all seeds. */
  readonly quick: boolean;
  /** 1,797 handwritten digits of 8×8 pixels (0 to 16): `features` [1797, 64], and the labels in `target`. */
  digits(): Promise<Table>;
}

export interface Citation {
  /** Who, when and where, such as `Kingma & Ba 2015, Algorithm 1`. */
  readonly text: string;
  readonly url?: string;
}

export interface Example {
  /** Lines of Keras or scikit-learn, as the article has them in spirit, written anew. */
  readonly before: string;
  /** A file of the folder `examples`, which the claim's module imports and measures: it is shown as it stands. */
  readonly after: string;
}

/** An SVG as text. It is drawn once a language. */
export type Chart = (claim: Claim, summary: Summary, language: Language) => string;

/** A sentence of the article, how it is measured, and what follows. */
export interface Claim<Name extends string = string> {
  /** The section and a word, such as `I.6.1-adam-steps`: letters, digits, points and hyphens. */
  readonly id: string;
  /** Its number in the list of the article's mistakes, if it is one. */
  readonly mistake?: number;
  readonly section: Section;
  readonly title: Bilingual;
  /** What the article says, in our own words. */
  readonly claim: Bilingual;
  /** Whether it is part of --quick. */
  readonly quick: boolean;
  /** The verdict rests on a clock: it is printed, and no test holds it. */
  readonly clock?: true;
  /** What is compared: every figure that `measure` returns, by its name. */
  readonly arms: Readonly<Record<Name, Arm>>;
  /** Draws everything random by the seed, so that the same seed gives the same figures everywhere. */
  measure(seed: number, context: Context): Figures<Name> | Promise<Figures<Name>>;
  readonly effect: Effect<NoInfer<Name>>;
  /** Instead of the rule of `verdictOf`. */
  verdict?(summary: Summary<NoInfer<Name>>): Verdict;
  /** Why, by verdict. `{name}` stands for the mean of that figure, `{effect}` for that of the effect. */
  readonly reasons: Readonly<Partial<Record<Verdict, Bilingual>>>;
  readonly citations: readonly [Citation, ...Citation[]];
  readonly example?: Example;
  /** Default: `effectStrip`. There are also `armStrips` and `armStripsOnLog`; one's own draws by `draw` of lab/src/plot.ts. */
  readonly charts?: Chart;
}

/** Names the figures by the arms, so that the compiler holds `measure` and `effect` to them. */
export const defineClaim = <const Name extends string>(claim: Claim<Name>): Claim => claim;
