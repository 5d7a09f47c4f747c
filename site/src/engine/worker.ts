import type { Command, Event } from './messages.ts';

const tell = (event: Event, transfer: Transferable[] = []): void => self.postMessage(event, { transfer });

self.addEventListener('message', ({ data }: MessageEvent<Command>) => {
  tell({ kind: 'refused', of: data.kind, message: 'The engine is not there.' });
});
