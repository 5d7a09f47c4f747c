/** Runs as a process of its own: measures WebGPU by Dawn, which takes its driver from the environment. */
import { sink } from '../sampler.ts';
import type { Message, Request } from './results.ts';
import { measureMode } from './session.ts';

const tell = (message: Message): void => void process.send?.(message);

process.once('disconnect', () => process.exit()); // when all is told, or nobody listens any more

const request = JSON.parse(process.argv[2] ?? '') as Request;
await measureMode('webgpu', `Node ${process.versions.node}`, request, { tell });
tell({ kind: 'end', sink: sink.total });
process.disconnect?.();
