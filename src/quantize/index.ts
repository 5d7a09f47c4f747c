export { type AdaRoundOptions, adaRound } from './ada-round.ts';
export { type ConvertOptions, convert } from './convert.ts';
export { correctBias } from './correct-bias.ts';
export { dequantize } from './dequantize.ts';
export { equalize } from './equalize.ts';
export type {
  LayerFormat,
  LayerFormatChoice,
  ValueFormat,
  WeightFormat,
  WeightFormatName,
} from './formats.ts';
export { gptq } from './gptq.ts';
export type { JudgedSamples, Judgement, JudgeOptions, MeasureBy } from './judge.ts';
export type { AfterCareOptions } from './layer-by-layer.ts';
export { type LedgerOptions, ledger } from './ledger.ts';
export { Ledger, type LedgerRow } from './ledger-report.ts';
export {
  type LayerOption,
  type MixedPrecisionOptions,
  mixedPrecision,
  type PrecisionBudget,
  PrecisionChoice,
} from './mixed.ts';
export { type ObserveOptions, observeRanges } from './observe.ts';
export { type PrepareOptions, prepareQAT } from './prepare.ts';
export { QATSchedule, type QATScheduleOptions } from './qat-schedule.ts';
export { type QuantizeOptions, quantize } from './quantize.ts';
export { chooseQParams, type KnownRanges, type Range, type RangeChoice, type RangeName } from './ranges.ts';
export { Repair, type RepairOptions, type RepairStep, repair } from './repair.ts';
export {
  type AffineEncoding,
  dequantizeTensor,
  type QuantizedTensor,
  type QuantizeTensorOptions,
  quantizeTensor,
} from './tensors.ts';
