/** What a task's resources and tags ask of the market: class, price, verification, lots, time. What the class cannot give is refused. */
import type { JobRequest } from "../bid.ts";
import { taskLimits as sandboxLimits } from "../../sandbox/wasm-backend.ts";
import { Refused, type TesResources, type TesTask } from "./types.ts";

/** Levels of verification that executors may ask for: their modules do not run on the refereed machine. */
const checked = ["V0", "V1", "V2"] as const;
export type Checked = (typeof checked)[number];
const isChecked = (level: string): level is Checked => (checked as readonly string[]).includes(level);

/** What the gateway orders where a task does not say otherwise. */
export interface OrderDefaults {
  readonly classId: string;
  readonly quoteDenom: string;
  /** For one lot, all in; undefined: from the book. */
  readonly limitPrice: bigint | undefined;
  readonly verification: Checked;
  readonly lots: bigint;
  readonly maxResultBytes: bigint;
  readonly costTags: Readonly<Record<string, string>>;
  /** Whose money pays; empty: the account's own. */
  readonly organization: string;
}

/** As a task keeps them on disk: JSON. */
export interface OrderTerms {
  readonly classId: string;
  readonly quoteDenom: string;
  readonly limitPrice: string;
  readonly verification: Checked;
  readonly lots: string;
  readonly durationMs: string;
  readonly maxResultBytes: string;
  readonly risk?: string;
  readonly askId?: string;
  readonly acceptanceWindowMs?: string;
  readonly jurisdiction?: string;
  readonly costTags: Readonly<Record<string, string>>;
  readonly organization: string;
}

/** What the chain says of a class. */
export interface ClassFacts {
  readonly memoryBytes: bigint;
  readonly maxLots: bigint;
  readonly maxLotMs: bigint;
}

/** Keys of resources.backend_parameters, in lower case, and what each says. */
export const backendParameters = {
  class: "capacity class, e.g. wasm.core",
  denom: "in which the book quotes, e.g. udcm",
  limit_price: "the most for one lot, all in",
  verification: "v0 (nobody checks), v1 (now and then another provider does) or v2 (two providers must agree)",
  lots: "the most lots (10^9 weighted instructions each) of one executor",
  duration_ms: "declared run time of one executor",
  max_result_bytes: "the most that an executor may leave in new and changed files",
  risk: "what a wrong result could be worth to its maker",
  acceptance_window_ms: "how long a result can be disputed before it is paid",
  ask_id: "a reserved ask that serves it",
} as const;
type Parameter = keyof typeof backendParameters;

/** Costs that a task's tags may name on chain: 16 at most, of which one is the task's id. */
const maxCostTags = 15;
const costTagKey = /^[a-z0-9._/-]{1,64}$/;
const attributeValue = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
const costTagValue = /^[\x20-\x7e]{1,128}$/;
/** A task of our own limits: what its files may take in all, in and out. */
export const maxFilesBytes = 128 << 20;

export interface Ordered {
  readonly terms: Omit<OrderTerms, "limitPrice">;
  readonly limitPrice: bigint | undefined;
  /** Without what is not supported. */
  readonly resources: TesResources | undefined;
  /** For system_logs. */
  readonly warnings: readonly string[];
}

/** `classOf` gives what the chain knows of a class; undefined where there is none. Throws Refused. */
export async function orderOf({ resources = {}, tags = {} }: TesTask, defaults: OrderDefaults, classOf: (id: string) => Promise<ClassFacts | undefined>): Promise<Ordered> {
  const warnings: string[] = [];
  const { backend_parameters: given = {}, ...plain } = resources;
  const known = new Map<Parameter, string>();
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = key.toLowerCase();
    if (Object.hasOwn(backendParameters, name)) {
      known.set(name as Parameter, value);
      kept[key] = value;
    } else if (resources.backend_parameters_strict === true) {
      throw new Refused(400, `resources.backend_parameters.${key.slice(0, 80)} is not supported, and backend_parameters_strict is set; supported are ${Object.keys(backendParameters).join(", ")}`);
    } else {
      warnings.push(`resources.backend_parameters.${key.slice(0, 80)} is not supported and was left out; supported are ${Object.keys(backendParameters).join(", ")}`);
    }
  }
  const whole = (name: Parameter): bigint | undefined => {
    const value = known.get(name);
    if (value === undefined) return undefined;
    if (!/^[1-9]\d{0,17}$/.test(value)) throw new Refused(400, `resources.backend_parameters.${name} is ${JSON.stringify(value.slice(0, 40))}; it is ${backendParameters[name]}, a whole number from 1`);
    return BigInt(value);
  };
  const classId = known.get("class") ?? defaults.classId;
  const facts = await classOf(classId);
  if (facts === undefined) throw new Refused(400, `there is no capacity class ${JSON.stringify(classId.slice(0, 80))}; dcm classes lists them`);
  const lots = whole("lots") ?? defaults.lots;
  if (lots > facts.maxLots) throw new Refused(400, `${lots} lots are more than class ${classId} gives to one executor: ${facts.maxLots}`);
  const { ram_gb: ram = 0, disk_gb: disk = 0, cpu_cores: cores = 1, zones = [] } = plain;
  if (ram * 1e9 > Number(facts.memoryBytes)) throw new Refused(400, `resources.ram_gb is ${ram}; class ${classId} gives ${Number(facts.memoryBytes) / 1e9} GB to one executor: leave it out, or name a larger class (backend_parameters.class)`);
  if (disk * 1e9 > maxFilesBytes) throw new Refused(400, `resources.disk_gb is ${disk}; the files of a task take at most ${maxFilesBytes / 1e9} GB here, in memory`);
  if (cores > 1) warnings.push(`resources.cpu_cores is ${cores}; a WebAssembly module runs on one`);
  if (zones.length > 1) throw new Refused(400, `resources.zones has ${zones.length} zones; a task asks for one jurisdiction or for none, e.g. ["CH"]`);
  if (zones[0] !== undefined && !attributeValue.test(zones[0])) throw new Refused(400, `resources.zones[0] is ${JSON.stringify(zones[0].slice(0, 80))}; it is the jurisdiction that a provider declares: 1 to 64 printable ASCII characters, e.g. CH`);
  const verification = (known.get("verification") ?? defaults.verification).toUpperCase();
  if (!isChecked(verification)) throw new Refused(400, `resources.backend_parameters.verification is ${JSON.stringify(known.get("verification")!.slice(0, 40))}; it is ${backendParameters.verification}`);
  const maxResultBytes = whole("max_result_bytes") ?? defaults.maxResultBytes;
  if (maxResultBytes > BigInt(sandboxLimits.outputBytes)) throw new Refused(400, `resources.backend_parameters.max_result_bytes is ${maxResultBytes}; workers give at most ${sandboxLimits.outputBytes}`);
  const optional = (field: string, name: Parameter): object => {
    const value = whole(name);
    return value === undefined ? {} : { [field]: String(value) };
  };
  return {
    terms: {
      classId, quoteDenom: known.get("denom") ?? defaults.quoteDenom, verification, lots: String(lots), durationMs: String(whole("duration_ms") ?? lots * facts.maxLotMs), maxResultBytes: String(maxResultBytes),
      ...optional("risk", "risk"), ...optional("askId", "ask_id"), ...optional("acceptanceWindowMs", "acceptance_window_ms"), ...(zones.length === 0 ? {} : { jurisdiction: zones[0]! }),
      costTags: costTagsOf(tags, defaults.costTags, warnings), organization: defaults.organization,
    },
    limitPrice: whole("limit_price") ?? defaults.limitPrice,
    resources: Object.keys(resources).length === 0 ? undefined : { ...plain, ...(Object.keys(kept).length === 0 ? {} : { backend_parameters: kept }) },
    warnings,
  };
}

/** A task's tags as the chain takes them: keys in lower case. The gateway's own come first: budgets may hang on them. */
function costTagsOf(tags: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>, warnings: string[]): Record<string, string> {
  const out = new Map(Object.entries(own));
  for (const [key, value] of Object.entries(tags)) {
    const name = key.toLowerCase();
    if (!costTagKey.test(name) || !costTagValue.test(value)) warnings.push(`the tag ${JSON.stringify(key.slice(0, 80))} is no cost tag: keys are 1 to 64 of a-z 0-9 . _ / -, values 1 to 128 printable ASCII characters`);
    else if (out.has(name)) warnings.push(`the tag ${JSON.stringify(key.slice(0, 80))} is no cost tag: there is another ${name}`);
    else if (out.size >= maxCostTags) warnings.push(`the tag ${JSON.stringify(key.slice(0, 80))} is no cost tag: an order takes ${maxCostTags} beside the task's id`);
    else out.set(name, value);
  }
  return Object.fromEntries(out);
}

/** The bid of one executor. */
export function requestOf(terms: OrderTerms, id: string, executor: number, program: Uint8Array, input: Uint8Array): JobRequest {
  const { risk, askId, acceptanceWindowMs, jurisdiction } = terms;
  return {
    name: `${id}-${executor}`, classId: terms.classId, quoteDenom: terms.quoteDenom, limitPrice: BigInt(terms.limitPrice), lots: BigInt(terms.lots), verification: terms.verification,
    program, inputs: [input], arguments: { bundle: 1 }, durationMs: BigInt(terms.durationMs), maxResultSize: BigInt(terms.maxResultBytes),
    costTags: { ...terms.costTags, task: id }, ...(terms.organization === "" ? {} : { organization: terms.organization }),
    ...(risk === undefined ? {} : { risk: BigInt(risk) }), ...(askId === undefined ? {} : { askId: BigInt(askId) }), ...(acceptanceWindowMs === undefined ? {} : { acceptance: { windowMs: BigInt(acceptanceWindowMs) } }),
    ...(jurisdiction === undefined ? {} : { wishes: { requires: { jurisdiction } } }),
  };
}
