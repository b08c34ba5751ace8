/** Profiles: which network and which key a command uses. In `config.toml`, keys beside it in `keyring-file` and `keyring-test`. */
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { CliError, exitCodes, type Io } from "./io.ts";

export interface Profile {
  readonly name: string;
  /** `local`: the network that `npm start` runs; else the URL of a node's CometBFT RPC. */
  readonly net: string;
  /** Of `local`: the folder of its state, where it says where its nodes listen. */
  readonly localnet: string;
  /** A node of another chain is not used. */
  readonly chainId: string;
  /** Name in the keyring. */
  readonly key: string;
  /** `file`: sealed under a passphrase; `test`: as it is, for networks without value. */
  readonly keyring: "file" | "test";
  /** For one unit of gas, e.g. 0.001udcm. */
  readonly gasPrice: string;
  /** Where providers reach this machine, and where it listens for them, e.g. https://me.example:8646 and 0.0.0.0:8646. Empty: on this machine alone. */
  readonly dataUrl: string;
  readonly dataListen: string;
}

export interface Profiles {
  /** Name of the one that is used where none is named; empty: none. */
  readonly current: string;
  readonly all: readonly Profile[];
}

const fields = { net: "net", localnet: "localnet", chainId: "chain-id", key: "key", keyring: "keyring", gasPrice: "gas-price", dataUrl: "data-url", dataListen: "data-listen" } as const;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export function profilesFile({ folders }: Io): string {
  return join(folders.config, "config.toml");
}

/** None where there is no file. Throws a CliError that names the file where it cannot be used. */
export function readProfiles(io: Io): Profiles {
  const path = profilesFile(io);
  let text: string;
  try {
    text = io.readFile(path);
  } catch {
    return { current: "", all: [] };
  }
  try {
    const { current, profiles } = parse(text) as { current?: unknown; profiles?: Record<string, Record<string, unknown>> };
    if (typeof (profiles ?? {}) !== "object") throw new TypeError("profiles is a table");
    const all = Object.entries(profiles ?? {}).map(([name, table]): Profile => {
      const texts = Object.fromEntries(Object.entries(fields).map(([field, key]) => [field, typeof table[key] === "string" ? table[key] : ""])) as unknown as Omit<Profile, "name">;
      if (texts.net === "") throw new TypeError(`profile ${name} has no net`);
      if (texts.keyring !== "file" && texts.keyring !== "test") throw new TypeError(`keyring of profile ${name} is file or test`);
      return { name, ...texts };
    });
    return { current: typeof current === "string" ? current : "", all };
  } catch (error) {
    throw new CliError(exitCodes.invalid, `${path}: ${(error as Error).message.split("\n")[0]}`, "Correct it, or move it away and run dcm init again.");
  }
}

/** Adds a profile, or replaces the one of its name, and makes it the current one. */
export function saveProfile(io: Io, profile: Profile): void {
  const { all } = readProfiles(io);
  const kept = [...all.filter(({ name }) => name !== profile.name), profile].sort((a, b) => (a.name < b.name ? -1 : 1));
  const profiles = Object.fromEntries(kept.map((one) => [one.name, Object.fromEntries(Object.entries(fields).flatMap(([field, key]) => (one[field as keyof typeof fields] === "" ? [] : [[key, one[field as keyof typeof fields]]])))]));
  io.writeFile(profilesFile(io), `${stringify({ current: profile.name, profiles })}\n`);
}

/** The profile of this name, of DCM_PROFILE, or the current one; undefined where none is named and there is none. */
export function findProfile(io: Io, name: string | undefined): Profile | undefined {
  const { current, all } = readProfiles(io);
  const wanted = name ?? io.env.DCM_PROFILE ?? current;
  const found = all.find((one) => one.name === wanted);
  if (found === undefined && wanted !== "") throw new CliError(exitCodes.notFound, `no profile ${JSON.stringify(wanted.slice(0, 64))} in ${profilesFile(io)}`, all.length === 0 ? "Make one with dcm init." : `There is ${all.map(({ name: known }) => known).join(", ")}; dcm init makes another.`);
  return found;
}

export function checkProfileName(name: string): string {
  if (!namePattern.test(name)) throw new CliError(exitCodes.usage, `${JSON.stringify(name.slice(0, 80))} cannot be a profile's name`, "Letters, digits, - _ and . only, 64 at most.");
  return name;
}
