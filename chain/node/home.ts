/** A node's home directory: where each file lies, and how files are written (atomically, secrets readable by their owner only). */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export class Home {
  readonly root: string;
  constructor(root: string) {
    this.root = resolve(root);
  }
  get config(): string { return join(this.root, "config"); }
  get data(): string { return join(this.root, "data"); }
  get cometConfig(): string { return join(this.config, "config.toml"); }
  get appConfig(): string { return join(this.config, "app.toml"); }
  get clientConfig(): string { return join(this.config, "client.toml"); }
  get genesis(): string { return join(this.config, "genesis.json"); }
  get genTxs(): string { return join(this.config, "gentx"); }
  get nodeKey(): string { return join(this.config, "node_key.json"); }
  get validatorKey(): string { return join(this.config, "priv_validator_key.json"); }
  get validatorState(): string { return join(this.data, "priv_validator_state.json"); }
  get beaconKey(): string { return join(this.config, "beacon_key.json"); }
  /** The application's own state; CometBFT keeps its databases beside it. */
  get appData(): string { return join(this.data, "application"); }
  get snapshots(): string { return join(this.data, "snapshots"); }
  /** What the node that stopped for an upgrade tells its supervisor. */
  get upgradeInfo(): string { return join(this.data, "upgrade-info.json"); }
  /** Process id of the CometBFT that `start` supervises. */
  get cometPid(): string { return join(this.data, "cometbft.pid"); }
  /** Process id of the running `dcmd start`. */
  get pid(): string { return join(this.data, "dcmd.pid"); }

  get exists(): boolean {
    return existsSync(this.cometConfig) || existsSync(this.genesis);
  }
}

/** Replaces a file in one step, durable when it returns: a crash leaves the old or the new content. `secret` files are readable by their owner only. */
export function writeFile(path: string, content: string, options: { secret?: boolean } = {}): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  const file = openSync(temporary, "wx", options.secret === true ? 0o600 : 0o644);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(temporary, path);
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
}

/** The JSON of a file, or undefined where there is no such file. Throws a SyntaxError that names the file where it is not JSON. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SyntaxError(`${path} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
}
