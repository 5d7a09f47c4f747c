/** What the kernels use of WebAssembly's interface; public declarations do not mention it. */
declare namespace WebAssembly {
  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBufferLike;
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: { env: Readonly<Record<string, unknown>> });
    readonly exports: object;
  }
  function validate(bytes: Uint8Array): boolean;
}
