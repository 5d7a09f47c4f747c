import type { Settings } from '../measure.ts';
import { FULL, parse, QUICK, UsageError } from '../options.ts';

export const HELP = `Usage: npm run bench:gpu -- [options]

Times products, training and prediction on a graphics processor by WebGL 2 and WebGPU, in a headless Chromium and in
Node, in turns with kernels on the processor. Prints a table for each mode.

  --filter <text>   only rows whose name contains the text, such as "matmul", "256" or "train"
  --quick           fewer and shorter samples, and without a filter no large products
  --hardware        the machine's graphics processor instead of Chromium's software rasteriser
  --serve           only serves the page: open its address in your browser and see your own numbers; Ctrl-C ends it
  --save            writes every sample to bench/results/<date>-<device>.json
  --help            this text
`;

export interface GpuBenchOptions {
  readonly help: boolean;
  readonly filter: string;
  readonly quick: boolean;
  readonly hardware: boolean;
  readonly serve: boolean;
  readonly save: boolean;
  readonly settings: Settings;
}

const OPTIONS = {
  filter: { type: 'string' },
  quick: { type: 'boolean', default: false },
  hardware: { type: 'boolean', default: false },
  serve: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Reads the arguments. Throws UsageError, whose message is one line. */
export function parseGpuOptions(args: readonly string[]): GpuBenchOptions {
  const { filter = '', ...options } = parse(args, OPTIONS);
  if (options.serve && options.save)
    throw new UsageError('--save does not go with --serve: the page has a link to its samples');
  if (options.serve && options.hardware)
    throw new UsageError('--hardware does not go with --serve: your browser chooses the device');
  return { ...options, filter, settings: options.quick ? QUICK : FULL };
}
