/** What a module may import: the dcm functions, and a WASI preview 1 in which time stands still and the world is three streams. */
import { hash } from "node:crypto";
import { Writer } from "./binary.ts";
import type { Global, Imports, Memory } from "./engine.ts";
import { importNames } from "./imports.ts";
import { weights } from "./opcodes.ts";

/** Ends a run from inside a host function. */
export class Stop extends Error {
  readonly end: { readonly exit: number } | { readonly trap: string } | "output-too-large" | "out-of-fuel";
  constructor(end: Stop["end"]) {
    super("stop");
    this.end = end;
  }
}

export interface HostTask {
  readonly input: Uint8Array;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly seed: Uint8Array;
  readonly outputBytes: number;
}

export const stderrTail = 8192;
const maxVectors = 1024;
const errno = { ok: 0, badf: 8, fault: 21, inval: 28, notsup: 58, spipe: 70, notcapable: 76 } as const;

type HostFunction = (...args: never[]) => number | undefined;

/** The state of one run as its host functions see it. `attach` gives it the instance's memory and fuel. */
export class Host {
  readonly #task: HostTask;
  readonly output = new Writer(1024);
  readonly #errors = new Writer(256);
  #memory: Memory | undefined;
  #fuel: Global<bigint> | undefined;
  #read = 0;
  #randomBlock = 0n;
  #random = new Uint8Array(0);

  constructor(task: HostTask) {
    this.#task = task;
  }

  attach(memory: Memory, fuel: Global<bigint>): void {
    this.#memory = memory;
    this.#fuel = fuel;
  }

  get stderr(): Uint8Array {
    const all = this.#errors.take();
    return all.slice(Math.max(0, all.length - stderrTail));
  }

  imports(): Imports {
    return { dcm: this.#dcm(), env: { abort: this.#abort.bind(this) }, wasi_snapshot_preview1: this.#wasi() };
  }

  #dcm(): Record<string, HostFunction> {
    const { input, args } = this.#task;
    const texts = args.map((arg) => new TextEncoder().encode(arg));
    const text = (index: number): Uint8Array => texts[index >>> 0] ?? this.#trap(`there is no argument ${index >>> 0}`);
    return {
      input_size: () => this.#pay(0, input.length),
      input_read: (to: number, offset: number, length: number) => {
        const part = input.subarray(offset >>> 0, (offset >>> 0) + (length >>> 0));
        this.#pay(part.length);
        this.#span(to, part.length).set(part);
        return part.length;
      },
      output_write: (from: number, length: number) => this.#emit(1, this.#paidSpan(from, length)),
      log_write: (from: number, length: number) => this.#emit(2, this.#paidSpan(from, length)),
      args_count: () => this.#pay(0, texts.length),
      arg_size: (index: number) => this.#pay(0, text(index).length),
      arg_read: (index: number, to: number) => {
        const bytes = text(index);
        this.#pay(bytes.length);
        this.#span(to, bytes.length).set(bytes);
        return bytes.length;
      },
      exit: (code: number) => {
        throw new Stop({ exit: code });
      },
    };
  }

  #wasi(): Record<string, HostFunction> {
    const { args, env } = this.#task;
    const argv = strings(["task", ...args]);
    const environ = strings(Object.keys(env).sort(compareText).map((name) => `${name}=${env[name]!}`));
    const own: Record<string, HostFunction> = {
      args_sizes_get: this.#sizes(argv),
      args_get: this.#strings(argv),
      environ_sizes_get: this.#sizes(environ),
      environ_get: this.#strings(environ),
      clock_res_get: (_clock: number, to: number) => this.#u64(to, 1n),
      clock_time_get: (clock: number, _precision: bigint, to: number) => (clock >>> 0 > 3 ? errno.inval : this.#u64(to, 0n)),
      fd_close: (fd: number) => this.#pay(0, fd >>> 0 > 2 ? errno.badf : errno.ok),
      fd_fdstat_get: (fd: number, to: number) => this.#fdstat(fd, to),
      fd_read: (fd: number, vectors: number, n: number, read: number) => this.#wasiRead(fd, vectors, n, read),
      fd_write: (fd: number, vectors: number, n: number, written: number) => this.#wasiWrite(fd, vectors, n, written),
      fd_seek: (fd: number) => this.#pay(0, fd >>> 0 > 2 ? errno.badf : errno.spipe),
      fd_tell: (fd: number) => this.#pay(0, fd >>> 0 > 2 ? errno.badf : errno.spipe),
      proc_exit: (code: number) => {
        throw new Stop({ exit: code });
      },
      proc_raise: (signal: number) => this.#trap(`raised signal ${signal}`),
      random_get: (to: number, length: number) => this.#fillRandom(to, length),
      sched_yield: () => this.#pay(0),
    };
    for (const name of importNames("wasi_snapshot_preview1")) {
      if (Object.hasOwn(own, name)) continue;
      if (name.startsWith("fd_")) own[name] = (fd: number) => this.#pay(0, fd >>> 0 > 2 ? errno.badf : errno.notsup);
      else own[name] = () => this.#pay(0, name === "poll_oneoff" ? errno.notsup : errno.notcapable);
    }
    return own;
  }

  /** Takes the price of a call that moves `bytes`; gives `result`. */
  #pay(bytes: number, result = 0): number {
    this.#charge(BigInt(weights.host + (bytes >>> 3)));
    return result;
  }

  #charge(weight: bigint): void {
    const fuel = this.#fuel!;
    fuel.value -= weight;
    if (fuel.value < 0n) throw new Stop("out-of-fuel");
  }

  #trap(reason: string): never {
    throw new Stop({ trap: reason });
  }

  #inside(at: number, length: number): boolean {
    return (at >>> 0) + (length >>> 0) <= this.#memory!.buffer.byteLength;
  }

  #span(at: number, length: number): Uint8Array {
    if (!this.#inside(at, length)) this.#trap("an address outside the memory was given to the host");
    return new Uint8Array(this.#memory!.buffer, at >>> 0, length >>> 0);
  }

  #paidSpan(at: number, length: number): Uint8Array {
    this.#pay(length >>> 0);
    return this.#span(at, length);
  }

  #view(): DataView {
    return new DataView(this.#memory!.buffer);
  }

  #u32(at: number, value: number): number {
    if (!this.#inside(at, 4)) return errno.fault;
    this.#view().setUint32(at >>> 0, value, true);
    return errno.ok;
  }

  #u64(at: number, value: bigint): number {
    this.#pay(8);
    if (!this.#inside(at, 8)) return errno.fault;
    this.#view().setBigUint64(at >>> 0, value, true);
    return errno.ok;
  }

  #emit(stream: 1 | 2, bytes: Uint8Array): undefined {
    if (stream === 1) {
      if (this.output.length + bytes.length > this.#task.outputBytes) throw new Stop("output-too-large");
      this.output.append(bytes);
      return;
    }
    this.#errors.append(bytes.subarray(Math.max(0, bytes.length - stderrTail)));
    if (this.#errors.length > 2 * stderrTail) {
      const tail = this.stderr;
      this.#errors.length = 0;
      this.#errors.append(tail);
    }
  }

  #sizes(list: readonly Uint8Array[]): HostFunction {
    const total = list.reduce((sum, one) => sum + one.length, 0);
    return (countAt: number, sizeAt: number) => this.#pay(8) || this.#u32(countAt, list.length) || this.#u32(sizeAt, total);
  }

  #strings(list: readonly Uint8Array[]): HostFunction {
    const total = list.reduce((sum, one) => sum + one.length, 0);
    return (pointers: number, buffer: number) => {
      this.#pay(total + 4 * list.length);
      if (!this.#inside(pointers, 4 * list.length) || !this.#inside(buffer, total)) return errno.fault;
      let at = buffer >>> 0;
      list.forEach((bytes, i) => {
        this.#u32((pointers >>> 0) + 4 * i, at);
        this.#span(at, bytes.length).set(bytes);
        at += bytes.length;
      });
      return errno.ok;
    };
  }

  #fdstat(fd: number, to: number): number {
    this.#pay(24);
    if (fd >>> 0 > 2) return errno.badf;
    if (!this.#inside(to, 24)) return errno.fault;
    this.#span(to, 24).fill(0);
    this.#view().setBigUint64((to >>> 0) + 8, fd === 0 ? 2n : 64n, true);
    return errno.ok;
  }

  /** Address and length of each buffer; undefined where they do not lie in the memory. */
  #vectors(at: number, n: number): [number, number][] | undefined {
    if (n >>> 0 > maxVectors || !this.#inside(at, 8 * n)) return undefined;
    const view = this.#view();
    const list: [number, number][] = [];
    for (let i = 0; i < n; i++) {
      const base = view.getUint32((at >>> 0) + 8 * i, true);
      const length = view.getUint32((at >>> 0) + 8 * i + 4, true);
      if (!this.#inside(base, length)) return undefined;
      list.push([base, length]);
    }
    return list;
  }

  #wasiRead(fd: number, at: number, n: number, readAt: number): number {
    this.#pay(8 * (n >>> 0));
    if (fd !== 0) return errno.badf;
    const list = this.#vectors(at, n);
    if (list === undefined) return errno.fault;
    let total = 0;
    for (const [base, length] of list) {
      const part = this.#task.input.subarray(this.#read, this.#read + length);
      this.#pay(part.length);
      this.#span(base, part.length).set(part);
      this.#read += part.length;
      total += part.length;
    }
    return this.#u32(readAt, total);
  }

  #wasiWrite(fd: number, at: number, n: number, writtenAt: number): number {
    this.#pay(8 * (n >>> 0));
    if (fd !== 1 && fd !== 2) return errno.badf;
    const list = this.#vectors(at, n);
    if (list === undefined) return errno.fault;
    let total = 0;
    for (const [base, length] of list) {
      this.#emit(fd, this.#paidSpan(base, length));
      total += length;
    }
    return this.#u32(writtenAt, total);
  }

  /** SHA-256("dcm random v1" || seed || block number), block after block through the whole run. */
  #fillRandom(to: number, length: number): number {
    this.#pay(length >>> 0);
    if (!this.#inside(to, length)) return errno.fault;
    const target = this.#span(to, length);
    for (let at = 0; at < target.length; ) {
      if (this.#random.length === 0) {
        this.#charge(BigInt(weights.randomBlock));
        const number = new Uint8Array(8);
        new DataView(number.buffer).setBigUint64(0, this.#randomBlock++);
        this.#random = new Uint8Array(hash("sha256", Buffer.concat([Buffer.from("dcm random v1"), this.#task.seed, number]), "buffer"));
      }
      const part = this.#random.subarray(0, target.length - at);
      target.set(part, at);
      at += part.length;
      this.#random = this.#random.subarray(part.length);
    }
    return errno.ok;
  }

  /** AssemblyScript's abort: the message and the place go to stderr. */
  #abort(message: number, file: number, line: number, column: number): never {
    this.#pay(0);
    const text = `abort: ${this.#utf16(message)} at ${this.#utf16(file)}:${line >>> 0}:${column >>> 0}\n`;
    this.#emit(2, new TextEncoder().encode(text));
    return this.#trap("aborted");
  }

  /** A string of AssemblyScript: UTF-16, its length in bytes four bytes before it; at most 512 units. */
  #utf16(at: number): string {
    if (at >>> 0 < 4 || !this.#inside((at >>> 0) - 4, 4)) return "";
    const length = Math.min(this.#view().getUint32((at >>> 0) - 4, true), 1024) & ~1;
    if (!this.#inside(at, length)) return "";
    return new TextDecoder("utf-16le").decode(this.#span(at, length));
  }
}

function strings(list: readonly string[]): Uint8Array[] {
  return list.map((text) => new TextEncoder().encode(`${text}\0`));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
