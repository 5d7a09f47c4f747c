import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../.cache/types/', import.meta.url));

/** What a program of a user's finds wrong with the built declarations, in the folder of the package itself. */
function complaints(moduleResolution: ts.ModuleResolutionKind, module: ts.ModuleKind): string[] {
  const file = `${folder}user.mts`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    file,
    `import { backend, compileInference, Dense, Sequential, wasm, type Program } from 'whittle-ml';
import { cpu, reference, wasmSupport } from 'whittle-ml/kernels';
import { compileNetwork } from 'whittle-ml/infer';
import { encodeNetwork } from 'whittle-ml/io';
import { tableFromCSV } from 'whittle-ml/data';
import { enableThreads, threads } from 'whittle-ml/threads';
import { createGpuBackend, gpuMatmul, gpuPredict, gpuTrain, matmulAuto, type DeviceTensor, type GpuBackend } from 'whittle-ml/gpu';
export const gpu: Promise<GpuBackend> = createGpuBackend({ mode: 'webgl2' });
export const onDevice: readonly unknown[] = [gpuMatmul, gpuPredict, gpuTrain, matmulAuto];
export type Held = DeviceTensor;
export const program: Program = compileInference(new Sequential([new Dense(1, { inputShape: [1] })]), 2);
export const bytes: number = wasm().heap.counters().bytes;
export const names: readonly unknown[] = [backend().name, cpu, reference, wasmSupport(), compileNetwork, encodeNetwork, tableFromCSV, enableThreads, threads];
`,
  );
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'], types: [] };
  const program = ts.createProgram([file], { ...options, module, moduleResolution, skipLibCheck: false });
  try {
    return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, ' '));
  } finally {
    rmSync(file);
  }
}

test.each([
  ['nodenext', ts.ModuleResolutionKind.NodeNext, ts.ModuleKind.NodeNext],
  ['bundler', ts.ModuleResolutionKind.Bundler, ts.ModuleKind.ESNext],
] as const)('the declarations need no DOM and no other types (%s)', (_, resolution, module) => {
  expect(complaints(resolution, module)).toEqual([]);
});
