/** What a local network is made of. A manifest is a value, or a TOML file of the same shape. */
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { DEFAULT_LINE, type Line, RELEASES, isLine } from "./comet/versions.ts";
import type { LinkState } from "./faults/proxy.ts";
import type { TomlChanges } from "./toml.ts";

/** CometBFT's consensus timeouts, in milliseconds; what is left out stays as the home was built. */
export interface Timings {
  readonly proposeMs?: number;
  readonly prevoteMs?: number;
  readonly precommitMs?: number;
  readonly commitMs?: number;
}

/** A link between two validators, by their numbers. */
export interface LinkFault extends Partial<LinkState> {
  readonly between: readonly [number, number];
}

export interface Manifest {
  readonly chainId: string;
  readonly validators: number;
  readonly providers: number;
  readonly timings: Timings;
  readonly comet: {
    readonly line: Line;
    /** Changes to each node's config.toml, by section; the top level is the section "". */
    readonly config: TomlChanges;
  };
  /** Where present, every link between nodes goes through a proxy, so that it can be made worse at any time. */
  readonly faults?: { readonly links: readonly LinkFault[] };
  /** The first of the ports, for addresses that stay the same; else free ones are taken. */
  readonly basePort?: number;
}

/** What has to be said; the rest has defaults. */
export interface ManifestInput {
  readonly chainId?: string;
  readonly validators?: number;
  readonly providers?: number;
  readonly timings?: Timings;
  readonly comet?: { readonly line?: Line; readonly config?: TomlChanges };
  readonly faults?: { readonly links?: readonly LinkFault[] };
  readonly basePort?: number;
}

const MAX_NODES = 60;
const TIMINGS = ["proposeMs", "prevoteMs", "precommitMs", "commitMs"];

/** Completes and checks a manifest: 4 validators, 3 providers, CometBFT 0.38. Throws an Error that names the field. */
export function completeManifest(input: ManifestInput = {}): Manifest {
  onlyKeys("manifest", input, ["chainId", "validators", "providers", "timings", "comet", "faults", "basePort"]);
  const { chainId = "dcm-local", validators = 4, providers = 3, timings = {}, comet = {}, faults, basePort } = input;
  if (typeof chainId !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,49}$/.test(chainId)) throw new Error(`manifest: chainId must be 1 to 50 letters, digits, '.', '_' or '-', not ${JSON.stringify(chainId)}`);
  whole("validators", validators, 1, MAX_NODES);
  whole("providers", providers, 0, MAX_NODES);
  onlyKeys("timings", timings, TIMINGS);
  for (const [name, value] of Object.entries(timings)) whole(`timings.${name}`, value, 1, 600_000);
  onlyKeys("comet", comet, ["line", "config"]);
  const line = comet.line ?? DEFAULT_LINE;
  if (!isLine(line)) throw new Error(`manifest: comet.line must be one of ${Object.keys(RELEASES).join(", ")}, not ${JSON.stringify(line)}`);
  if (basePort !== undefined) whole("basePort", basePort, 1024, 65_000);
  return {
    chainId, validators, providers, timings,
    comet: { line, config: comet.config ?? {} },
    ...(faults === undefined ? {} : { faults: { links: (faults.links ?? []).map((link) => checkLink(link, validators)) } }),
    ...(basePort === undefined ? {} : { basePort }),
  };
}

/** Reads a manifest from a TOML file. Throws an Error that names the file and the field or line. */
export function readManifest(path: string): Manifest {
  try {
    return completeManifest(parse(readFileSync(path, "utf8")) as ManifestInput);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function checkLink(link: LinkFault, validators: number): LinkFault {
  onlyKeys("faults.links", link, ["between", "delayMs", "jitterMs", "cut"]);
  const { between, delayMs = 0, jitterMs = 0 } = link;
  if (!Array.isArray(between) || between.length !== 2 || between[0] === between[1]) throw new Error("manifest: faults.links.between must be two different validators, e.g. [0, 1]");
  for (const end of between as readonly number[]) whole("faults.links.between", end, 0, validators - 1);
  whole("faults.links.delayMs", delayMs, 0, 60_000);
  whole("faults.links.jitterMs", jitterMs, 0, 60_000);
  return link;
}

function onlyKeys(where: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`manifest: ${where} has no field ${unknown}; known: ${known.join(", ")}`);
}

function whole(name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new Error(`manifest: ${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  }
}
