/** Service files: what a consumer wants to have served (examples/service.schema.json). */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Sla } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { costTags, integer, object, readFields, string, wrong } from "./fields.ts";
import type { ServiceRequest } from "./gateway/services.ts";

/** As ServiceRequest, but that the limit may be left to whoever orders. */
export type ServiceFile = Omit<ServiceRequest, "limitPrice" | "program"> & {
  readonly title: string;
  readonly limitPrice: bigint | undefined;
  /** File name of the module, beside the service file. */
  readonly program: string;
};

/** Reads a service file and its module. Throws an Error that names the field. */
export function loadService(path: string): { readonly service: ServiceFile; readonly program: Uint8Array } {
  const service = parseService(readFileSync(path, "utf8"));
  return { service, program: new Uint8Array(readFileSync(join(dirname(path), service.program))) };
}

/** Throws a FileError that names the field, what it must be, what it is, and where it stands. */
export function parseService(text: string): ServiceFile {
  return readFields(text, "service", serviceOf);
}

function serviceOf(value: unknown): ServiceFile {
  const known = ["$schema", "name", "title", "class", "quoteDenom", "limitPrice", "program", "args", "instances", "lots", "requestMeter", "maxRequestBytes", "maxResponseBytes", "reclaimNoticeMs", "preemptible", "sla", "organization", "costTags"];
  const fields = object(value, "service", known);
  const args = fields["args"] ?? [];
  if (!Array.isArray(args) || args.length > 64 || !args.every((arg) => typeof arg === "string" && arg.length <= 1_024)) throw wrong("args", "at most 64 strings of 1,024 characters", args);
  const { preemptible } = fields;
  if (preemptible !== undefined && typeof preemptible !== "boolean") throw wrong("preemptible", "true or false", preemptible);
  const optional = (name: string): bigint | undefined => (fields[name] === undefined ? undefined : integer(fields[name], name));
  const instances = optional("instances") ?? 1n;
  if (instances > 1_024n) throw wrong("instances", "at most 1,024", fields["instances"]);
  const reclaimNotice = optional("reclaimNoticeMs");
  return {
    name: string(fields["name"], "name", /^[a-z0-9-]{1,40}$/, "1 to 40 of a-z, 0-9 and -"), title: string(fields["title"], "title", /^[^\p{C}]{1,100}$/u, "1 to 100 printable characters"),
    classId: string(fields["class"], "class", /^[a-z0-9.]{1,64}$/, "the id of a class that is metered by time"), quoteDenom: string(fields["quoteDenom"], "quoteDenom", /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/, "a denom"),
    limitPrice: optional("limitPrice"), program: string(fields["program"], "program", /^[A-Za-z0-9_-]{1,60}\.wasm$/, "the name of a .wasm file beside the service file"),
    arguments: { args: args as string[] }, instances: Number(instances), lots: integer(fields["lots"], "lots"),
    requestMeter: integer(fields["requestMeter"], "requestMeter"), maxRequestSize: integer(fields["maxRequestBytes"], "maxRequestBytes"), maxResponseSize: integer(fields["maxResponseBytes"], "maxResponseBytes"),
    ...(reclaimNotice === undefined ? {} : { reclaimNotice }), ...(preemptible === true ? { preemptible } : {}), ...(fields["sla"] === undefined ? {} : { sla: terms(fields["sla"]) }),
    organization: fields["organization"] === undefined ? "" : string(fields["organization"], "organization", /^[a-z0-9._-]{3,64}$/, "the name of an organization"), costTags: Object.fromEntries(costTags(fields["costTags"] ?? {})),
  };
}

function terms(value: unknown): Sla {
  const fields = object(value, "sla", ["minAvailabilityBps", "maxLatencyMs", "periodMs", "creditBps"]);
  const share = (name: string): number => {
    const read = integer(fields[name], `sla.${name}`);
    if (read > 10_000n) throw wrong(`sla.${name}`, "at most 10,000", fields[name]);
    return Number(read);
  };
  return { minAvailabilityBps: share("minAvailabilityBps"), maxLatencyMs: integer(fields["maxLatencyMs"], "sla.maxLatencyMs"), periodMs: integer(fields["periodMs"], "sla.periodMs"), creditBps: share("creditBps") };
}
