/** The supervisor's commands: cosmovisor's, as far as they are for one upgrade at a time. */
import { copyFileSync, existsSync, mkdirSync, symlinkSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { basename, dirname, resolve } from "node:path";
import { Layout, requireExecutable } from "./layout.ts";
import { run, type Surroundings } from "./run.ts";
import { readSettings, SupervisorError, type Settings } from "./settings.ts";

export interface Io extends Surroundings {
  readonly print: (text: string) => void;
}

const help = `Runs a node and changes its build at the height of an upgrade, in cosmovisor's layout and with its environment variables.

  dcmd-supervisor init DCMD                     makes DAEMON_HOME/cosmovisor with this build as the first one
  dcmd-supervisor add-upgrade NAME DCMD         puts the build of an upgrade at its place [--force]
  dcmd-supervisor run ARGUMENTS                 runs the node with these arguments, e.g. run start --home /srv/dcm
  dcmd-supervisor config                        the settings as they are read
  dcmd-supervisor version                       the version of the build that would run

A build is an executable: it is copied. Of a release's bin/dcmd.mjs, which needs the files beside it, a link is made instead.
Exit codes: the node's own; 1 where an upgrade or a command failed. Variables: docs/operators.md, Upgrades.
`;

/** Runs one command line and gives the exit code; never throws a SupervisorError. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [command, ...rest] = argv;
  try {
    switch (command) {
      case "run": {
        const settings = readSettings(io.environment, rest);
        return await run(settings, rest, settings.quiet ? { ...io, log: () => undefined } : io);
      }
      case "init":
        return init(readSettings(io.environment, rest), rest, io);
      case "add-upgrade":
        return addUpgrade(readSettings(io.environment, rest), rest, io);
      case "config":
        io.print(`${JSON.stringify(readSettings(io.environment, rest), undefined, 2)}\n`);
        return 0;
      case "version": {
        const { status, error } = spawnSync(new Layout(readSettings(io.environment, rest)).currentBinary(), ["version"], { stdio: "inherit" });
        if (error !== undefined) throw new SupervisorError(error.message);
        return status ?? 1;
      }
      case "help":
      case "--help":
      case "-h":
        io.print(help);
        return 0;
      default:
        throw new SupervisorError(`${command === undefined ? "no command" : `no command "${command}"`}; there are run, init, add-upgrade, config, version, help`);
    }
  } catch (error) {
    if (!(error instanceof SupervisorError)) throw error;
    // Not through the log, which may be off.
    io.log(error.message);
    return 1;
  }
}

function init(settings: Settings, args: readonly string[], io: Io): number {
  const [build] = positional(args);
  if (build === undefined) throw new SupervisorError("init takes the path of a build: dcmd-supervisor init /usr/local/bin/dcmd");
  const layout = new Layout(settings);
  if (existsSync(layout.genesisBinary)) io.print(`${layout.genesisBinary} is there already and stays\n`);
  else place(build, layout.genesisBinary);
  mkdirSync(resolve(layout.root, "upgrades"), { recursive: true });
  io.print(`${layout.currentBinary()}\n`);
  return 0;
}

function addUpgrade(settings: Settings, args: readonly string[], io: Io): number {
  const [name, build] = positional(args);
  if (name === undefined || build === undefined) throw new SupervisorError("add-upgrade takes the plan's name and the path of its build: dcmd-supervisor add-upgrade v2 /opt/dcm-2/bin/dcmd");
  const target = new Layout(settings).upgradeBinary(name);
  if (existsSync(target)) {
    if (!args.includes("--force")) throw new SupervisorError(`${target} is there already; --force replaces it`);
    rmSync(target);
  }
  place(build, target);
  io.print(`${target}\n`);
  return 0;
}

function positional(args: readonly string[]): string[] {
  return args.filter((arg, i) => !arg.startsWith("-") && args[i - 1] !== "--home");
}

/** A release is a directory of which the executable is one file: then a link, so that it finds the others. */
function place(build: string, target: string): void {
  const path = resolve(build);
  requireExecutable(path, "It should be a build of the node.");
  mkdirSync(dirname(target), { recursive: true });
  if (basename(path).endsWith(".mjs")) symlinkSync(path, target);
  else copyFileSync(path, target);
}
