import { describe, expect, test } from 'vitest';
import { type DecodeImageOptions, decodeImage } from '../../src/data/index.ts';

/** Runs in a page, where a platform decodes; Node has no decoder, which tests/data/images.test.ts looks at. */
const isPage = 'document' in globalThis;

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
/** 3 pixels by 2, without losses: red, green, blue; (10, 20, 30), (200, 100, 50), white. */
const COLORS = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGElEQVR4nGP4z8DAAMFcInInUoz+//8PADwZB5XvwsbYAAAAAElFTkSuQmCC',
);
const RGB = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 255, 255, 255];
/** 3 by 2, in one channel. */
const GRAYS = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNgYPRlaDjxHwAFngKWW47cNgAAAABJRU5ErkJggg==',
);
const GRAY = [0, 1, 77, 128, 200, 255];
/** 2 by 1: one that is transparent, and red. */
const CLEAR = fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGPg5ORk+M/A8B8ABcECGpfhAtYAAAAASUVORK5CYII=',
);

const parts = (values: readonly number[]): number[] => values.map((value) => Math.fround(value / 255));

describe.skipIf(!isPage)('decodeImage in a page', () => {
  test('gives the pixels of a PNG from 0 to 1, in red, green and blue', async () => {
    for (const source of [COLORS, new Blob([COLORS]), new Response(COLORS)]) {
      const image = await decodeImage(source);
      expect([image.shape, image.dtype]).toEqual([[2, 3, 3], 'float32']);
      expect([...image.data]).toEqual(parts(RGB));
    }
  });

  test('in gray: what is gray stays to the bit, colours by their weights', async () => {
    const image = await decodeImage(GRAYS, { channels: 'gray' });
    expect(image.shape).toEqual([2, 3, 1]);
    expect([...image.data]).toEqual(parts(GRAY));
    const colors = await decodeImage(COLORS, { channels: 'gray' });
    const light = Array.from(
      { length: 6 },
      (_, i) => (299 * RGB[3 * i]! + 587 * RGB[3 * i + 1]! + 114 * RGB[3 * i + 2]!) / 1000,
    );
    expect([...colors.data]).toEqual(parts(light));
    expect([...(await decodeImage(GRAYS)).data]).toEqual(parts(GRAY.flatMap((value) => [value, value, value])));
  });

  test('shows white through what is transparent', async () => {
    expect([...(await decodeImage(CLEAR)).data]).toEqual(parts([255, 255, 255, 255, 0, 0]));
  });

  test('scales to a height and a width', async () => {
    const image = await decodeImage(COLORS, { size: [8, 5], channels: 'gray' });
    expect(image.shape).toEqual([8, 5, 1]);
    expect([...image.data].every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true);
    expect(image.data[39]).toBeGreaterThan(0.8); // white is at the end
  });

  test('in a worker', async () => {
    const worker = new Worker(new URL('./decode-image-worker.ts', import.meta.url), { type: 'module' });
    const answer = await new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(COLORS);
    });
    worker.terminate();
    expect(answer).toEqual(parts(RGB));
  });

  test.each<[what: string, bytes: Uint8Array, message: string]>([
    ['nothing', new Uint8Array(0), 'is empty'],
    ['a page', new TextEncoder().encode('<!doctype html><p>404</p>'), 'is an HTML page, not the file itself'],
    ['a half', COLORS.slice(0, 30), 'is a PNG image'],
    ['noise', Uint8Array.from({ length: 99 }, (_, i) => (i * 7919) % 251), 'is no image that this runtime decodes'],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await decodeImage(bytes).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'format', format: 'image', field: 'file' });
    expect(String(error)).toContain(message);
  });

  test.each<[options: unknown, message: string]>([
    [{ size: 8 }, 'size must be a list [height, width], got 8'],
    [{ size: [8] }, 'size must be a list [height, width], got [8]'],
    [{ size: [8, 0] }, 'size must be an integer of at least 1, got 0'],
    [{ size: [8, 1.5] }, 'size must be an integer of at least 1, got 1.5'],
    [{ channels: 'rgba' }, 'channels must be gray or rgb, got "rgba"'],
    [{ channels: 1 }, 'channels must be gray or rgb, got 1'],
  ])('refuses %j', async (options, message) => {
    await expect(decodeImage(COLORS, options as DecodeImageOptions)).rejects.toThrow(`decodeImage: ${message}`);
  });

  test('refuses what has no bytes', async () => {
    await expect(decodeImage('x.png' as never)).rejects.toThrow(
      'source must be the bytes of a file, a Blob or a Response',
    );
  });
});

test.skipIf(isPage)('in Node it says what to do', async () => {
  await expect(decodeImage(COLORS)).rejects.toMatchObject({ code: 'state' });
});
