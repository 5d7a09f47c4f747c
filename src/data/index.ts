/** Data sets: bytes in, tensors out; splits, folds and scalers. */
export { type CSV, type CSVOptions, parseCSV } from './csv.ts';
export { gunzip } from './gzip.ts';
export { type IDXArray, parseIDX } from './idx.ts';
export type { Dialect, Note, RawColumn, RawTable, RawTexts, ReadOptions } from './raw.ts';
export { readTable } from './read.ts';
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
export { type Table, type TableOptions, type Task, tableFromBytes, tableFromCSV } from './table.ts';
