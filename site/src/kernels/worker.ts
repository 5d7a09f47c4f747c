import { follow } from './measuring.ts';
import type { Request, Told } from './messages.ts';

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void follow(data, (message: Told) => self.postMessage(message));
});
