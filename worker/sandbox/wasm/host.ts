/** What a module may import: the dcm functions, and a WASI preview 1 in which time stands still and the world is three streams; where the input is a bundle, its files are there, and time goes by work. */
import { hash } from "node:crypto";
import { decodeBundle, encodeChanges, type Bundle } from "../bundle.ts";
import { Writer } from "./binary.ts";
import { Clock } from "./clock.ts";
import type { Global, Imports, Memory } from "./engine.ts";
import { FileCalls } from "./file-calls.ts";
import { errno, Guest, Stop, type HostFunction } from "./guest.ts";
import { importNames } from "./imports.ts";
import { weights } from "./opcodes.ts";

export interface HostTask {
  readonly input: Uint8Array;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly seed: Uint8Array;
  readonly outputBytes: number;
  /** The input is a bundle, the output its changes. */
  readonly files: boolean;
}

export const stderrTail = 8192;

/** The state of one run as its host functions see it. `attach` gives it the instance's memory and fuel. */
export class Host {
  readonly #task: HostTask;
  readonly #output = new Writer(1024);
  readonly #errors = new Writer(256);
  readonly #guest = new Guest();
  readonly #bundle: Bundle | undefined;
  readonly #files: FileCalls | undefined;
  #read = 0;
  #randomBlock = 0n;
  #random = new Uint8Array(0);

  /** Throws NoBundle where the input should be one and is none. */
  constructor(task: HostTask) {
    this.#task = task;
    if (!task.files) return;
    this.#bundle = decodeBundle(task.input);
    this.#files = new FileCalls(this.#guest, this.#bundle, task.input.length + task.outputBytes);
  }

  attach(memory: Memory, fuel: Global<bigint>): void {
    this.#guest.attach(memory, fuel);
  }

  /** What the task gives where it ends by itself; undefined where that is too large. */
  result(): Uint8Array | undefined {
    if (this.#files === undefined) return this.#output.take().slice();
    const entries = this.#files.changes(this.#task.outputBytes);
    if (entries === undefined) return undefined;
    const changes = encodeChanges({ stdout: this.#output.take(), stderr: this.stderr, entries });
    return changes.length > this.#task.outputBytes ? undefined : changes;
  }

  get stderr(): Uint8Array {
    const all = this.#errors.take();
    return all.slice(Math.max(0, all.length - stderrTail));
  }

  imports(): Imports {
    return { dcm: this.#dcm(), env: { abort: this.#abort.bind(this) }, wasi_snapshot_preview1: this.#wasi() };
  }

  #dcm(): Record<string, HostFunction> {
    const args = this.#bundle?.argv.slice(1) ?? this.#task.args;
    const texts = args.map((arg) => new TextEncoder().encode(arg));
    const text = (index: number): Uint8Array => texts[index >>> 0] ?? this.#guest.trap(`there is no argument ${index >>> 0}`);
    return {
      input_size: () => this.#guest.pay(0, this.#files?.stdinSize ?? this.#task.input.length),
      input_read: (to: number, offset: number, length: number) => {
        const part = this.#stdin(offset >>> 0, length >>> 0);
        this.#guest.pay(part.length);
        this.#guest.span(to, part.length).set(part);
        return part.length;
      },
      output_write: (from: number, length: number) => this.#emit(1, this.#guest.paidSpan(from, length)),
      log_write: (from: number, length: number) => this.#emit(2, this.#guest.paidSpan(from, length)),
      args_count: () => this.#guest.pay(0, texts.length),
      arg_size: (index: number) => this.#guest.pay(0, text(index).length),
      arg_read: (index: number, to: number) => {
        const bytes = text(index);
        this.#guest.pay(bytes.length);
        this.#guest.span(to, bytes.length).set(bytes);
        return bytes.length;
      },
      exit: (code: number) => {
        throw new Stop({ exit: code });
      },
    };
  }

  #wasi(): Record<string, HostFunction> {
    const env = this.#environment();
    const argv = strings(this.#bundle?.argv ?? ["task", ...this.#task.args]);
    const environ = strings(Object.keys(env).sort(compareText).map((name) => `${name}=${env[name]!}`));
    const own: Record<string, HostFunction> = {
      args_sizes_get: this.#sizes(argv),
      args_get: this.#strings(argv),
      environ_sizes_get: this.#sizes(environ),
      environ_get: this.#strings(environ),
      clock_res_get: (_clock: number, to: number) => this.#guest.u64(to, 1n),
      clock_time_get: (clock: number, _precision: bigint, to: number) => (clock >>> 0 > 3 ? errno.inval : this.#guest.u64(to, 0n)),
      fd_close: (fd: number) => this.#guest.pay(0, fd >>> 0 > 2 ? errno.badf : errno.ok),
      fd_fdstat_get: (fd: number, to: number) => this.#fdstat(fd, to),
      fd_read: (fd: number, vectors: number, n: number, read: number) => this.#wasiRead(fd, vectors, n, read),
      fd_write: (fd: number, vectors: number, n: number, written: number) => this.#wasiWrite(fd, vectors, n, written),
      fd_seek: (fd: number) => this.#guest.pay(0, fd >>> 0 > 2 ? errno.badf : errno.spipe),
      fd_tell: (fd: number) => this.#guest.pay(0, fd >>> 0 > 2 ? errno.badf : errno.spipe),
      proc_exit: (code: number) => {
        throw new Stop({ exit: code });
      },
      proc_raise: (signal: number) => this.#guest.trap(`raised signal ${signal}`),
      random_get: (to: number, length: number) => this.#fillRandom(to, length),
      sched_yield: () => this.#guest.pay(0),
    };
    for (const name of importNames("wasi_snapshot_preview1")) {
      if (Object.hasOwn(own, name)) continue;
      if (name.startsWith("fd_")) own[name] = (fd: number) => this.#guest.pay(0, fd >>> 0 > 2 ? errno.badf : errno.notsup);
      else own[name] = () => this.#guest.pay(0, name === "poll_oneoff" ? errno.notsup : errno.notcapable);
    }
    return this.#files === undefined ? own : withStreams({ ...own, ...new Clock(this.#guest).calls() }, this.#files.calls());
  }

  /** Go's programs find their working directory in PWD. */
  #environment(): Readonly<Record<string, string>> {
    if (this.#bundle === undefined) return this.#task.env;
    const { env, workdir } = this.#bundle;
    return workdir === undefined ? env : { PWD: workdir, ...env };
  }

  #stdin(offset: number, length: number): Uint8Array {
    return this.#files?.stdin(offset, length) ?? this.#task.input.subarray(offset, offset + length);
  }

  #emit(stream: 1 | 2, bytes: Uint8Array): undefined {
    const filed = this.#files?.emit(stream, bytes) === true;
    if (stream === 1) {
      if (filed) return;
      if (this.#output.length + bytes.length > this.#task.outputBytes) throw new Stop("output-too-large");
      this.#output.append(bytes);
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
    return (countAt: number, sizeAt: number) => this.#guest.pay(8) || this.#guest.u32(countAt, list.length) || this.#guest.u32(sizeAt, total);
  }

  #strings(list: readonly Uint8Array[]): HostFunction {
    const total = list.reduce((sum, one) => sum + one.length, 0);
    return (pointers: number, buffer: number) => {
      this.#guest.pay(total + 4 * list.length);
      if (!this.#guest.inside(pointers, 4 * list.length) || !this.#guest.inside(buffer, total)) return errno.fault;
      let at = buffer >>> 0;
      list.forEach((bytes, i) => {
        this.#guest.u32((pointers >>> 0) + 4 * i, at);
        this.#guest.span(at, bytes.length).set(bytes);
        at += bytes.length;
      });
      return errno.ok;
    };
  }

  #fdstat(fd: number, to: number): number {
    this.#guest.pay(24);
    if (fd >>> 0 > 2) return errno.badf;
    if (!this.#guest.inside(to, 24)) return errno.fault;
    this.#guest.span(to, 24).fill(0);
    this.#guest.view().setBigUint64((to >>> 0) + 8, fd === 0 ? 2n : 64n, true);
    return errno.ok;
  }

  #wasiRead(fd: number, at: number, n: number, readAt: number): number {
    this.#guest.pay(8 * (n >>> 0));
    if (fd !== 0) return errno.badf;
    const list = this.#guest.vectors(at, n);
    if (list === undefined) return errno.fault;
    let total = 0;
    for (const [base, length] of list) {
      const part = this.#stdin(this.#read, length);
      this.#guest.pay(part.length);
      this.#guest.span(base, part.length).set(part);
      this.#read += part.length;
      total += part.length;
    }
    return this.#guest.u32(readAt, total);
  }

  #wasiWrite(fd: number, at: number, n: number, writtenAt: number): number {
    this.#guest.pay(8 * (n >>> 0));
    if (fd !== 1 && fd !== 2) return errno.badf;
    const list = this.#guest.vectors(at, n);
    if (list === undefined) return errno.fault;
    let total = 0;
    for (const [base, length] of list) {
      this.#emit(fd, this.#guest.paidSpan(base, length));
      total += length;
    }
    return this.#guest.u32(writtenAt, total);
  }

  /** SHA-256("dcm random v1" || seed || block number), block after block through the whole run. */
  #fillRandom(to: number, length: number): number {
    this.#guest.pay(length >>> 0);
    if (!this.#guest.inside(to, length)) return errno.fault;
    const target = this.#guest.span(to, length);
    for (let at = 0; at < target.length; ) {
      if (this.#random.length === 0) {
        this.#guest.charge(BigInt(weights.randomBlock));
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
    this.#guest.pay(0);
    const text = `abort: ${this.#utf16(message)} at ${this.#utf16(file)}:${line >>> 0}:${column >>> 0}\n`;
    this.#emit(2, new TextEncoder().encode(text));
    return this.#guest.trap("aborted");
  }

  /** A string of AssemblyScript: UTF-16, its length in bytes four bytes before it; at most 512 units. */
  #utf16(at: number): string {
    if (at >>> 0 < 4 || !this.#guest.inside((at >>> 0) - 4, 4)) return "";
    const length = Math.min(this.#guest.view().getUint32((at >>> 0) - 4, true), 1024) & ~1;
    if (!this.#guest.inside(at, length)) return "";
    return new TextDecoder("utf-16le").decode(this.#guest.span(at, length));
  }
}

/** Descriptors 0 to 2 are streams, those above files, paths are files alone. */
function withStreams(streams: Readonly<Record<string, HostFunction>>, files: Readonly<Record<string, HostFunction>>): Record<string, HostFunction> {
  const both = Object.entries(files).map(([name, file]): [string, HostFunction] => {
    const stream = streams[name]!;
    return [name, name.startsWith("fd_") ? (fd: number, ...rest: never[]) => (fd >>> 0 > 2 ? file : stream)(fd as never, ...rest) : file];
  });
  return { ...streams, ...Object.fromEntries(both) };
}

function strings(list: readonly string[]): Uint8Array[] {
  return list.map((text) => new TextEncoder().encode(`${text}\0`));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
