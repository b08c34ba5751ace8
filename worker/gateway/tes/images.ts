/** What an executor's image names here: a WebAssembly module. */
import { readFileSync } from "node:fs";
import { toHex } from "../../../chain/codec/bytes.ts";
import { sha256 } from "../../../chain/codec/hash.ts";
import { pathFault } from "../../sandbox/bundle.ts";
import { moduleLimits } from "../../sandbox/wasm/instrument.ts";
import { digestOf, type BlobStore } from "../../data/store.ts";
import { bytesAt, checkInput, type DataRules } from "./data.ts";
import { Refused, type TesTask } from "./types.ts";

/** A file of the task, or an address with the digest that it must have, where one is said. */
export type Image = { readonly kind: "file"; readonly path: string } | { readonly kind: "known"; readonly digest: string } | { readonly kind: "url"; readonly url: string; readonly digest: string | undefined };

const howTo = "the market runs WebAssembly modules, no containers: name one by an https: URL (with #sha256=HEX where it must be that one), by sha256:HEX, by the path of one of the task's files, or let the gateway's operator map this name to a module (dcm tes --image NAME=FILE)";

/** The gateway's own modules: by name, and by digest. */
export class Modules {
  readonly #blobs: BlobStore;
  readonly #names = new Map<string, string>();

  private constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** `named`: files of modules, by the image's name. Rejects where one is none. */
  static async open(blobs: BlobStore, named: Readonly<Record<string, string>>): Promise<Modules> {
    const modules = new Modules(blobs);
    for (const [name, file] of Object.entries(named)) modules.#names.set(name, await modules.keep(new Uint8Array(readFileSync(file)), file));
    return modules;
  }

  /** Keeps a module; gives its digest in hexadecimal. */
  async keep(module: Uint8Array, from: string): Promise<string> {
    if (Buffer.from(module.subarray(0, 4)).toString("latin1") !== "\0asm") throw new Error(`${from.slice(0, 200)} is no WebAssembly module: its first bytes are not \\0asm`);
    if (module.length > moduleLimits.bytes) throw new Error(`${from.slice(0, 200)} has ${module.length} bytes; a module has at most ${moduleLimits.bytes}`);
    const digest = await this.#blobs.put(module);
    this.#blobs.pin(digest);
    return toHex(digest);
  }

  find(digest: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(digestOf(digest)!);
  }

  has(digest: string): boolean {
    return this.#blobs.size(digestOf(digest)!) !== undefined;
  }

  named(name: string): string | undefined {
    return this.#names.get(name);
  }

  /** The module at an address. Rejects with an Error that names it. */
  async fetch({ url, digest }: Extract<Image, { kind: "url" }>, rules: DataRules, signal: AbortSignal): Promise<string> {
    if (digest !== undefined && this.has(digest)) return digest;
    let module: Uint8Array;
    try {
      module = await bytesAt(url, moduleLimits.bytes, rules, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`image ${url.slice(0, 200)}: ${(error as Error).message}`, { cause: error });
    }
    const found = toHex(sha256(module));
    if (digest !== undefined && found !== digest) throw new Error(`image ${url.slice(0, 200)} is ${found}, not the module that its sha256 names`);
    return this.keep(module, url);
  }
}

/** What the image of each executor is. Throws Refused, with what to do, where it is nothing that the market runs. */
export function imagesOf({ executors, inputs = [] }: TesTask, modules: Modules, rules: DataRules): Image[] {
  return executors.map(({ image }, i): Image => {
    const at = `executors[${i}].image`;
    const named = modules.named(image);
    if (named !== undefined) return { kind: "known", digest: named };
    const [, bare] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(image) ?? [];
    if (bare !== undefined) {
      if (!modules.has(bare)) throw new Refused(400, `${at}: the gateway has no module ${bare}; ${howTo}`);
      return { kind: "known", digest: bare };
    }
    if (image.startsWith("/")) {
      const fault = pathFault(image);
      if (fault !== undefined) throw new Refused(400, `${at} ${image.slice(0, 200)} ${fault}`);
      // An earlier executor may make it, and a directory may bring it.
      const brought = inputs.some(({ path, type }) => path === image || (type === "DIRECTORY" && (path === "/" || image.startsWith(`${path}/`))));
      if (i === 0 && !brought) throw new Refused(400, `${at} is ${image.slice(0, 200)}, which is the path of none of the task's inputs; ${howTo}`);
      return { kind: "file", path: image };
    }
    if (/^(?:https?|file|data):/i.test(image)) {
      const [url = "", fragment] = image.split("#");
      const [, digest] = /^sha256=([0-9a-f]{64})$/.exec(fragment ?? "") ?? [];
      if (fragment !== undefined && digest === undefined) throw new Refused(400, `${at}: what is behind # is sha256= and 64 hexadecimal digits`);
      checkInput({ url, type: "FILE" }, at, rules);
      return { kind: "url", url, digest };
    }
    throw new Refused(400, `${at} is ${JSON.stringify(image.slice(0, 200))}; ${howTo}`);
  });
}
