import { duration, figure, interval, percent } from '../format.ts';
import type { VariantResult } from '../measure.ts';
import { ratioOf } from '../statistics.ts';
import type { DeviceRowResult, ModeResults } from './results.ts';

/** Heads of the columns that `linesOf` fills; the first names the variant. */
export const HEADS: readonly string[] = [
  'variant',
  'rate',
  'median',
  'best',
  'MAD',
  'times naive [95 %]',
  'times wasm [95 %]',
  '',
];

/** What a row's variants are compared with, where it has them. */
const NAIVE = 'naive resident';
const WASM = 'wasm';

/** The figures of a row, a variant a line. Its ratios are how often it is as fast as the naive rung and as `wasm`. */
export function linesOf({ variants, unit }: DeviceRowResult): string[][] {
  const naive = variants.find(({ name }) => name === NAIVE);
  const wasm = variants.find(({ who }) => who === WASM);
  return variants.map((variant) => [
    variant.name,
    `${figure(variant.rate)} ${unit}`,
    duration(variant.median),
    duration(variant.best),
    percent(variant.mad / variant.median),
    times(variant, naive),
    times(variant, wasm),
    variant.noisy ? 'noisy' : '',
  ]);
}

const times = (variant: VariantResult, base: VariantResult | undefined): string =>
  base === undefined || base === variant ? '' : interval(ratioOf(base, variant));

/** What a row went without, in sentences. */
export const remarksOf = ({ skipped, failures }: DeviceRowResult): string[] => [
  ...failures.map(({ name, message }) => `${name} is not timed, it failed: ${message}`),
  ...skipped.map(({ name, reason }) => `${name} is skipped: ${reason}`),
];

export const SOFTWARE =
  'software rasteriser: a processor plays the graphics processor, and these figures say nothing about one';

/** The device, and what a reader must know before the figures. */
export function headOf({ mode, device, isSoftware, where, missing, problem }: ModeResults): string[] {
  return [
    `${mode} on ${device}`,
    ...(isSoftware ? [SOFTWARE] : []),
    where,
    ...missing.map(({ name, reason }) => `without ${name}: ${reason}`),
    ...(problem === null ? [] : [`ended early: ${problem}`]),
  ];
}
