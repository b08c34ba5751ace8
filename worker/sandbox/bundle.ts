/**
 * "dcm bundle v1": how a task with files travels. Its input is a Bundle, a command with its files; its output is Changes, what the command left. Numbers are 32 bits, little-endian; texts are
 * UTF-8 behind their length; one value has one encoding, so replicas that agree on what happened agree on bytes.
 */

/** A path is absolute and normal: `/`, or parts behind one slash each, none of them empty, `.` or `..`, of at most 255 bytes. */
export type Entry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly content: Uint8Array }
  /** In Changes only. */
  | { readonly kind: "removed"; readonly path: string };

export interface Bundle {
  /** The program's name first. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A directory of the bundle; `/` where nothing is said. */
  readonly workdir?: string;
  /** Files that take the place of the streams: `stdin` is there, the others are made or emptied in directories that are there. */
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  /** In order of their paths' bytes; each in a directory that is there. */
  readonly entries: readonly Entry[];
}

export interface Changes {
  /** What went to the stream; empty where a file took its place. */
  readonly stdout: Uint8Array;
  /** The last 8 KiB of it, file or not. */
  readonly stderr: Uint8Array;
  /** What is new, other than before, or gone, in order of their paths' bytes. */
  readonly entries: readonly Entry[];
}

/** Bytes that are no bundle; the message says why. */
export class NoBundle extends Error {
  override readonly name = "NoBundle";
}

export const bundleLimits = { entries: 65_536, pathBytes: 16_384, nameBytes: 255, depth: 64, texts: 16_384, textBytes: 16 << 20 } as const;

const magic = { bundle: "dcm bundle v1\n", changes: "dcm changes v1\n" } as const;
const kinds = ["removed", "directory", "file"] as const;

/** Throws NoBundle where its texts and paths are too long for one. */
export function encodeBundle({ argv, env, workdir, stdin, stdout, stderr, entries }: Bundle): Uint8Array<ArrayBuffer> {
  const variables = Object.keys(env).sort(comparePaths).map((name) => `${name}=${env[name]!}`);
  const textBytes = [...argv, ...variables, ...entries.map(({ path }) => path), workdir, stdin, stdout, stderr].reduce((sum, one) => sum + Buffer.byteLength(one ?? ""), 0);
  if (textBytes > bundleLimits.textBytes) throw new NoBundle(`texts and paths have ${textBytes} bytes; at most ${bundleLimits.textBytes} may be`);
  return joined([Buffer.from(magic.bundle), ...texts(argv), ...texts(variables), ...[workdir, stdin, stdout, stderr].flatMap((path) => text(path ?? "")), ...entryParts(entries)]);
}

export function encodeChanges({ stdout, stderr, entries }: Changes): Uint8Array<ArrayBuffer> {
  return joined([Buffer.from(magic.changes), number(stdout.length), stdout, number(stderr.length), stderr, ...entryParts(entries)]);
}

/** Throws NoBundle. File contents are views of `bytes`. */
export function decodeBundle(bytes: Uint8Array): Bundle {
  const reader = new BundleReader(bytes, magic.bundle, bundleLimits.textBytes);
  const argv = reader.texts();
  const env = Object.fromEntries(reader.texts().map((pair): [string, string] => {
    const at = pair.indexOf("=");
    if (at < 1) throw new NoBundle("a variable of the environment has no name");
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
  const [workdir, stdin, stdout, stderr] = ["workdir", "stdin", "stdout", "stderr"].map((name) => [name, reader.text()] as const).map(([name, path]) => (path === "" ? {} : { [name]: normal(path) }));
  const entries = reader.entries(["directory", "file"]);
  reader.end();
  const directories = new Set(["/"]);
  for (const { kind, path } of entries) {
    if (!directories.has(parentOf(path))) throw new NoBundle(`${path} stands in no directory of the bundle`);
    if (kind === "directory") directories.add(path);
  }
  return { argv, env, ...workdir, ...stdin, ...stdout, ...stderr, entries };
}

/** Throws NoBundle. File contents are views of `bytes`. */
export function decodeChanges(bytes: Uint8Array): Changes {
  const reader = new BundleReader(bytes, magic.changes);
  const changes = { stdout: reader.run(), stderr: reader.run(), entries: reader.entries(kinds) };
  reader.end();
  return changes;
}

/** In the order of their UTF-8 bytes. */
export function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The directory that holds a path; `/` for itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** Why a text is no path of a bundle; undefined where it is one. */
export function pathFault(path: string): string | undefined {
  if (!path.startsWith("/")) return "is not absolute";
  if (Buffer.byteLength(path) > bundleLimits.pathBytes) return `exceeds ${bundleLimits.pathBytes} bytes`;
  if (!path.isWellFormed() || path.includes("\0")) return "is no text without zero bytes";
  if (path === "/") return undefined;
  const parts = path.slice(1).split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "has an empty part, . or ..";
  if (parts.length > bundleLimits.depth) return `is deeper than ${bundleLimits.depth} directories`;
  if (parts.some((part) => Buffer.byteLength(part) > bundleLimits.nameBytes)) return `has a part of more than ${bundleLimits.nameBytes} bytes`;
  return undefined;
}

function normal(path: string): string {
  const fault = pathFault(path);
  if (fault !== undefined) throw new NoBundle(`${JSON.stringify(path.slice(0, 200))} ${fault}`);
  return path;
}

class BundleReader {
  readonly #bytes: Uint8Array;
  readonly #mostTexts: number;
  #at: number;
  #texts = 0;

  constructor(bytes: Uint8Array, begin: string, mostTexts = Infinity) {
    this.#bytes = bytes;
    this.#mostTexts = mostTexts;
    this.#at = begin.length;
    if (Buffer.from(bytes.subarray(0, begin.length)).toString("latin1") !== begin) throw new NoBundle(`it does not begin with ${JSON.stringify(begin)}`);
  }

  number(): number {
    const part = this.#take(4);
    return new DataView(part.buffer, part.byteOffset, 4).getUint32(0, true);
  }

  run(): Uint8Array {
    return this.#take(this.number());
  }

  text(): string {
    const bytes = this.run();
    this.#texts += bytes.length;
    if (this.#texts > this.#mostTexts) throw new NoBundle(`texts and paths exceed ${this.#mostTexts} bytes`);
    try {
      const found = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      if (found.includes("\0")) throw new NoBundle("a text has a zero byte");
      return found;
    } catch (error) {
      throw error instanceof NoBundle ? error : new NoBundle("a text is not UTF-8");
    }
  }

  texts(): string[] {
    return Array.from({ length: this.#count(bundleLimits.texts) }, () => this.text());
  }

  entries(allowed: readonly Entry["kind"][]): Entry[] {
    let last = "";
    return Array.from({ length: this.#count(bundleLimits.entries) }, (): Entry => {
      const kind = kinds[this.#take(1)[0]!];
      if (kind === undefined || !allowed.includes(kind)) throw new NoBundle("an entry is of no kind that may stand there");
      const path = normal(this.text());
      if (path === "/" || (last !== "" && comparePaths(last, path) >= 0)) throw new NoBundle(`${path} is not in its place`);
      last = path;
      return kind === "file" ? { kind, path, content: this.run() } : { kind, path };
    });
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new NoBundle(`${this.#bytes.length - this.#at} bytes follow its end`);
  }

  #count(most: number): number {
    const count = this.number();
    if (count > most) throw new NoBundle(`a list has ${count} members; at most ${most} may be`);
    return count;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new NoBundle("it ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function entryParts(entries: readonly Entry[]): Uint8Array[] {
  return [number(entries.length), ...entries.flatMap((entry) => [Uint8Array.of(kinds.indexOf(entry.kind)), ...text(entry.path), ...(entry.kind === "file" ? [number(entry.content.length), entry.content] : [])])];
}

function texts(list: readonly string[]): Uint8Array[] {
  return [number(list.length), ...list.flatMap(text)];
}

function text(value: string): Uint8Array[] {
  const bytes = Buffer.from(value);
  return [number(bytes.length), bytes];
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
