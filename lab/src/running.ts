import { cpu, reference, setBackend, wasm, wasmSupport } from 'whittle-ml';
import { type RunFlags, UsageError } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** What all commands that train do before and after. */

/** Throws UsageError for a table of kernels that does not run here. */
export function chooseKernels({ kernels }: RunFlags): void {
  if (kernels === 'cpu') setBackend(cpu);
  else if (kernels === 'reference') setBackend(reference);
  else if (kernels === 'wasm') {
    const { available, reason } = wasmSupport();
    if (!available) throw new UsageError(`--kernels wasm cannot be had: ${reason}`);
    setBackend(wasm());
  }
}

/** Shows a page where somebody asked for that; one that cannot be shown is no failure. */
export async function openPage(page: string, flags: Pick<RunFlags, 'open'>, around: Surroundings): Promise<void> {
  if (flags.open !== true) return;
  await around.open(page).catch((error: unknown) => around.output.write(`It could not be opened: ${String(error)}\n`));
}
