import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { 'whittle-ml/kernels': new URL('./kernels/index.ts', import.meta.url).pathname } },
  test: { include: ['tests/**/*.test.ts'], setupFiles: ['tests/setup.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
