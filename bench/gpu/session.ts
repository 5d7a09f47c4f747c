import { createGpuBackend, type GpuBackend, type GpuMode } from 'whittle-ml/gpu';
import { measure, type RowResult, type Settings } from '../measure.ts';
import { type Contest, nameOf } from '../row.ts';
import { builtIn, reserve, type Table } from '../tables.ts';
import type { DeviceRow } from './device-row.ts';
import { networkRows } from './networks.ts';
import { Patience, type Skipped } from './patience.ts';
import { productRows } from './products.ts';
import type { DeviceRowResult, Message, ModeResults, Request } from './results.ts';

/** Every row of every mode. */
export const deviceRows: readonly DeviceRow[] = [...productRows, ...networkRows];

/** Kernels that stand for the processor. */
const COMPARED = ['cpu', 'wasm'];

export interface Listener {
  readonly tell: (message: Message) => void;
  /** The rows so far, after each. */
  readonly show?: (results: ModeResults) => void;
}

/** Measures a mode, from the opening of the device to its end. Never rejects: what fails is told. */
export async function measureMode(mode: GpuMode, where: string, request: Request, listener: Listener): Promise<void> {
  const { tell } = listener;
  tell({ kind: 'progress', text: `${mode}: opening the device`, detail: '' });
  let gpu: GpuBackend;
  try {
    gpu = await createGpuBackend({ mode });
  } catch (error) {
    tell({ kind: 'missing', missing: { mode, where, reason: textOf(error) } });
    return;
  }
  tell({ kind: 'mode', results: await measureRows(gpu, where, request, listener) });
  // What is lost may refuse to be given back, and has been told of.
  await gpu.dispose().catch(() => {});
}

async function measureRows(
  gpu: GpuBackend,
  where: string,
  { rows, settings }: Request,
  { tell, show }: Listener,
): Promise<ModeResults> {
  const { mode, device, isSoftware } = gpu;
  const { tables, missing } = builtIn();
  const compared = tables.filter(({ name }) => COMPARED.includes(name));
  const chosen = deviceRows.filter(({ name }) => rows.includes(name));
  const patience = new Patience();
  let results: ModeResults = {
    ...{ mode, where, device, isSoftware, rows: [], problem: null },
    missing: missing.filter(({ name }) => COMPARED.includes(name)),
  };
  for (const [i, row] of chosen.entries()) {
    const progress = (detail: string): void =>
      tell({ kind: 'progress', text: `${mode}: row ${i + 1} of ${chosen.length}, ${row.name}`, detail });
    progress('');
    await turn();
    reserve(compared);
    const measured = await measureRow(row, gpu, compared, patience, settings, progress);
    results = { ...results, rows: [...results.rows, measured] };
    if (gpu.isLost) results = { ...results, problem: `the device was lost in ${row.name}` };
    show?.(results);
    if (gpu.isLost) break;
  }
  return results;
}

async function measureRow(
  row: DeviceRow,
  gpu: GpuBackend,
  tables: readonly Table[],
  patience: Patience,
  settings: Settings,
  progress: (text: string) => void,
): Promise<DeviceRowResult> {
  let skipped: readonly Skipped[] = [];
  const open = async (): Promise<Contest> => {
    const contest = await row.openOn(gpu, tables);
    const sorted = patience.sort(row, contest.variants);
    skipped = sorted.skipped;
    const variants = sorted.kept.map((variant) => ({
      ...variant,
      check: async (): Promise<void> => {
        progress(nameOf(variant));
        await turn();
        await variant.check();
      },
    }));
    return { ...contest, variants };
  };
  let result: RowResult;
  try {
    result = await measure({ ...row, ratio: 'speed', peers: false, open }, settings);
  } catch (error) {
    const { name, work, unit } = row;
    const failures = [{ name, ours: true, message: textOf(error) }];
    result = { name, work, unit, ratio: 'speed', variants: [], failures };
  }
  patience.learn(result);
  return { ...result, skipped };
}

/** Lets a page show what it was told. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
