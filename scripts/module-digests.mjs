// Runs the exported modules beside it on so many samples and gives the digests of their answers: in whatever engine. What
// testDigest in src/export/self-test.ts says of the engine, and boards.mjs in C, for networks with one input of real numbers.
import * as modules from './modules.mjs';

/** FNV-1a of the answers to made-up samples, by name; and what a self-test says against one. */
export function digests(samples = 1000) {
  return Object.fromEntries(
    Object.entries(modules).map(([name, { inputs, run, selfTest }]) => {
      const size = inputs[0].shape.reduce((product, n) => product * n, 1);
      let state = 1;
      const next = () => {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        return state >> 16;
      };
      let hash = 2166136261;
      for (let i = 0; i < samples; i++) {
        const y = run(Float32Array.from({ length: size }, () => next() / 8192)).map((x) => x || 0); // NaN, -0
        for (const byte of new Uint8Array(y.buffer)) hash = Math.imul(hash ^ byte, 16777619);
      }
      return [name, selfTest() ? (hash >>> 0).toString(16).padStart(8, '0') : 'its self-test fails'];
    }),
  );
}
