/** The part of the WebAssembly interface that the hash engine uses; the project's type libraries are ECMAScript's alone. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    /** By `pages` of 64 KiB; gives the old number of pages. Throws a RangeError where there is no room. */
    grow(pages: number): number;
  }
  function validate(bytes: Uint8Array): boolean;
}
