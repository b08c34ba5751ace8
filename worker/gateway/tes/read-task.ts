/** A task as a client sends it, read with errors that name the field, what is wrong and what to do. What this says yes to can be tried; what it cannot be is refused here. */
import { bundleLimits, parentOf, pathFault } from "../../sandbox/bundle.ts";
import { hasWildcards } from "./wildcards.ts";
import { Refused, type FileType, type TesExecutor, type TesInput, type TesOutput, type TesResources, type TesTask } from "./types.ts";

export const taskLimits = { executors: 64, files: 4_096, tags: 256, textBytes: 65_536 } as const;

type Fields = Record<string, unknown>;

/** Throws Refused. Fields that the specification sets on its own (id, state, logs, creation_time) are ignored, as are those that it does not know. */
export function readTask(body: unknown): TesTask {
  const fields = object(body, "the task");
  const executors = list(fields["executors"], "executors", taskLimits.executors, readExecutor);
  if (executors.length === 0) throw wrong("executors", "a list of at least one executor", fields["executors"]);
  const inputs = list(fields["inputs"], "inputs", taskLimits.files, readInput);
  const outputs = list(fields["outputs"], "outputs", taskLimits.files, readOutput);
  const volumes = list(fields["volumes"], "volumes", taskLimits.files, (value, at) => path(value, at));
  const tags = table(fields["tags"], "tags", taskLimits.tags);
  const resources = fields["resources"] == null ? {} : readResources(fields["resources"]);
  checkPlaces(inputs);
  return {
    ...text(fields, "name"), ...text(fields, "description"), ...some({ inputs, outputs, resources }), executors, ...some({ volumes, tags }),
  };
}

function readExecutor(value: unknown, at: string): TesExecutor {
  const fields = object(value, at);
  const command = list(fields["command"], `${at}.command`, bundleLimits.texts, (one, where) => string(one, where));
  if (command.length === 0) throw wrong(`${at}.command`, "a list that begins with the program's name", fields["command"]);
  const env = table(fields["env"], `${at}.env`, bundleLimits.texts);
  for (const name of Object.keys(env)) if (name === "" || name.includes("=")) throw wrong(`a name in ${at}.env`, "a name without =", name);
  const places = Object.fromEntries((["workdir", "stdin", "stdout", "stderr"] as const).flatMap((name) => (isNone(fields[name]) ? [] : [[name, path(fields[name], `${at}.${name}`)]])));
  return { image: present(fields["image"], `${at}.image`), command, ...places, ...some({ env }), ...boolean(fields, "ignore_error", at) };
}

function readInput(value: unknown, at: string): TesInput {
  const fields = object(value, at);
  const content = isNone(fields["content"]) ? {} : { content: string(fields["content"], `${at}.content`, Infinity) };
  if (content.content === undefined && isNone(fields["url"])) throw new Refused(400, `${at} has neither url nor content: it says where the file comes from`);
  const type = fileType(fields["type"], `${at}.type`) ?? (content.content === undefined && string(fields["url"], `${at}.url`).endsWith("/") ? "DIRECTORY" : "FILE");
  if (content.content !== undefined && type === "DIRECTORY") throw new Refused(400, `${at} has content and type DIRECTORY: content is that of a file`);
  return { ...text(fields, "name", at), ...text(fields, "description", at), ...text(fields, "url", at), path: path(fields["path"], `${at}.path`), type, ...content, ...boolean(fields, "streamable", at) };
}

function readOutput(value: unknown, at: string): TesOutput {
  const fields = object(value, at);
  const url = present(fields["url"], `${at}.url`);
  const where = path(fields["path"], `${at}.path`);
  const prefix = isNone(fields["path_prefix"]) ? undefined : path(fields["path_prefix"], `${at}.path_prefix`);
  if (hasWildcards(where)) {
    if (prefix === undefined) throw new Refused(400, `${at}.path has wildcards, so ${at}.path_prefix is needed: what is cut from the paths that match before they are put behind url`);
    if (hasWildcards(prefix)) throw wrong(`${at}.path_prefix`, "a path without wildcards", prefix);
  }
  return {
    ...text(fields, "name", at), ...text(fields, "description", at), url, path: where, ...(prefix === undefined ? {} : { path_prefix: prefix }), type: fileType(fields["type"], `${at}.type`) ?? (url.endsWith("/") && !hasWildcards(where) ? "DIRECTORY" : "FILE"),
  };
}

function readResources(value: unknown): TesResources {
  const fields = object(value, "resources");
  const number = (name: string): object => (fields[name] == null ? {} : { [name]: positive(fields[name], `resources.${name}`) });
  const parameters = table(fields["backend_parameters"], "resources.backend_parameters", 256);
  const zones = list(fields["zones"], "resources.zones", 64, (one, at) => present(one, at));
  return {
    ...number("cpu_cores"), ...boolean(fields, "preemptible", "resources"), ...number("ram_gb"), ...number("disk_gb"), ...some({ zones }), ...some({ backend_parameters: parameters }), ...boolean(fields, "backend_parameters_strict", "resources"),
  };
}

/** Two inputs in one place, or a file where another needs a directory. */
function checkPlaces(inputs: readonly TesInput[]): void {
  const files = new Map<string, number>();
  for (const [i, { path: where, type }] of inputs.entries()) {
    if (type !== "FILE") continue;
    if (where === "/") throw wrong(`inputs[${i}].path`, "the path of a file", where);
    if (files.has(where)) throw new Refused(400, `inputs[${i}].path is ${where}, which inputs[${files.get(where)}] has already`);
    files.set(where, i);
  }
  for (const [i, { path: where }] of inputs.entries()) {
    for (let at = where; at !== "/"; ) {
      at = parentOf(at);
      if (files.has(at)) throw new Refused(400, `inputs[${i}].path is ${where}, but ${at} is a file: inputs[${files.get(at)}]`);
    }
  }
}

const isNone = (value: unknown): boolean => value == null || value === "";

function object(value: unknown, at: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(at, "an object", value);
  return value as Fields;
}

function list<T>(value: unknown, at: string, most: number, read: (one: unknown, at: string) => T): T[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw wrong(at, "a list", value);
  if (value.length > most) throw new Refused(400, `${at} has ${value.length} members; at most ${most} are taken`);
  return value.map((one, i) => read(one, `${at}[${i}]`));
}

function table(value: unknown, at: string, most: number): Record<string, string> {
  if (value == null) return {};
  const entries = Object.entries(object(value, at)).filter(([, one]) => one !== null);
  if (entries.length > most) throw new Refused(400, `${at} has ${entries.length} members; at most ${most} are taken`);
  return Object.fromEntries(entries.map(([key, one]): [string, string] => [string(key, `a key of ${at}`), string(one, `${at}.${key.slice(0, 80)}`)]));
}

function string(value: unknown, at: string, most: number = taskLimits.textBytes): string {
  if (typeof value !== "string") throw wrong(at, "a text", value);
  if (!value.isWellFormed() || (most !== Infinity && value.includes("\0"))) throw new Refused(400, `${at} is no text without zero bytes`);
  if (value.length > most) throw new Refused(400, `${at} has ${value.length} characters; at most ${most} are taken`);
  return value;
}

function present(value: unknown, at: string): string {
  if (isNone(value)) throw wrong(at, "a text that is not empty", value);
  return string(value, at);
}

/** An absolute path without `.`, `..` and double slashes; one slash at its end is cut. */
function path(value: unknown, at: string): string {
  const given = present(value, at);
  const cut = given.length > 1 ? given.replace(/\/$/, "") : given;
  const fault = pathFault(cut);
  if (fault !== undefined) throw new Refused(400, `${at} is ${JSON.stringify(given.slice(0, 200))}, which ${fault}: it is an absolute path within the task`);
  return cut;
}

function text(fields: Fields, name: string, at?: string): object {
  return isNone(fields[name]) ? {} : { [name]: string(fields[name], at === undefined ? name : `${at}.${name}`) };
}

function boolean(fields: Fields, name: string, at: string): object {
  if (fields[name] == null) return {};
  if (typeof fields[name] !== "boolean") throw wrong(`${at}.${name}`, "true or false", fields[name]);
  return { [name]: fields[name] };
}

function positive(value: unknown, at: string): number {
  if (typeof value !== "number" || !(value >= 0) || value > 1e9) throw wrong(at, "a number from 0 to 10^9", value);
  return value;
}

function fileType(value: unknown, at: string): FileType | undefined {
  if (isNone(value)) return undefined;
  if (value !== "FILE" && value !== "DIRECTORY") throw wrong(at, "FILE or DIRECTORY", value);
  return value;
}

/** Without what is empty. */
function some<T extends Readonly<Record<string, object>>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => Object.keys(value).length > 0)) as Partial<T>;
}

function wrong(at: string, wanted: string, value: unknown): Refused {
  return new Refused(400, `${at} must be ${wanted}, not ${(JSON.stringify(value) ?? "missing").slice(0, 100)}`);
}
