import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { clocked } from './clock.mjs';
import { tflite } from './tflite.mjs';

/**
 * LiteRT.js runs in a page alone. Its package has a build with relaxed SIMD, which it takes where the browser has that, and
 * one without. A module of a page holds one of them: the page imports this one twice, by two addresses.
 *
 * @param {string} folder where the page finds the builds
 * @param {boolean} isRelaxed whether it may choose; else the build without relaxed SIMD
 * @returns {Promise<import('../peer.ts').Peer>}
 */
export async function open(folder, isRelaxed) {
  await loadLiteRt(isRelaxed ? folder : `${folder}litert_wasm_compat_internal.js`);
  return { inferImages };
}

/** From an array to an array by XNNPACK on one thread, as its manual has it: tensors are made and deleted for each run. */
async function inferImages(problem) {
  const { layers, batch, x } = problem;
  const shape = [batch, ...layers[0].shape];
  const model = await loadAndCompile(tflite(problem), { accelerator: 'wasm', cpuOptions: { numThreads: 1 } });
  const run = async () => {
    const input = new Tensor(x, shape);
    const [output] = await model.run(input);
    const y = output.toTypedArray();
    input.delete();
    output.delete();
    return y;
  };
  return {
    note: model.isFullyAccelerated ? undefined : 'a part of the network does not run by XNNPACK',
    time: clocked(run),
    result: run,
    close: () => model.delete(),
  };
}
