/** Data sets: bytes in, tensors out; encoders, splits, folds and scalers. */

export type { Values } from '../tensor/tensor.ts';
export { type AugmentOptions, augment } from './augment.ts';
export { type CSV, type CSVOptions, parseCSV } from './csv.ts';
export type { DateFormat } from './dates.ts';
export type { Decoded } from './decode.ts';
export { type DecodeImageOptions, decodeImage, type ImageSource } from './decode-image.ts';
export { TableEncoder, type TableEncoderJSON } from './encoder.ts';
export type { EncoderOptions } from './encoder-options.ts';
export type { ColumnSpec, Scaling } from './encodings.ts';
export {
  groupKFold,
  leaveOneOut,
  type RepeatedFoldOptions,
  repeatedKFold,
  type TimeSeriesOptions,
  timeSeriesSplit,
} from './folds.ts';
export { gunzip, isGzip } from './gzip.ts';
export { type IDXArray, parseIDX } from './idx.ts';
export { type ImageOptions, imagesFromIDX, imagesOf, labelsFromIDX } from './images.ts';
export type { ColumnType } from './kinds.ts';
export { type MixupOptions, mixup } from './mixup.ts';
export type { Dialect, Note, NoteKind, RawColumn, RawTable, RawTexts, ReadOptions } from './raw.ts';
export { readCSV } from './read.ts';
export { tableOf } from './records.ts';
export { MinMaxScaler, oneHotLabels, type ScalerJSON, StandardScaler } from './scale.ts';
export { MISSING } from './scan.ts';
export {
  type FoldOptions,
  kFold,
  type Labels,
  type Split,
  type SplitOptions,
  splitIndices,
  stratifiedKFold,
  takeRows,
  trainTestSplit,
} from './split.ts';
export { type Table, type TableOptions, tableFromBytes, tableFromCSV } from './table.ts';
export { tableRows } from './table-rows.ts';
export type { TargetSpec, Task } from './targets.ts';
export type { Encoded } from './transforming.ts';
export { type EncodeOptions, tokensOf, Vocabulary, type VocabularyOptions } from './vocabulary.ts';
