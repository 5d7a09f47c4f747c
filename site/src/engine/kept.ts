import type { Network } from 'whittle-ml';

/** The network that was made last of each experiment, for files: by what stays the same from one start to the next. */
const compressed = new WeakMap<object, Network>();

export const keepCompressed = (experiment: object, network: Network): void => void compressed.set(experiment, network);
export const compressedOf = (experiment: object): Network | null => compressed.get(experiment) ?? null;
