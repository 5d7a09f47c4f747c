// Where the browser of the tests is, and how it is told to compute graphics in software.
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const DRIVER = 'vk_swiftshader_icd.json';

/** The path in CHROMIUM, or the first Chromium or Chrome on the usual paths, or null. */
export function findChromium() {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined) return existsSync(CHROMIUM) ? CHROMIUM : null;
  const folders = PATH.split(delimiter);
  const places = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...APPLICATIONS];
  return places.find((place) => existsSync(place)) ?? null;
}

/** How to get one, in a sentence. */
export const adviceOnChromium = () =>
  process.env.CHROMIUM === undefined
    ? 'no Chromium was found: apt-get install --no-install-recommends chromium, or name its path in CHROMIUM'
    : `CHROMIUM names ${process.env.CHROMIUM}, which is not there`;

/** What no test needs and a closed network makes slow. */
export const QUIET_FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

/** Shaders run on SwiftShader, which is a part of Chromium: WebGL through ANGLE, WebGPU through Vulkan. */
export const SOFTWARE_GPU_FLAGS = [
  '--disable-gpu-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-webgpu-adapter=swiftshader',
];

/** And those with which a machine's own graphics processor answers. */
export const HARDWARE_GPU_FLAGS = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'];

/**
 * The environment in which a program outside Chromium, such as Node with Dawn, finds its SwiftShader as a Vulkan driver,
 * and its Vulkan loader where the system has none; null where Chromium brings no driver. The loader is looked for when a
 * process starts, so the environment must be there by then.
 */
export function softwareVulkan() {
  const chromium = findChromium();
  const folders = chromium === null ? [] : [dirname(realpathSync(chromium)), '/usr/lib/chromium'];
  const folder = folders.find((each) => existsSync(join(each, DRIVER)));
  if (folder === undefined) return null;
  const paths = [process.env.LD_LIBRARY_PATH, existsSync(join(folder, 'libvulkan.so.1')) ? folder : undefined];
  const libraries = paths.filter((path) => path !== undefined && path !== '').join(delimiter);
  return { VK_ICD_FILENAMES: join(folder, DRIVER), LD_LIBRARY_PATH: libraries };
}
