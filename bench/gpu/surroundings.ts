import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inChromium as driven, finder } from '../drive.ts';
import type { Message, Request } from './results.ts';
import { serve } from './serve.ts';

/** Measures in a headless Chromium. Returns why it could not, or null. */
export const inChromium = (
  request: Request,
  isHardware: boolean,
  tell: (message: Message) => void,
): Promise<string | null> =>
  driven(
    () => serve(request),
    ({ HARDWARE_GPU_FLAGS, SOFTWARE_GPU_FLAGS }) => (isHardware ? HARDWARE_GPU_FLAGS : SOFTWARE_GPU_FLAGS),
    tell,
  );

/** Measures in Node, as a process of its own, since the driver is chosen by its environment. Returns as above. */
export async function inNode(
  request: Request,
  isHardware: boolean,
  tell: (message: Message) => void,
): Promise<string | null> {
  const { softwareVulkan } = await finder();
  const driver = isHardware ? null : softwareVulkan();
  if (!isHardware && driver === null) return 'there is no software driver: it comes with Chromium';
  const env = { ...process.env, ...driver };
  const script = fileURLToPath(new URL('node.js', import.meta.url));
  const child = fork(script, [JSON.stringify(request)], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let isDone = false;
  child.on('message', (message) => {
    tell(message as Message);
    isDone ||= (message as Message).kind === 'end';
  });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code, signal) => resolve(isDone ? null : `the process ended with ${signal ?? code}`));
  });
}
