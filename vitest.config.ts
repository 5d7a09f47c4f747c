import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import {
  adviceOnChromium,
  findChromium,
  HARDWARE_GPU_FLAGS,
  QUIET_FLAGS,
  SOFTWARE_GPU_FLAGS,
  softwareVulkan,
} from './scripts/find-chromium.mjs';

const resolve = { alias: { 'whittle-ml/kernels': new URL('./kernels/index.ts', import.meta.url).pathname } };
/** Times are guards against hangs alone, and far above what a loaded machine takes. */
const common = { setupFiles: ['tests/setup.ts'], testTimeout: 200_000, hookTimeout: 200_000 };

/**
 * What a file of tests says that changes or replaces what a process has one of: which kernels run and their memory, threads,
 * globals, modules, flags. One that trains for long says "In a process of its own": after hundreds of others it takes several
 * times as long.
 */
const IS_APART =
  /\b(?:setBackend|heap|enableThreads|globalThis|setFlagsFromString)\b|\bvi\.|\bprocess\.(?:env|on|chdir)\b|memory\/tools|In a process of its own/;

/**
 * The tests in Node. Loading the library takes longer than most of them: all that may share a process do, and are `node`;
 * the others have one each, and are `node apart`. `--project 'node*'` asks for both.
 */
function nodeProjects(): TestProjectInlineConfiguration[] {
  const root = new URL('tests/', import.meta.url);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const files = names.filter((name) => /(?<!\.gpu|\.gpu-node)\.test\.ts$/.test(name));
  const isApart = (file: string): boolean => IS_APART.test(readFileSync(new URL(file, root), 'utf8'));
  const projectOf = (name: string, isolate: boolean): TestProjectInlineConfiguration => ({
    resolve,
    test: {
      ...common,
      name,
      isolate,
      setupFiles: isolate ? common.setupFiles : [...common.setupFiles, 'tests/together.ts'],
      include: files.filter((file) => isApart(file) === isolate).map((file) => `tests/${file}`),
    },
  });
  return [projectOf('node', false), projectOf('node apart', true)];
}

/**
 * The tests of the graphics processor, once in a browser (WebGL 2 and WebGPU) and once in Node (WebGPU by Dawn). They run
 * on Chromium's software rasteriser unless WHITTLE_GPU=hardware asks for the machine's own device; in Node also where
 * Chromium brings no Vulkan driver, as on macOS and Windows.
 */
function gpuProjects(chromium: string): TestProjectInlineConfiguration[] {
  const isHardware = process.env.WHITTLE_GPU === 'hardware';
  const args = [...QUIET_FLAGS, ...(isHardware ? HARDWARE_GPU_FLAGS : SOFTWARE_GPU_FLAGS)];
  const include = ['tests/**/*.gpu.test.ts'];
  // Here, and not in the project's env: the processes of the tests must be started with it.
  if (!isHardware) Object.assign(process.env, softwareVulkan());
  return [
    {
      resolve,
      optimizeDeps: { include: ['gpu.js', 'fast-check'] },
      test: {
        ...common,
        name: 'gpu in Chromium',
        include,
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          api: { host: '127.0.0.1' },
          provider: playwright({ launchOptions: { executablePath: chromium, args } }),
          instances: [{ browser: 'chromium' }],
        },
      },
    },
    {
      resolve,
      test: {
        ...common,
        name: 'gpu in Node',
        include: [...include, 'tests/**/*.gpu-node.test.ts'],
      },
    },
  ];
}

const chromium = findChromium();
const projects = nodeProjects();
if (chromium !== null) projects.push(...gpuProjects(chromium));
else {
  const advice = `the tests of the graphics processor need a browser: ${adviceOnChromium()}`;
  if (process.env.REQUIRE_GPU === '1') throw new Error(advice);
  console.log(`${advice}. All other tests run.`);
}

// By itself Vitest leaves a core to its main process, of two one: that is idle most of the time.
export default defineConfig({ test: { projects, maxWorkers: availableParallelism() } });
