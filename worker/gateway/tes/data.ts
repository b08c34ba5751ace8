/** Where a task's inputs come from and its outputs go to: content, http(s), data:, and folders of the gateway's machine that its operator opened. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parentOf } from "../../sandbox/bundle.ts";
import { maxFilesBytes } from "./order.ts";
import type { TaskFiles } from "./tree.ts";
import { Refused, type OutputFileLog, type TesInput, type TesOutput } from "./types.ts";
import { getWeb, putWeb, webFault, type WebRules } from "./web.ts";
import { hasWildcards, matcher } from "./wildcards.ts";

export interface DataRules extends WebRules {
  /** Folders of this machine below which `file:` reads and writes, with links resolved. */
  readonly folders: readonly string[];
}

/** Whether an input can be had by its form; `at` names its address. Throws Refused. */
export function checkInput({ url = "", type, content }: Pick<TesInput, "url" | "type" | "content">, at: string, rules: DataRules): void {
  if (content !== undefined) return;
  const scheme = schemeOf(url);
  if (scheme === "file") {
    checked(at, () => localPath(url, rules));
    return;
  }
  if (type === "DIRECTORY") throw new Refused(400, `${at} is ${url.slice(0, 200)}; a directory is read from file: only, name its files one by one`);
  if (scheme === "data") return;
  const fault = webFault(url, rules);
  if (fault !== undefined) throw new Refused(400, `${at} ${url.slice(0, 200)} ${fault}; inputs come from http(s):, data:, file: below a folder that the operator opened, or content`);
}

/** Whether an output can be delivered by its form. Throws Refused. */
export function checkOutput({ url, type, path }: TesOutput, at: string, rules: DataRules): void {
  if (schemeOf(url) === "file") {
    checked(at, () => localPath(url, rules));
    return;
  }
  const fault = webFault(url, rules);
  if (fault !== undefined) throw new Refused(400, `${at} ${url.slice(0, 200)} ${fault}; outputs go to file: below a folder that the operator opened, or by PUT to http(s):`);
  if ((type === "DIRECTORY" || hasWildcards(path)) && new URL(url).search !== "") throw new Refused(400, `${at} has a query; the paths of several files are put behind its path: sign one address for each file`);
}

/** Puts an input into a task's files. Rejects with an Error that names it. */
export async function gather(input: TesInput, files: TaskFiles, rules: DataRules, signal: AbortSignal): Promise<void> {
  const { url = "", path, type, content } = input;
  const left = maxFilesBytes - files.size;
  const add = (to: string, bytes: Uint8Array): void => {
    if (bytes.length > left) throw new Error(`the files of the task exceed ${maxFilesBytes} bytes`);
    files.addFile(to, bytes);
  };
  try {
    if (content !== undefined) add(path, new Uint8Array(Buffer.from(content)));
    else if (schemeOf(url) === "file") readLocal(localPath(url, rules), path, type === "DIRECTORY", files, rules);
    else if (schemeOf(url) === "data") add(path, new Uint8Array(await (await fetch(url, { signal })).arrayBuffer()));
    else add(path, await getWeb(url, left, rules, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`input ${path} from ${url === "" ? "content" : url.slice(0, 200)}: ${(error as Error).message}`, { cause: error });
  }
}

/** The bytes behind an address, for modules: http(s), data and file alike. */
export async function bytesAt(url: string, maxBytes: number, rules: DataRules, signal: AbortSignal): Promise<Uint8Array> {
  const scheme = schemeOf(url);
  if (scheme === "data") return new Uint8Array(await (await fetch(url, { signal })).arrayBuffer());
  if (scheme !== "file") return getWeb(url, maxBytes, rules, signal);
  const path = localPath(url, rules);
  const status = statSync(path);
  if (!status.isFile()) throw new Error(`${path} is no file`);
  if (status.size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  return new Uint8Array(readFileSync(path));
}

export interface Delivery {
  /** Within the task. */
  readonly path: string;
  readonly url: string;
  readonly content: Uint8Array;
}

/** What goes where. Throws an Error where an output is not there. */
export function deliveriesOf({ path, path_prefix: prefix, url, type }: TesOutput, files: TaskFiles): Delivery[] {
  const urlOf = below(url);
  if (hasWildcards(path)) {
    return files.matching(matcher(path)).map(([found, content]) => ({ path: found, content, url: urlOf(found.startsWith(prefix!) ? found.slice(prefix!.length) : found) }));
  }
  if (files.isDirectory(path)) return files.matching((one) => one.startsWith(path === "/" ? path : `${path}/`)).map(([found, content]) => ({ path: found, content, url: urlOf(found.slice(path.length)) }));
  const content = files.get(path);
  if (content === undefined) throw new Error(`the output ${path} is not there: no executor made it`);
  if (type === "DIRECTORY") throw new Error(`the output ${path} is a file, not a directory`);
  return [{ path, content, url }];
}

/** Again after a kill: it puts the same bytes into the same places. */
export async function deliver({ path, url, content }: Delivery, rules: DataRules, signal: AbortSignal): Promise<OutputFileLog> {
  try {
    if (schemeOf(url) === "file") writeLocal(localPath(url, rules), content);
    else await putWeb(url, content, rules, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`output ${path} to ${url.slice(0, 200)}: ${(error as Error).message}`, { cause: error });
  }
  return { url, path, size_bytes: String(content.length) };
}

function below(url: string): (path: string) => string {
  // Cut by hand: a pattern that ends with $ takes the square of the time of a url that is all slashes.
  let end = url.length;
  while (url[end - 1] === "/") end--;
  const base = url.slice(0, end);
  return (path) => {
    const names = path.split("/").filter((name) => name !== "");
    return `${base}/${(url.startsWith("/") ? names : names.map(encodeURIComponent)).join("/")}`;
  };
}

/** `file` for plain absolute paths, too. */
function schemeOf(url: string): string {
  return url.startsWith("/") ? "file" : (/^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? "");
}

function checked(at: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    throw new Refused(400, `${at}: ${(error as Error).message}`);
  }
}

/** A path on this machine, links resolved as far as it exists. Throws an Error where it is outside the folders that are open. */
function localPath(url: string, { folders }: DataRules): string {
  if (folders.length === 0) throw new Error("the gateway's operator has opened no folder for file: (dcm tes --files FOLDER)");
  const given = url.startsWith("/") ? url : fileURLToPath(url);
  if (given.includes("\0")) throw new Error("a path has a zero byte");
  const real = resolved(given);
  if (folders.some((folder) => isBelow(realpathSync(folder), real))) return real;
  throw new Error(`${given.slice(0, 200)} is outside of the folders that the gateway's operator opened`);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    return join(resolved(dirname(path)), basename(path));
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
}

/** A file, or a directory with all that is below it; links inside count as what they lead to, where that is open. */
function readLocal(from: string, to: string, asDirectory: boolean, files: TaskFiles, rules: DataRules): void {
  const status = statSync(from);
  if (!status.isDirectory()) {
    if (asDirectory) throw new Error(`${from} is no directory`);
    if (!status.isFile()) throw new Error(`${from} is neither a file nor a directory`);
    if (files.size + status.size > maxFilesBytes) throw new Error(`the files of the task exceed ${maxFilesBytes} bytes`);
    files.addFile(to, new Uint8Array(readFileSync(from)));
    return;
  }
  files.addDirectory(to);
  if (to.split("/").length > 64) throw new Error(`${from} is too deep, or leads back to itself`);
  for (const name of readdirSync(from).sort()) readLocal(localPath(join(from, name), rules), to === "/" ? `/${name}` : `${to}/${name}`, false, files, rules);
}

/** A reader sees the old file or the new one. */
function writeLocal(path: string, content: Uint8Array): void {
  // The draft of a folder that is open would lie beside it.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error(`${path} is a directory`);
  mkdirSync(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${randomBytes(8).toString("hex")}.dcm`);
  try {
    const file = openSync(draft, "wx", 0o644);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    // A disk that is full is not to be filled by each try.
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Directories that executors must find: what stands above inputs, outputs and streams, volumes, workdirs, and /tmp. Throws an Error where a file is in the way. */
export function addPlaces(files: TaskFiles, task: { readonly outputs?: readonly TesOutput[]; readonly volumes?: readonly string[]; readonly executors: readonly { readonly workdir?: string; readonly stdout?: string; readonly stderr?: string }[] }): void {
  const places = new Set(["/tmp", ...(task.volumes ?? [])]);
  for (const { path, type } of task.outputs ?? []) {
    const plain = path.split("/");
    const wild = plain.findIndex((name) => hasWildcards(name));
    places.add(wild >= 0 ? plain.slice(0, wild).join("/") || "/" : type === "DIRECTORY" ? path : parentOf(path));
  }
  for (const { workdir, stdout, stderr } of task.executors) {
    if (workdir !== undefined) places.add(workdir);
    for (const stream of [stdout, stderr]) if (stream !== undefined) places.add(parentOf(stream));
  }
  for (const place of [...places].sort()) files.addDirectory(place);
}
