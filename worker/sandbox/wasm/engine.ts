/** The parts of the WebAssembly JavaScript interface that the sandbox uses, typed here: the project compiles without the DOM's types. */

export interface Memory {
  readonly buffer: ArrayBuffer;
}

export interface Global<T> {
  value: T;
}

/** Of functions. */
export interface Table {
  grow(by: number): number;
  set(index: number, value: unknown): void;
}

interface ErrorClass {
  new (message?: string): Error;
}

export interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => Memory;
  readonly Table: new (limits: { readonly element: "anyfunc"; readonly initial: number }) => Table;
  readonly Instance: new (module: object, imports: Imports) => Instance;
  readonly CompileError: ErrorClass;
  readonly RuntimeError: ErrorClass;
}

export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
