// Runs the exported modules beside it on a thousand samples and gives the digests of their answers: in whatever engine.
import * as cnn from './cnn.mjs';
import * as mlp from './mlp.mjs';
import * as mobile from './mobile.mjs';
import * as real from './real.mjs';

const modules = { mlp, cnn, mobile, real };

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
        const y = run(Float32Array.from({ length: size }, () => next() / 8192));
        for (const byte of new Uint8Array(y.buffer)) hash = Math.imul(hash ^ byte, 16777619);
      }
      return [name, selfTest() ? (hash >>> 0).toString(16).padStart(8, '0') : 'its self-test fails'];
    }),
  );
}
