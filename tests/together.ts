import { afterAll, expect } from 'vitest';
import { backend } from '../src/index.ts';

const before = backend();

// Files that share a process leave it as it was: one that does not stands with those apart in vitest.config.ts.
afterAll(() => {
  expect(backend()).toEqual(before);
});
