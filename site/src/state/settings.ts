/** Everything that a person can set, as one object. It is what the address of the page says, and what an experiment is made of. */
export interface Settings {
  readonly tab: 'fit' | 'compress' | 'digits' | 'kernels' | 'article';
  readonly language: 'en' | 'zh';
  readonly data: DataSettings;
  readonly network: NetworkSettings;
  readonly training: TrainingSettings;
  readonly compress: CompressSettings;
}

export type DataName =
  | 'spiral'
  | 'moons'
  | 'circles'
  | 'xor'
  | 'gaussians'
  | 'polynomial'
  | 'sine'
  | 'plane'
  | 'aboveSine'
  | 'drawn'
  | 'table'
  | 'digits';

export interface DataSettings {
  readonly name: DataName;
  /** Of all samples, 20 to 2000. */
  readonly samples: number;
  /** 0 to 1: spread of points, and share of wrong labels above a half. */
  readonly noise: number;
  /** Shares of validation and test, 0.1 to 0.4 each. */
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  /** Of x, for regression on one number: 1 is x itself, 1 to 12. */
  readonly degree: number;
}

export type ActivationChoice = 'linear' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'tanh' | 'sigmoid' | 'silu';

export interface LayerSettings {
  /** 1 to 64. */
  readonly units: number;
  readonly activation: ActivationChoice;
}

export interface NetworkSettings {
  /** 0 to 6. */
  readonly layers: readonly LayerSettings[];
  /** 0 to 0.8. */
  readonly dropout: number;
  /** 0 to 1. */
  readonly l1: number;
  readonly l2: number;
  readonly batchNorm: boolean;
}

export interface TrainingSettings {
  readonly loss: 'crossEntropy' | 'hinge' | 'meanSquaredError' | 'meanAbsoluteError' | 'huber';
  readonly optimizer: 'sgd' | 'momentum' | 'adam' | 'adamW' | 'rmsprop';
  /** 1e-5 to 10. */
  readonly learningRate: number;
  /** 1 to 256. */
  readonly batchSize: number;
  /** 1 to 10000. */
  readonly epochs: number;
  readonly earlyStopping: boolean;
  /** Epochs, 1 to 500. */
  readonly patience: number;
  readonly restoreBest: boolean;
}

export interface CompressSettings {
  /** 0 to 0.98. */
  readonly sparsity: number;
  readonly pattern: 'weights' | 'panels' | 'neurons';
  readonly bits: 32 | 16 | 8 | 4;
  /** Numbers a kernel, 0: not shared; else 2 to 256. */
  readonly shared: number;
  /** Whether the network is trained for fewer bits. */
  readonly trained: boolean;
  /** The width of a student that is taught, as a share; 1: none. */
  readonly student: number;
  /** Epochs of training after it, 0 to 500. */
  readonly epochs: number;
}
