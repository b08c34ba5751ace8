/** A run as the host's functions see it: the instance's memory, whose addresses a stranger chooses, and its fuel, which every call pays. */
import type { Global, Memory } from "./engine.ts";
import { weights } from "./opcodes.ts";

/** Ends a run from inside a host function. */
export class Stop extends Error {
  readonly end: { readonly exit: number } | { readonly trap: string } | "output-too-large" | "out-of-fuel";
  constructor(end: Stop["end"]) {
    super("stop");
    this.end = end;
  }
}

export type HostFunction = (...args: never[]) => number | undefined;

/** Of WASI preview 1. */
export const errno = {
  ok: 0, badf: 8, exist: 20, fault: 21, fbig: 22, ilseq: 25, inval: 28, isdir: 31, mfile: 33, nametoolong: 37, noent: 44, nospc: 51, notdir: 54, notempty: 55, notsup: 58, spipe: 70, notcapable: 76,
} as const;

const maxVectors = 1024;

export class Guest {
  #memory: Memory | undefined;
  #fuel: Global<bigint> | undefined;
  #full = 0n;

  attach(memory: Memory, fuel: Global<bigint>): void {
    this.#memory = memory;
    this.#fuel = fuel;
    this.#full = fuel.value;
  }

  /** Weighted instructions since the beginning. */
  get used(): bigint {
    return this.#full - this.#fuel!.value;
  }

  /** Takes the price of a call that moves `bytes`; gives `result`. */
  pay(bytes: number, result = 0): number {
    this.charge(BigInt(weights.host + (bytes >>> 3)));
    return result;
  }

  charge(weight: bigint): void {
    const fuel = this.#fuel!;
    fuel.value -= weight;
    if (fuel.value < 0n) throw new Stop("out-of-fuel");
  }

  trap(reason: string): never {
    throw new Stop({ trap: reason });
  }

  inside(at: number, length: number): boolean {
    return (at >>> 0) + (length >>> 0) <= this.#memory!.buffer.byteLength;
  }

  span(at: number, length: number): Uint8Array {
    if (!this.inside(at, length)) this.trap("an address outside the memory was given to the host");
    return new Uint8Array(this.#memory!.buffer, at >>> 0, length >>> 0);
  }

  paidSpan(at: number, length: number): Uint8Array {
    this.pay(length >>> 0);
    return this.span(at, length);
  }

  view(): DataView {
    return new DataView(this.#memory!.buffer);
  }

  u32(at: number, value: number): number {
    if (!this.inside(at, 4)) return errno.fault;
    this.view().setUint32(at >>> 0, value, true);
    return errno.ok;
  }

  u64(at: number, value: bigint): number {
    this.pay(8);
    if (!this.inside(at, 8)) return errno.fault;
    this.view().setBigUint64(at >>> 0, value, true);
    return errno.ok;
  }

  /** Address and length of each buffer; undefined where they do not lie in the memory. */
  vectors(at: number, n: number): [number, number][] | undefined {
    if (n >>> 0 > maxVectors || !this.inside(at, 8 * n)) return undefined;
    const view = this.view();
    const list: [number, number][] = [];
    for (let i = 0; i < n; i++) {
      const base = view.getUint32((at >>> 0) + 8 * i, true);
      const length = view.getUint32((at >>> 0) + 8 * i + 4, true);
      if (!this.inside(base, length)) return undefined;
      list.push([base, length]);
    }
    return list;
  }
}
