import { decodeImage } from '../../src/data/index.ts';

/** Decodes what it is sent and answers with the pixels. */
const worker = globalThis as unknown as {
  onmessage: (event: { readonly data: Uint8Array }) => void;
  postMessage(answer: unknown): void;
};
worker.onmessage = async ({ data }) => worker.postMessage([...(await decodeImage(data)).data]);
