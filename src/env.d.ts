/** The few globals that the core uses and every supported runtime has; public declarations do not mention them. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
declare const performance: { now(): number };
declare const console: { log(text: string): void; warn(text: string): void };
declare function btoa(text: string): string;
declare function atob(text: string): string;
declare function setTimeout(callback: () => void, milliseconds: number): unknown;
interface ImportMeta {
  readonly url: string;
}
declare class URL {
  constructor(url: string, base?: string);
  readonly href: string;
}
declare class DecompressionStream {
  constructor(format: 'gzip' | 'deflate-raw');
  readonly readable: {
    getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> };
  };
  readonly writable: {
    getWriter(): {
      write(bytes: Uint8Array): Promise<void>;
      close(): Promise<void>;
      abort(): Promise<void>;
    };
  };
}
declare class CompressionStream {
  constructor(format: 'gzip');
  readonly readable: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } };
  readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> } };
}
/** What pages and workers decode images with; Node has none of it but Blob. */
declare class Blob {
  constructor(parts: readonly Uint8Array<ArrayBuffer>[]);
}
interface ImageBitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
declare function createImageBitmap(blob: Blob, options: { colorSpaceConversion: 'none' }): Promise<ImageBitmap>;
declare class OffscreenCanvas {
  constructor(width: number, height: number);
  getContext(
    kind: '2d',
    options: { willReadFrequently: boolean },
  ): {
    fillStyle: unknown;
    imageSmoothingQuality: 'low' | 'medium' | 'high';
    fillRect(x: number, y: number, width: number, height: number): void;
    drawImage(image: ImageBitmap, x: number, y: number, width: number, height: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  } | null;
}
