/** The supervisor's settings, from the environment variables that cosmovisor's operators know. */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** What is wrong with the settings or the layout, and what to do. */
export class SupervisorError extends Error {
  override readonly name = "SupervisorError";
}

export interface Settings {
  /** DAEMON_HOME: holds `cosmovisor/` and, as the node's home, `data/`. Default: --home of the arguments, DCMD_HOME, ~/.dcmd. */
  readonly home: string;
  /** DAEMON_NAME: the name of the executables. Default: dcmd. */
  readonly name: string;
  /** DAEMON_RESTART_AFTER_UPGRADE, default true. */
  readonly restartAfterUpgrade: boolean;
  /** DAEMON_ALLOW_DOWNLOAD_BINARIES, default false. */
  readonly allowDownload: boolean;
  /** DAEMON_RESTART_DELAY, default none. */
  readonly restartDelayMs: number;
  /** DAEMON_SHUTDOWN_GRACE: how long a node that asked for an upgrade may take to end by itself; default 15 s. */
  readonly shutdownGraceMs: number;
  /** DAEMON_POLL_INTERVAL, default 300 ms. */
  readonly pollMs: number;
  /** UNSAFE_SKIP_BACKUP, default false. */
  readonly skipBackup: boolean;
  /** DAEMON_DATA_BACKUP_DIR, default the home. */
  readonly backupDirectory: string;
  /** DAEMON_PREUPGRADE_MAX_RETRIES, default 0. */
  readonly preUpgradeRetries: number;
  /** COSMOVISOR_CUSTOM_PREUPGRADE: a script in `cosmovisor/`, run before the builds are changed. */
  readonly customPreUpgrade: string | undefined;
  /** COSMOVISOR_DISABLE_RECASE: names of plans keep their capitals in paths; default false. */
  readonly keepCase: boolean;
  /** COSMOVISOR_DISABLE_LOGS, default false. */
  readonly quiet: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all of them; throws one SupervisorError that names every fault. */
export function readSettings(environment: Environment, args: readonly string[] = []): Settings {
  const faults: string[] = [];
  const text = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = text(name)?.toLowerCase();
    if (value !== undefined && value !== "true" && value !== "false") faults.push(`${name} must be true or false, it is "${value}"`);
    return value === undefined ? otherwise : value === "true";
  };
  const duration = (name: string, otherwise: number): number => {
    const value = text(name);
    if (value === undefined) return otherwise;
    const ms = durationMs(value);
    if (ms === undefined || ms <= 0) faults.push(`${name} must be a duration greater than 0 such as 300ms or 1m30s, it is "${value}"`);
    return ms ?? otherwise;
  };
  const home = resolve(text("DAEMON_HOME") ?? homeOf(args) ?? text("DCMD_HOME") ?? join(homedir(), ".dcmd"));
  if (text("DAEMON_HOME") !== undefined && !isAbsolute(text("DAEMON_HOME")!)) faults.push("DAEMON_HOME must be an absolute path");
  const given = homeOf(args);
  if (given !== undefined && resolve(given) !== home) faults.push(`DAEMON_HOME is ${home}, but the node is told --home ${given}: upgrades would not be seen`);
  const name = text("DAEMON_NAME") ?? "dcmd";
  if (/[/\0]/.test(name) || name === "." || name === "..") faults.push(`DAEMON_NAME must be a file's name, it is "${name}"`);
  const skipBackup = flag("UNSAFE_SKIP_BACKUP", false);
  const backupDirectory = text("DAEMON_DATA_BACKUP_DIR") ?? home;
  if (!isAbsolute(backupDirectory)) faults.push("DAEMON_DATA_BACKUP_DIR must be an absolute path");
  else if (!skipBackup && statSync(backupDirectory, { throwIfNoEntry: false })?.isDirectory() !== true) faults.push(`${backupDirectory} is not a directory: backups have no place`);
  const retries = text("DAEMON_PREUPGRADE_MAX_RETRIES") ?? "0";
  if (!/^\d{1,6}$/.test(retries)) faults.push(`DAEMON_PREUPGRADE_MAX_RETRIES must be a whole number, it is "${retries}"`);
  const settings: Settings = {
    home, name, skipBackup, backupDirectory,
    restartAfterUpgrade: flag("DAEMON_RESTART_AFTER_UPGRADE", true),
    allowDownload: flag("DAEMON_ALLOW_DOWNLOAD_BINARIES", false),
    restartDelayMs: duration("DAEMON_RESTART_DELAY", 0),
    shutdownGraceMs: duration("DAEMON_SHUTDOWN_GRACE", 15_000),
    pollMs: duration("DAEMON_POLL_INTERVAL", 300),
    preUpgradeRetries: Number(retries),
    customPreUpgrade: text("COSMOVISOR_CUSTOM_PREUPGRADE"),
    keepCase: flag("COSMOVISOR_DISABLE_RECASE", false),
    quiet: flag("COSMOVISOR_DISABLE_LOGS", false),
  };
  if (faults.length > 0) throw new SupervisorError(faults.join("; "));
  return settings;
}

/** The home that the node's own arguments name. */
function homeOf(args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    if (arg === "--home") return args[i + 1];
    if (arg.startsWith("--home=")) return arg.slice("--home=".length);
  }
  return undefined;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's durations, from milliseconds up: 300ms, 1.5s, 1h30m. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(value) * units[unit!]!;
  return total;
}

/** The heights behind --unsafe-skip-upgrades in the node's arguments. */
export function skippedHeights(args: readonly string[]): number[] {
  const at = args.findIndex((arg) => arg === "--unsafe-skip-upgrades" || arg.startsWith("--unsafe-skip-upgrades="));
  if (at < 0) return [];
  const [first, ...rest] = args.slice(at);
  const texts = first!.includes("=") ? first!.slice(first!.indexOf("=") + 1).split(",") : rest;
  const end = texts.findIndex((text) => text.startsWith("-"));
  return texts.slice(0, end < 0 ? undefined : end).map(Number).filter((height) => Number.isSafeInteger(height));
}
