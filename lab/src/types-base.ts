/** What all parts of a report speak of. */

export type Task = 'classification' | 'regression';

/** What the teacher is: a perceptron on columns or pixels, or a network for images. */
export type ModelKind = 'mlp' | 'cnn' | 'mobilenet';

/** What samples are: rows of columns that are scaled one by one, or images whose pixels have one scale. */
export type SamplesAs = 'columns' | 'images';

export type ImageShape = readonly [height: number, width: number, channels: number];

/** One number per seed, with its mean and range. */
export interface Figure {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** Told about what is going on, for progress bars. */
export interface Progress {
  /** A stage begins: its name and how many steps it has. */
  stage(name: string, steps: number): void;
  /** One step of the stage is done; `detail` says what is next or how it goes, `steps` how many the stage has where it has other than it had. */
  tick(detail: string, steps?: number): void;
}

/** Of the weights of a model with one seed. */
export interface Digest {
  readonly seed: number;
  readonly model: string;
  readonly sha256: string;
}
