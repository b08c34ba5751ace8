/** The folder that a localnet keeps its state in: held by one process at a time, used again only by the network that it was made for. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { alive } from "./comet/lock.ts";
import { personas } from "./homes.ts";
import type { Options } from "./options.ts";

/** The folder's state is in the way; the message says what helps. */
export class StateError extends Error {}

/** Holds the folder for this process. Throws where another localnet runs in it, or where it cannot be written. Gives back what releases it. */
export function holdFolder(folder: string): () => void {
  const path = `${folder}.pid`;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    for (let attempt = 0; ; attempt++) {
      try {
        writeFileSync(path, identity(process.pid), { flag: "wx" });
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
        const holder = readFileSync(path, "utf8");
        const pid = Number(holder.split(" ")[0]);
        if (alive(pid) && identity(pid) === holder) throw new StateError(`this localnet runs already (process ${pid}): stop it with Ctrl-C where it runs, or choose another --name`);
        rmSync(path, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(`${dirname(folder)} cannot be written (${(error as Error).message}): choose another folder with --state`);
  }
}

/** A process id and, where the system tells, when the process began: ids come back as others'. */
function identity(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!}`;
  } catch {
    return String(pid);
  }
}

/** Whether the folder's state is used again. Throws where it cannot be: made for another network, or in pieces. */
export function claimFolder({ folder, fresh, validators, providers, line, fault }: Claim): boolean {
  const shapeFile = join(folder, "shape.json");
  const ours = !existsSync(folder) || readdirSync(folder).length === 0 || existsSync(shapeFile) || existsSync(join(folder, "built"));
  if (!ours) throw new StateError(`${folder} holds something else than a localnet's state, and would be emptied: choose another --name or --state`);
  if (fresh || !existsSync(join(folder, "built"))) rmSync(folder, { recursive: true, force: true });
  const shape: Shape = { validators, providers, line, fault: fault ?? "none", state: STATE_VERSION };
  const again = existsSync(join(folder, "built"));
  if (again) {
    const built = readShape(shapeFile);
    if (built === undefined) throw new StateError(`${shapeFile} is gone or damaged: the state cannot be used. Add --fresh to build a new network`);
    const differs = (Object.keys(shape) as (keyof Shape)[]).filter((key) => built[key] !== shape[key]);
    if (differs.includes("state")) throw new StateError(`the network in ${folder} is of another version of this program: add --fresh to forget it, or choose another --name`);
    if (differs.length > 0) {
      const told = (of: Partial<Shape>): string => differs.map((key) => `--${key === "line" ? "comet" : key} ${of[key] ?? "?"}`).join(" ");
      throw new StateError(`the network in ${folder} was made with ${told(built)}, not ${told(shape)}: start it as it was, add --fresh to forget it, or choose another --name`);
    }
    const missing = [
      ...Array.from({ length: validators }, (_, i) => ["config/genesis.json", "config/config.toml", "config/app.toml", "config/priv_validator_key.json", "config/node_key.json", "data/priv_validator_state.json"].map((file) => `validator-${i}/${file}`)).flat(),
      ...Array.from({ length: providers }, (_, i) => [`provider-${i}/session.key`, `provider-${i}/encryption.key`, `provider-${i}/public.json`, `operators/provider-${i}/mnemonic`, `operators/provider-${i}/address`]).flat(), ...personas.map((name) => `personas/${name}/mnemonic`),
    ].find((file) => !existsSync(join(folder, file)));
    if (missing !== undefined) throw new StateError(`${join(folder, missing)} is gone: the state cannot be used. Add --fresh to build a new network`);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(shapeFile, JSON.stringify(shape));
  return again;
}

/** What of the options says which state it is. */
export type Claim = Pick<Options, "folder" | "fresh" | "validators" | "providers" | "line" | "fault">;

/** What a folder's state was made for: it cannot be started as something else. */
interface Shape {
  readonly validators: number;
  readonly providers: number;
  readonly line: string;
  readonly fault: string;
  readonly state: number;
}

/** Grows when a state of before cannot be started any more. */
const STATE_VERSION = 3;

function readShape(path: string): Partial<Shape> | undefined {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as unknown;
    return typeof read === "object" && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}
