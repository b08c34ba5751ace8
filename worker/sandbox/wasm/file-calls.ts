/** WASI's calls on files, for a run that has some: descriptors from 3 on over a tree in memory. */
import { NoBundle, type Bundle, type Entry } from "../bundle.ts";
import { FileError, Files, type Directory, type File, type Node, type Place } from "./files.ts";
import { errno, Stop, type Guest, type HostFunction } from "./guest.ts";

interface Open {
  readonly node: Node;
  /** The name under which the program finds a directory that was there from the beginning. */
  readonly preopened?: string;
  readonly reads: boolean;
  readonly writes: boolean;
  appends: boolean;
  offset: number;
}

const firstFile = 3;
const maxOpen = 1_024;
const maxPreopened = 256;
const maxPathBytes = 16_384;
const type = { directory: 3, file: 4 } as const;
const create = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const right = { read: 1n << 1n, write: 1n << 6n } as const;
const append = 1;
/** Every right that WASI knows: what may be done is decided by what a descriptor is. */
const allRights = (1n << 30n) - 1n;
/** On top of what every call of the host pays: a call on a descriptor, one with a path, finding one part of it, one name of a directory, one entry below a directory that moves. */
const weight = { call: 1_500, path: 3_000, part: 400, name: 500, entry: 200 } as const;
/** Bytes that are cleared or given back for one unit. */
const cleared = 2;

export class FileCalls {
  readonly #guest: Guest;
  readonly #files: Files;
  readonly #open: (Open | undefined)[] = [];
  readonly #stdin: File | undefined;
  readonly #sinks: readonly (File | undefined)[];

  /** `room`: as for Files. Throws NoBundle where a bundle's streams or workdir do not fit its entries. */
  constructor(guest: Guest, bundle: Bundle, room: number) {
    this.#guest = guest;
    this.#files = new Files(bundle.entries, room);
    const { workdir = "/", stdin } = bundle;
    if (this.#place(workdir)?.node?.kind !== "directory") throw new NoBundle(`the workdir ${workdir} is no directory of the bundle`);
    for (const [name, node] of this.#preopened(bundle.entries, workdir)) this.#open.push({ node, preopened: name, reads: false, writes: false, appends: false, offset: 0 });
    this.#stdin = stdin === undefined ? undefined : this.#file("stdin", this.#place(stdin));
    this.#sinks = [bundle.stdout, bundle.stderr].map((path, i) => (path === undefined ? undefined : this.#sink(i === 0 ? "stdout" : "stderr", path)));
  }

  get stdinSize(): number {
    return this.#stdin?.size ?? 0;
  }

  stdin(offset: number, length: number): Uint8Array {
    return this.#stdin?.read(offset, length) ?? new Uint8Array(0);
  }

  /** Writes to the file that takes a stream's place; false where none does. Throws Stop where there is no room for it. */
  emit(stream: 1 | 2, bytes: Uint8Array): boolean {
    const sink = this.#sinks[stream - 1];
    if (sink === undefined) return false;
    if (this.#try(() => this.#files.write(sink, sink.size, bytes)) !== errno.ok) throw new Stop("output-too-large");
    return true;
  }

  /** Undefined where they take more than so many bytes. */
  changes(most: number): Entry[] | undefined {
    return this.#files.changes(most);
  }

  calls(): Record<string, HostFunction> {
    return {
      fd_advise: (fd: number) => this.#withFile(fd, () => errno.ok),
      fd_allocate: (fd: number, offset: bigint, length: bigint) => this.#withWritable(fd, (file) => {
        const size = Number(BigInt.asUintN(64, offset)) + Number(BigInt.asUintN(64, length));
        return size <= file.size ? errno.ok : this.#resize(file, size);
      }),
      fd_close: (fd: number) => this.#with(fd, ({ node }) => {
        this.#open[(fd >>> 0) - firstFile] = undefined;
        if (node.kind === "file") this.#files.close(node);
        return errno.ok;
      }),
      fd_datasync: (fd: number) => this.#with(fd, () => errno.ok),
      fd_sync: (fd: number) => this.#with(fd, () => errno.ok),
      fd_fdstat_get: (fd: number, to: number) => this.#with(fd, (open) => this.#struct(to, 24, (view, at) => {
        view.setUint8(at, type[open.node.kind]);
        view.setUint16(at + 2, open.appends ? append : 0, true);
        view.setBigUint64(at + 8, open.node.kind === "directory" ? allRights : allRights & ~(open.reads ? 0n : right.read) & ~(open.writes ? 0n : right.write), true);
        view.setBigUint64(at + 16, open.node.kind === "directory" ? allRights : 0n, true);
      })),
      fd_fdstat_set_flags: (fd: number, flags: number) => this.#with(fd, (open) => {
        open.appends = (flags & append) !== 0;
        return errno.ok;
      }),
      fd_fdstat_set_rights: (fd: number) => this.#with(fd, () => errno.ok),
      fd_filestat_get: (fd: number, to: number) => this.#with(fd, ({ node }) => this.#stat(node, to)),
      fd_filestat_set_size: (fd: number, size: bigint) => this.#withWritable(fd, (file) => this.#resize(file, Number(BigInt.asUintN(64, size)))),
      fd_filestat_set_times: (fd: number) => this.#with(fd, () => errno.ok),
      fd_prestat_get: (fd: number, to: number) => this.#with(fd, ({ preopened }) => (preopened === undefined ? errno.badf : this.#struct(to, 8, (view, at) => view.setUint32(at + 4, Buffer.byteLength(preopened), true)))),
      fd_prestat_dir_name: (fd: number, to: number, length: number) => this.#with(fd, ({ preopened }) => {
        if (preopened === undefined) return errno.badf;
        const name = Buffer.from(preopened);
        if (length >>> 0 < name.length) return errno.nametoolong;
        if (!this.#guest.inside(to, name.length)) return errno.fault;
        this.#guest.span(to, name.length).set(name);
        return errno.ok;
      }),
      fd_read: (fd: number, vectors: number, n: number, to: number) => this.#read(fd, vectors, n, to),
      fd_pread: (fd: number, vectors: number, n: number, offset: bigint, to: number) => this.#read(fd, vectors, n, to, offset),
      fd_write: (fd: number, vectors: number, n: number, to: number) => this.#write(fd, vectors, n, to),
      fd_pwrite: (fd: number, vectors: number, n: number, offset: bigint, to: number) => this.#write(fd, vectors, n, to, offset),
      fd_seek: (fd: number, offset: bigint, whence: number, to: number) => this.#withFile(fd, (open, file) => {
        const base = [0, open.offset, file.size][whence >>> 0];
        if (base === undefined) return errno.inval;
        const place = BigInt(base) + offset;
        if (place < 0n || place > BigInt(Number.MAX_SAFE_INTEGER)) return errno.inval;
        open.offset = Number(place);
        return this.#guest.u64(to, place);
      }),
      fd_tell: (fd: number, to: number) => this.#withFile(fd, ({ offset }) => this.#guest.u64(to, BigInt(offset))),
      fd_readdir: (fd: number, to: number, length: number, cookie: bigint, used: number) => this.#with(fd, ({ node }) => (node.kind === "directory" ? this.#list(node, to, length >>> 0, cookie, used) : errno.notdir)),
      path_create_directory: (fd: number, at: number, length: number) => this.#at(fd, at, length, (place) => this.#files.createDirectory(place)),
      path_filestat_get: (fd: number, _flags: number, at: number, length: number, to: number) => this.#at(fd, at, length, (place) => this.#stat(there(place), to)),
      path_filestat_set_times: (fd: number, _flags: number, at: number, length: number) => this.#at(fd, at, length, (place) => void there(place)),
      path_link: () => this.#guest.pay(0, errno.notsup),
      path_open: (fd: number, _flags: number, at: number, length: number, how: number, rights: bigint, _inheriting: bigint, flags: number, to: number) => this.#at(fd, at, length, (place) => this.#openAt(place, how, rights, flags, to)),
      path_readlink: (fd: number, at: number, length: number) => this.#at(fd, at, length, (place) => {
        there(place);
        return errno.inval;
      }),
      path_remove_directory: (fd: number, at: number, length: number) => this.#at(fd, at, length, (place) => this.#files.removeDirectory(place)),
      path_rename: (fd: number, at: number, length: number, toFd: number, toAt: number, toLength: number) => this.#at(fd, at, length, (from) => this.#at(toFd, toAt, toLength, (to) => this.#guest.charge(BigInt(weight.entry * this.#files.rename(from, to))))),
      path_symlink: () => this.#guest.pay(0, errno.notsup),
      path_unlink_file: (fd: number, at: number, length: number) => this.#at(fd, at, length, (place) => this.#files.removeFile(place)),
    };
  }

  /** One directory, or three kinds: wasi-libc looks for the longest of these names that a path begins with, without slashes before it, and must find the workdir for what fits none. */
  #preopened(entries: readonly Entry[], workdir: string): [string, Directory][] {
    const root: [string, Directory] = ["/", this.#files.root];
    if (workdir === "/") return [root];
    const top = entries.filter(({ kind, path }) => kind === "directory" && path.lastIndexOf("/") === 0).slice(0, maxPreopened);
    return [root, [".", this.#place(workdir)!.node as Directory], ...top.map(({ path }): [string, Directory] => [path, this.#place(path)!.node as Directory])];
  }

  /** Where a path of the bundle leads; undefined where there is no such directory. */
  #place(path: string): Place | undefined {
    try {
      return this.#files.find(this.#files.root, path);
    } catch {
      return undefined;
    }
  }

  #file(stream: string, place: Place | undefined): File {
    if (place?.node?.kind !== "file") throw new NoBundle(`${stream} is no file of the bundle`);
    return place.node;
  }

  #sink(stream: string, path: string): File {
    const place = this.#place(path);
    if (place === undefined || place.node?.kind === "directory") throw new NoBundle(`${stream} ${path} is a directory, or in none of the bundle`);
    const file = place.node ?? this.#files.createFile(place);
    this.#files.resize(file, 0);
    // The stream holds it to the end: where the program removes it, it takes its room all the same.
    file.opens++;
    return file;
  }

  #with(fd: number, call: (open: Open) => number): number {
    this.#guest.pay(64);
    this.#guest.charge(BigInt(weight.call));
    const open = this.#open[(fd >>> 0) - firstFile];
    return open === undefined ? errno.badf : call(open);
  }

  #withFile(fd: number, call: (open: Open, file: File) => number): number {
    return this.#with(fd, (open) => (open.node.kind === "file" ? call(open, open.node) : errno.badf));
  }

  #withWritable(fd: number, call: (file: File) => number): number {
    return this.#withFile(fd, (open, file) => (open.writes ? call(file) : errno.badf));
  }

  /** Resolves a path from a directory's descriptor. */
  #at(fd: number, at: number, length: number, call: (place: Place) => number | undefined | void): number {
    return this.#with(fd, ({ node }) => {
      if (node.kind !== "directory") return errno.notdir;
      if (length >>> 0 > maxPathBytes) return errno.nametoolong;
      const bytes = this.#guest.paidSpan(at, length);
      this.#guest.charge(BigInt(weight.path + 4 * bytes.length + weight.part * bytes.reduce((parts, byte) => parts + (byte === 0x2f ? 1 : 0), 1)));
      let path: string;
      try {
        path = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        return errno.ilseq;
      }
      if (path.includes("\0")) return errno.inval;
      return this.#try(() => call(this.#files.find(node, path)) ?? errno.ok);
    });
  }

  #try(call: () => number | undefined | void): number {
    try {
      return call() ?? errno.ok;
    } catch (error) {
      if (error instanceof FileError) return errno[error.failure];
      throw error;
    }
  }

  #openAt(place: Place, how: number, rights: bigint, flags: number, to: number): number {
    const writes = (rights & right.write) !== 0n;
    let { node } = place;
    if (node === undefined && (how & create.create) === 0) return errno.noent;
    if (node !== undefined && (how & create.create) !== 0 && (how & create.exclusive) !== 0) return errno.exist;
    if (node === undefined && (how & create.directory) !== 0) return errno.inval;
    if (node?.kind === "file" && ((how & create.directory) !== 0 || place.asDirectory)) return errno.notdir;
    if (node?.kind === "directory" && (writes || (how & create.truncate) !== 0)) return errno.isdir;
    const free = this.#open.indexOf(undefined);
    const index = free < 0 ? this.#open.length : free;
    if (index >= maxOpen) return errno.mfile;
    this.#guest.charge(BigInt(maxOpen));
    if (!this.#guest.inside(to, 4)) return errno.fault;
    node ??= this.#files.createFile(place);
    if (node.kind === "file") {
      if ((how & create.truncate) !== 0) this.#resize(node, 0);
      node.opens++;
    }
    this.#open[index] = { node, reads: node.kind === "file" && (rights & right.read) !== 0n, writes: node.kind === "file" && writes, appends: (flags & append) !== 0, offset: 0 };
    return this.#guest.u32(to, index + firstFile);
  }

  #resize(file: File, size: number): number {
    this.#guest.charge(BigInt(Math.floor(Math.min(Math.abs(size - file.size), 2 ** 32) / cleared)));
    return this.#try(() => this.#files.resize(file, size));
  }

  #read(fd: number, at: number, n: number, to: number, from?: bigint): number {
    this.#guest.pay(8 * (n >>> 0));
    return this.#withFile(fd, (open, file) => {
      if (!open.reads) return errno.badf;
      const list = this.#guest.vectors(at, n);
      if (list === undefined || !this.#guest.inside(to, 4)) return errno.fault;
      let place = from === undefined ? open.offset : Number(BigInt.asUintN(64, from));
      let total = 0;
      for (const [base, length] of list) {
        const part = file.read(place, length);
        this.#guest.pay(part.length);
        this.#guest.span(base, part.length).set(part);
        place += part.length;
        total += part.length;
      }
      if (from === undefined) open.offset = place;
      return this.#guest.u32(to, total);
    });
  }

  #write(fd: number, at: number, n: number, to: number, from?: bigint): number {
    this.#guest.pay(8 * (n >>> 0));
    return this.#withFile(fd, (open, file) => {
      if (!open.writes) return errno.badf;
      const list = this.#guest.vectors(at, n);
      if (list === undefined || !this.#guest.inside(to, 4)) return errno.fault;
      let place = from !== undefined ? Number(BigInt.asUintN(64, from)) : open.appends ? file.size : open.offset;
      let total = 0;
      const result = this.#try(() => {
        for (const [base, length] of list) {
          if (length === 0) continue;
          const bytes = this.#guest.paidSpan(base, length);
          this.#guest.charge(BigInt(Math.floor(Math.min(Math.max(0, place - file.size), 2 ** 32) / cleared)));
          this.#files.write(file, place, bytes);
          place += length;
          total += length;
        }
      });
      if (from === undefined) open.offset = place;
      return result !== errno.ok && total === 0 ? result : this.#guest.u32(to, total);
    });
  }

  #list(directory: Directory, to: number, length: number, cookie: bigint, used: number): number {
    if (!this.#guest.inside(to, length)) return errno.fault;
    const out = this.#guest.span(to, length);
    let filled = 0;
    // Cookies 0 to 2 stand before `.`, `..` and the first child.
    const first = BigInt.asUintN(64, cookie);
    const put = (next: bigint, name: string, node: Node): boolean => {
      const text = Buffer.from(name);
      const head = Buffer.alloc(24);
      head.writeBigUInt64LE(next, 0);
      head.writeBigUInt64LE(BigInt(node.inode), 8);
      head.writeUInt32LE(text.length, 16);
      head.writeUInt8(type[node.kind], 20);
      const bytes = Buffer.concat([head, text]).subarray(0, length - filled);
      this.#guest.pay(bytes.length);
      out.set(bytes, filled);
      filled += bytes.length;
      return filled < length;
    };
    let more = true;
    if (first <= 0n) more = put(1n, ".", directory);
    if (more && first <= 1n) more = put(2n, "..", directory.parent);
    if (more && first <= BigInt(Number.MAX_SAFE_INTEGER)) {
      for (const { serial, name, node, gone } of directory.after(Math.max(0, Number(first) - 2))) {
        this.#guest.charge(BigInt(weight.name));
        if (!gone && !put(BigInt(serial) + 2n, name, node)) break;
      }
    }
    return this.#guest.u32(used, filled);
  }

  #stat(node: Node, to: number): number {
    return this.#struct(to, 64, (view, at) => {
      view.setBigUint64(at + 8, BigInt(node.inode), true);
      view.setUint8(at + 16, type[node.kind]);
      view.setBigUint64(at + 24, 1n, true);
      view.setBigUint64(at + 32, node.kind === "file" ? BigInt(node.size) : 0n, true);
    });
  }

  /** Writes a cleared structure. */
  #struct(to: number, length: number, fill: (view: DataView, at: number) => void): number {
    if (!this.#guest.inside(to, length)) return errno.fault;
    this.#guest.span(to, length).fill(0);
    fill(this.#guest.view(), to >>> 0);
    return errno.ok;
  }
}

/** What stands at a place. Throws a FileError where nothing does. */
function there({ node, asDirectory }: Place): Node {
  if (node === undefined) throw new FileError("noent");
  if (asDirectory && node.kind === "file") throw new FileError("notdir");
  return node;
}
