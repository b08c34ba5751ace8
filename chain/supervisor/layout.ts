/** cosmovisor's directory layout: a directory for each build, and a link to the one that runs. */
import { accessSync, chmodSync, closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SupervisorError, type Settings } from "./settings.ts";

/** What the node writes when it stops for an upgrade. */
export interface Plan {
  readonly name: string;
  readonly height: number;
  readonly info: string;
}

export class Layout {
  readonly root: string;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.root = join(settings.home, "cosmovisor");
  }

  get current(): string { return join(this.root, "current"); }
  get genesisBinary(): string { return join(this.root, "genesis", "bin", this.#settings.name); }
  get data(): string { return join(this.#settings.home, "data"); }
  /** Written by the node. */
  get upgradeInfo(): string { return join(this.data, "upgrade-info.json"); }

  upgradeDirectory(name: string): string {
    return join(this.root, "upgrades", directoryName(name, this.#settings.keepCase));
  }

  upgradeBinary(name: string): string {
    return join(this.upgradeDirectory(name), "bin", this.#settings.name);
  }

  /** The executable that `current` leads to; the link is made, to genesis, where there is none. */
  currentBinary(): string {
    if (lstatSync(this.current, { throwIfNoEntry: false }) === undefined) {
      requireExecutable(this.genesisBinary, 'Make it with "dcmd-supervisor init PATH-OF-DCMD".');
      replaceLink(this.current, "genesis");
    }
    let directory: string;
    try {
      directory = realpathSync(this.current);
    } catch {
      throw new SupervisorError(`${this.current} leads nowhere: link it to genesis or to a directory of upgrades`);
    }
    return requireExecutable(join(directory, "bin", this.#settings.name), `It is the build that ${this.current} leads to.`);
  }

  /** The plan of the build that runs; undefined while that is the genesis build. */
  currentPlan(): Plan | undefined {
    return readPlan(join(this.current, "upgrade-info.json"));
  }

  /** The plan that the node asked for last. */
  requestedPlan(): Plan | undefined {
    return readPlan(this.upgradeInfo);
  }

  /** Lets `current` lead to the build of a plan, whose executable must be there. A stop in between leaves the old build or the new one. */
  switchTo(plan: Plan): void {
    requireExecutable(this.upgradeBinary(plan.name), "It is the build of the upgrade.");
    replaceLink(this.current, join("upgrades", directoryName(plan.name, this.#settings.keepCase)));
    writeFileSync(join(this.upgradeDirectory(plan.name), "upgrade-info.json"), JSON.stringify({ name: plan.name, time: "0001-01-01T00:00:00Z", height: plan.height, ...(plan.info === "" ? {} : { info: plan.info }) }));
  }
}

/** A plan's file; undefined where there is none, or an empty one. Throws where it is no plan. */
export function readPlan(path: string): Plan | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (text.trim() === "") return undefined;
  let value: { name?: unknown; height?: unknown; info?: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw new SupervisorError(`${path} is not JSON: ${text.slice(0, 200)}`);
  }
  // Protobuf's JSON writes the height as text, Go's own as a number.
  const height = Number(value?.height);
  if (typeof value?.name !== "string" || value.name === "" || !Number.isSafeInteger(height) || height < 1) throw new SupervisorError(`${path} names no plan with a height: ${text.slice(0, 200)}`);
  return { name: value.name, height, info: typeof value.info === "string" ? value.info : "" };
}

/** A plan's name as a directory: lower case, and escaped as Go's url.PathEscape does. */
export function directoryName(name: string, keepCase: boolean): string {
  if (name === "." || name === "..") throw new SupervisorError(`an upgrade named "${name}" has no directory`);
  return Buffer.from(keepCase ? name : name.toLowerCase(), "utf8").toString("latin1").replace(/[^A-Za-z0-9\-_.~$&+=:@]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** The path, where it is a file that can be run; what only lacks the permission gets it. */
export function requireExecutable(path: string, hint: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) throw new SupervisorError(`${path} is not there, or is no file. ${hint}`);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, stat.mode | 0o111);
  }
  return path;
}

function replaceLink(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
}
