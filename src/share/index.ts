export {
  type DeepCompressionOptions,
  deepCompression,
  type StageTraining,
  type TrainingStage,
} from './deep-compression.ts';
export type { FactorForm } from './factor-forms.ts';
export type { FactorizeOptions } from './factor-options.ts';
export { factorizableLayers, factorize } from './factorize.ts';
export { type HashOptions, hashWeights } from './hash-weights.ts';
export { type Clusters, type KMeansOptions, type KMeansStart, kMeans } from './k-means.ts';
export type { LowRankLayer } from './ranks.ts';
export { type SharedLayers, type ShareOptions, shareWeights, unshare } from './share-weights.ts';
export { type CompressionStage, DeepCompressed } from './stages.ts';
export { type SVD, svd } from './svd.ts';
