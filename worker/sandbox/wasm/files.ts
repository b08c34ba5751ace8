/** The files of one run: a tree in memory that begins as a bundle says and is compared with it at the end. The same on every machine: no times, no owners, inodes and order of names by creation. */
import { bundleLimits, parentOf, type Entry } from "../bundle.ts";

/** What an entry takes of the room beside its content and its name. */
const entryBytes = 256;

export class File {
  readonly kind = "file";
  readonly inode: number;
  size = 0;
  /** Capacity; what is behind `size` is zero. */
  #bytes: Uint8Array;
  /** Whether `#bytes` are the bundle's own, which must not be written. */
  #shared: boolean;
  links = 0;
  /** Descriptors that hold it. */
  opens = 0;
  changed: boolean;

  constructor(inode: number, content?: Uint8Array) {
    this.inode = inode;
    this.#bytes = content ?? new Uint8Array(0);
    this.size = this.#bytes.length;
    this.#shared = content !== undefined;
    this.changed = content === undefined;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(Math.min(offset, this.size), Math.min(offset + length, this.size));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.size, offset + bytes.length));
    this.#bytes.set(bytes, offset);
  }

  resize(size: number): void {
    this.#own(size);
    if (size < this.size) this.#bytes.fill(0, size, Math.min(this.size, this.#bytes.length));
    this.size = size;
  }

  /** Makes the bytes its own, with room for `size` and at most about twice that. */
  #own(size: number): void {
    this.changed = true;
    const capacity = this.#bytes.length;
    if (!this.#shared && size <= capacity && size >= capacity >>> 1) return;
    const grown = new Uint8Array(size <= capacity ? size : Math.max(size, Math.min(2 * capacity, capacity + (16 << 20))));
    grown.set(this.#bytes.subarray(0, Math.min(this.size, size)));
    this.#bytes = grown;
    this.#shared = false;
  }
}

interface Child {
  /** Ascending in a directory: the cookie of whoever goes on behind it. */
  readonly serial: number;
  readonly name: string;
  readonly node: Node;
  /** It is no child any more, and holds the place of its serial. */
  gone: boolean;
}

export class Directory {
  readonly kind = "directory";
  readonly inode: number;
  parent: Directory;
  depth: number;
  removed = false;
  readonly #children = new Map<string, Child>();
  /** By serial. */
  #order: Child[] = [];
  #serial = 1;

  constructor(inode: number, parent?: Directory) {
    this.inode = inode;
    this.parent = parent ?? this;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  get empty(): boolean {
    return this.#children.size === 0;
  }

  get(name: string): Node | undefined {
    return this.#children.get(name)?.node;
  }

  set(name: string, node: Node): void {
    const child = { serial: this.#serial++, name, node, gone: false };
    this.#children.set(name, child);
    this.#order.push(child);
  }

  delete(name: string): void {
    this.#children.get(name)!.gone = true;
    this.#children.delete(name);
    while (this.#order.at(-1)?.gone === true) this.#order.pop();
    if (this.#order.length > 2 * this.#children.size + 64) this.#order = this.#order.filter(({ gone }) => !gone);
  }

  /** Children behind a serial, those that have gone among them. */
  *after(serial: number): Generator<Child> {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order[middle]!.serial > serial) high = middle;
      else low = middle + 1;
    }
    for (; low < this.#order.length; low++) yield this.#order[low]!;
  }

  children(): Child[] {
    return [...this.#children.values()];
  }
}

export type Node = File | Directory;

/** What a path leads to: the directory of its last part, that part, and what stands there. The root has no name. */
export interface Place {
  readonly directory: Directory;
  readonly name: string;
  readonly node: Node | undefined;
  /** A slash at its end: only a directory will do. */
  readonly asDirectory: boolean;
}

export type Failure = "exist" | "fbig" | "inval" | "isdir" | "nametoolong" | "noent" | "nospc" | "notdir" | "notempty";

/** A file call cannot be served; the program is told so. */
export class FileError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

export class Files {
  readonly root: Directory;
  readonly #room: number;
  #used = 0;
  #entries = 0;
  #inodes = 1;
  readonly #before: ReadonlyMap<string, Node>;

  /** `room`: the most that all entries together may take, in bytes, those of the bundle included. */
  constructor(entries: readonly Entry[], room: number) {
    this.root = new Directory(this.#inodes++);
    this.#room = Number.MAX_SAFE_INTEGER;
    const before = new Map<string, Node>();
    for (const entry of entries) {
      const directory = entry.path.lastIndexOf("/") === 0 ? this.root : (before.get(parentOf(entry.path)) as Directory);
      const node = entry.kind === "file" ? new File(this.#inodes++, entry.content) : new Directory(this.#inodes++, directory);
      this.#link(directory, entry.path.slice(entry.path.lastIndexOf("/") + 1), node);
      if (node.kind === "file") this.#take(node.size);
      before.set(entry.path, node);
    }
    this.#before = before;
    this.#room = Math.max(room, this.#used);
  }

  /** Where a path leads from a directory. `..` of the root is the root. Throws a FileError. */
  find(from: Directory, path: string): Place {
    if (path === "") throw new FileError("noent");
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    const asDirectory = /(?:^|\/)\.{0,2}$/.test(path);
    let directory = path.startsWith("/") ? this.root : from;
    for (const [i, part] of parts.entries()) {
      if (Buffer.byteLength(part) > bundleLimits.nameBytes) throw new FileError("nametoolong");
      if (part === "..") {
        directory = directory.parent;
        continue;
      }
      const node = directory.get(part);
      if (i === parts.length - 1) return { directory, name: part, node, asDirectory };
      if (node === undefined) throw new FileError("noent");
      if (node.kind === "file") throw new FileError("notdir");
      directory = node;
    }
    return { directory: directory.parent, name: "", node: directory, asDirectory: true };
  }

  createFile({ directory, name, asDirectory }: Place): File {
    if (asDirectory) throw new FileError("isdir");
    const file = new File(this.#inodes, undefined);
    this.#link(directory, name, file);
    this.#inodes++;
    return file;
  }

  createDirectory({ directory, name, node }: Place): void {
    if (node !== undefined) throw new FileError("exist");
    this.#link(directory, name, new Directory(this.#inodes, directory));
    this.#inodes++;
  }

  removeFile({ directory, name, node, asDirectory }: Place): void {
    if (node === undefined) throw new FileError("noent");
    if (node.kind === "directory") throw new FileError("isdir");
    if (asDirectory) throw new FileError("notdir");
    this.#unlink(directory, name, node);
  }

  removeDirectory({ directory, name, node }: Place): void {
    if (node === undefined) throw new FileError("noent");
    if (node.kind === "file") throw new FileError("notdir");
    if (name === "") throw new FileError("inval");
    if (!node.empty) throw new FileError("notempty");
    this.#unlink(directory, name, node);
  }

  /** Gives how many entries it looked at, where it had to know how deep a directory is. */
  rename(from: Place, to: Place): number {
    const { node } = from;
    if (node === undefined) throw new FileError("noent");
    if (from.name === "" || to.name === "") throw new FileError("inval");
    if (to.node === node) return 0;
    if (node.kind === "file" && (from.asDirectory || to.asDirectory)) throw new FileError("notdir");
    if (to.node !== undefined) {
      if (node.kind === "file" && to.node.kind === "directory") throw new FileError("isdir");
      if (node.kind === "directory" && to.node.kind === "file") throw new FileError("notdir");
      if (to.node.kind === "directory" && !to.node.empty) throw new FileError("notempty");
    }
    if (to.directory.removed) throw new FileError("noent");
    const below = node.kind === "file" ? { directories: [], looked: 0 } : this.#below(node);
    const grown = to.directory.depth + 1 - (node.kind === "file" ? 0 : node.depth);
    if (node.kind === "directory") {
      for (let at: Directory = to.directory; ; at = at.parent) {
        if (at === node) throw new FileError("inval");
        if (at === this.root) break;
      }
      if (below.directories.some(({ depth }) => depth + grown > bundleLimits.depth)) throw new FileError("nametoolong");
    } else if (to.directory.depth >= bundleLimits.depth) throw new FileError("nametoolong");
    this.#take(Buffer.byteLength(to.name) - Buffer.byteLength(from.name));
    // Nothing is refused from here on.
    for (const one of below.directories) one.depth += grown;
    if (to.node !== undefined) this.#unlink(to.directory, to.name, to.node);
    from.directory.delete(from.name);
    to.directory.set(to.name, node);
    if (node.kind === "directory") node.parent = to.directory;
    return below.looked;
  }

  write(file: File, offset: number, bytes: Uint8Array): void {
    this.#grow(file, offset + bytes.length);
    file.write(offset, bytes);
  }

  resize(file: File, size: number): void {
    if (size > file.size) this.#grow(file, size);
    else this.#take(size - file.size);
    file.resize(size);
  }

  /** A descriptor lets go of it. */
  close(file: File): void {
    file.opens--;
    if (file.links === 0 && file.opens === 0) this.#take(-file.size);
  }

  /** What is new, other than before, or gone; undefined where it takes more than so many bytes. Paths of 65,536 entries may take a gigabyte: none is made for which there is no room. */
  changes(most: number): Entry[] | undefined {
    const out: Entry[] = [];
    const found = new Set<string>();
    let left = most;
    for (const path of this.#before.keys()) left += Buffer.byteLength(path);
    const walk = (directory: Directory, at: string): void => {
      const length = Buffer.byteLength(at);
      for (const { name, node } of directory.children()) {
        left -= length + 1 + Buffer.byteLength(name);
        if (left < 0) return;
        const path = `${at}/${name}`;
        found.add(path);
        const same = this.#before.get(path) === node;
        if (node.kind === "directory") {
          if (this.#before.get(path)?.kind !== "directory") out.push({ kind: "directory", path });
          walk(node, path);
        } else if (!same || node.changed) {
          out.push({ kind: "file", path, content: node.read(0, node.size) });
        }
      }
    };
    walk(this.root, "");
    if (left < 0) return undefined;
    for (const path of this.#before.keys()) if (!found.has(path)) out.push({ kind: "removed", path });
    const keyed = out.map((entry) => ({ entry, key: Buffer.from(entry.path) }));
    return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry);
  }

  #below(directory: Directory): { readonly directories: readonly Directory[]; readonly looked: number } {
    const directories = [directory];
    let looked = 0;
    for (const one of directories) {
      for (const { node } of one.children()) {
        looked++;
        if (node.kind === "directory") directories.push(node);
      }
    }
    return { directories, looked };
  }

  #link(directory: Directory, name: string, node: Node): void {
    if (directory.removed) throw new FileError("noent");
    if (directory.depth >= bundleLimits.depth || Buffer.byteLength(name) > bundleLimits.nameBytes) throw new FileError("nametoolong");
    if (this.#entries >= bundleLimits.entries) throw new FileError("nospc");
    this.#take(entryBytes + Buffer.byteLength(name));
    this.#entries++;
    directory.set(name, node);
    if (node.kind === "file") node.links++;
  }

  #unlink(directory: Directory, name: string, node: Node): void {
    directory.delete(name);
    this.#entries--;
    this.#take(-entryBytes - Buffer.byteLength(name));
    if (node.kind === "directory") node.removed = true;
    else if (--node.links === 0 && node.opens === 0) this.#take(-node.size);
  }

  #grow(file: File, size: number): void {
    if (size > 2 ** 31) throw new FileError("fbig");
    if (size > file.size) this.#take(size - file.size);
  }

  #take(bytes: number): void {
    if (bytes > 0 && this.#used + bytes > this.#room) throw new FileError("nospc");
    this.#used += bytes;
  }
}
