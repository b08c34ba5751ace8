/** A task's files between its executors, on the gateway. */
import { bundleLimits, comparePaths, decodeBundle, encodeBundle, parentOf, type Entry } from "../../sandbox/bundle.ts";
import { maxFilesBytes } from "./order.ts";

/** Of all paths together: the rest of what a bundle takes in texts is for the command and its environment. */
const mostPathBytes = bundleLimits.textBytes / 2;

export class TaskFiles {
  /** Undefined: a directory. */
  readonly #all = new Map<string, Uint8Array | undefined>();
  #size = 0;
  #pathBytes = 0;

  static decode(bytes: Uint8Array): TaskFiles {
    const files = new TaskFiles();
    for (const entry of decodeBundle(bytes).entries) files.#put(entry.path, entry.kind === "file" ? entry.content : undefined);
    return files;
  }

  encode(): Uint8Array {
    return encodeBundle({ argv: [], env: {}, entries: this.entries() });
  }

  /** In the order that bundles want. */
  entries(): Entry[] {
    return [...this.#all].sort(([a], [b]) => comparePaths(a, b)).map(([path, content]) => (content === undefined ? { kind: "directory", path } : { kind: "file", path, content }));
  }

  /** Of what a file has, in bytes. */
  get size(): number {
    return this.#size;
  }

  get(path: string): Uint8Array | undefined {
    return this.#all.get(path);
  }

  isDirectory(path: string): boolean {
    return path === "/" || (this.#all.has(path) && this.#all.get(path) === undefined);
  }

  /** With the directories that it needs. Throws an Error where a file is in the way. */
  addFile(path: string, content: Uint8Array): void {
    this.addDirectory(parentOf(path));
    if (this.isDirectory(path)) throw new Error(`${path} is a directory already`);
    this.#put(path, content);
    this.#checkCount();
  }

  addDirectory(path: string): void {
    for (let at = path; at !== "/"; at = parentOf(at)) {
      if (this.#all.has(at)) {
        if (this.#all.get(at) !== undefined) throw new Error(`${at} is a file, and ${path} needs a directory there`);
        break;
      }
      this.#put(at, undefined);
    }
    this.#checkCount();
  }

  /** What an executor left. Throws an Error where that is no tree any more, or too much. */
  apply(changes: readonly Entry[]): void {
    for (const entry of changes) {
      this.#put(entry.path, entry.kind === "file" ? entry.content : undefined);
      if (entry.kind === "removed") {
        this.#all.delete(entry.path);
        this.#pathBytes -= Buffer.byteLength(entry.path);
      }
    }
    for (const path of this.#all.keys()) if (!this.isDirectory(parentOf(path))) throw new Error(`${path} stands in no directory`);
    this.#checkCount();
    if (this.size > maxFilesBytes) throw new Error(`the files of the task exceed ${maxFilesBytes} bytes`);
  }

  /** Files whose path fits, in order. */
  matching(fits: (path: string) => boolean): [path: string, content: Uint8Array][] {
    return [...this.#all].filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined && fits(entry[0])).sort(([a], [b]) => comparePaths(a, b));
  }

  #checkCount(): void {
    if (this.#all.size > bundleLimits.entries) throw new Error(`the task has more than ${bundleLimits.entries} files and directories`);
    if (this.#pathBytes > mostPathBytes) throw new Error(`the paths of the task's files and directories exceed ${mostPathBytes} bytes`);
  }

  #put(path: string, content: Uint8Array | undefined): void {
    if (!this.#all.has(path)) this.#pathBytes += Buffer.byteLength(path);
    this.#size += (content?.length ?? 0) - (this.#all.get(path)?.length ?? 0);
    this.#all.set(path, content);
  }
}
