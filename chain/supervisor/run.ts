/** Runs the node, and at an upgrade changes its build: backup, scripts, link, and the same arguments again. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { backUp } from "./backup.ts";
import { download } from "./download.ts";
import { Layout, requireExecutable, type Plan } from "./layout.ts";
import { skippedHeights, SupervisorError, type Settings } from "./settings.ts";

export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  /** A line for the operator. */
  readonly log: (line: string) => void;
  readonly now: () => Date;
  /** Calls back when this process is told to end. */
  readonly onSignal: (handle: (signal: NodeJS.Signals) => void) => void;
}

/** Exit codes of `pre-upgrade` that mean something: cosmovisor's. */
const preUpgradeCodes = { notThere: 1, failed: 30, again: 31 } as const;
const killAfterMs = 5_000;

/** Runs the node with these arguments until it ends without asking for an upgrade; gives its exit code. Throws a SupervisorError where an upgrade cannot be done. */
export async function run(settings: Settings, args: readonly string[], around: Surroundings): Promise<number> {
  const supervisor = new Supervisor(settings, args, around);
  return supervisor.run();
}

class Supervisor {
  readonly #settings: Settings;
  readonly #layout: Layout;
  readonly #args: readonly string[];
  readonly #around: Surroundings;
  #child: ChildProcess | undefined;
  #told: NodeJS.Signals | undefined;

  constructor(settings: Settings, args: readonly string[], around: Surroundings) {
    this.#settings = settings;
    this.#layout = new Layout(settings);
    this.#args = args;
    this.#around = around;
    around.onSignal((signal) => {
      this.#told = signal;
      this.#child?.kill(signal);
    });
  }

  async run(): Promise<number> {
    this.#layout.currentBinary();
    // An earlier run may have ended between the node's request and the change of builds.
    const missed = this.#newPlan(this.#layout.currentPlan());
    if (missed !== undefined) {
      this.#around.log(`the node asked for the upgrade "${missed.name}" at height ${missed.height} and still runs another build`);
      await this.#upgrade(missed);
    }
    for (;;) {
      const ended = await this.#runNode();
      if (ended.plan === undefined || this.#told !== undefined) return ended.code;
      await this.#upgrade(ended.plan);
      if (this.#told !== undefined) return ended.code;
      if (!this.#settings.restartAfterUpgrade) {
        this.#around.log("the build is changed; DAEMON_RESTART_AFTER_UPGRADE is false, so start me again");
        return 0;
      }
    }
  }

  /** What the node asks for and `known` is not: another name at a greater height, not one that is skipped. */
  #newPlan(known: Plan | undefined): Plan | undefined {
    const plan = this.#layout.requestedPlan();
    if (plan === undefined || plan.name === known?.name || plan.height <= (known?.height ?? 0) || skippedHeights(this.#args).includes(plan.height)) return undefined;
    return plan;
  }

  async #runNode(): Promise<{ readonly code: number; readonly plan: Plan | undefined }> {
    const { settings, log } = { settings: this.#settings, log: this.#around.log };
    const binary = this.#layout.currentBinary();
    const before = this.#layout.requestedPlan();
    log(`running ${binary} ${this.#args.join(" ")}`);
    const child = spawn(binary, this.#args, { stdio: "inherit", env: this.#environment() });
    this.#child = child;
    let over = false;
    const exited = new Promise<number>((resolve, reject) => {
      child.once("error", (error) => reject(new SupervisorError(`${binary} cannot be run: ${error.message}`)));
      child.once("exit", (code, signal) => resolve(code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGKILL" ? 9 : 15)));
    }).finally(() => {
      over = true;
      this.#child = undefined;
    });
    const watch = async (): Promise<void> => {
      while (!over) {
        await Promise.race([exited, sleep(settings.pollMs, undefined, { ref: false })]).catch(() => undefined);
        if (over || this.#readable(before) === undefined) continue;
        // The node ends by itself once its request is on the disk.
        await this.#end(child, exited);
        return;
      }
    };
    const [code] = await Promise.all([exited, watch()]);
    return { code, plan: this.#newPlan(before) };
  }

  /** Another program may be writing the file just now: the next look sees it whole. */
  #readable(before: Plan | undefined): Plan | undefined {
    try {
      return this.#newPlan(before);
    } catch {
      return undefined;
    }
  }

  async #end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
    const within = async (ms: number): Promise<boolean> => (await Promise.race([exited.then(() => true), sleep(ms, false, { ref: false })])) === true;
    if (await within(this.#settings.shutdownGraceMs)) return;
    this.#around.log("the node asked for an upgrade, but does not end: it is told to");
    child.kill("SIGTERM");
    if (await within(killAfterMs)) return;
    child.kill("SIGKILL");
    await exited;
  }

  // ---- the change of builds

  async #upgrade(plan: Plan): Promise<void> {
    const { restartDelayMs, skipBackup, allowDownload } = this.#settings;
    const { log, now } = this.#around;
    log(`upgrade "${plan.name}" at height ${plan.height}`);
    if (restartDelayMs > 0) await sleep(restartDelayMs);
    if (!skipBackup) {
      log(`backing up ${this.#layout.data}`);
      log(`the backup is ${await backUp(this.#settings, this.#layout, plan, now())}`);
    }
    this.#customPreUpgrade(plan);
    const binary = this.#layout.upgradeBinary(plan.name);
    if (statSync(binary, { throwIfNoEntry: false }) === undefined) {
      if (!allowDownload) {
        throw new SupervisorError(`the build of the upgrade "${plan.name}" is not at ${binary}: put it there (dcmd-supervisor add-upgrade ${JSON.stringify(plan.name)} PATH) and start me again. DAEMON_ALLOW_DOWNLOAD_BINARIES=true would fetch it from where the plan says`);
      }
      log(`downloading the build of "${plan.name}"`);
      await download(this.#settings, this.#layout, plan);
    }
    this.#layout.switchTo(plan);
    this.#preUpgrade(binary);
    log(`${this.#layout.current} leads to the build of "${plan.name}"`);
  }

  #customPreUpgrade({ name, height }: Plan): void {
    const { customPreUpgrade, home } = this.#settings;
    if (customPreUpgrade === undefined) return;
    if (basename(customPreUpgrade) !== customPreUpgrade) throw new SupervisorError(`COSMOVISOR_CUSTOM_PREUPGRADE is the name of a script in ${this.#layout.root}, not a path: ${customPreUpgrade}`);
    const script = requireExecutable(join(this.#layout.root, customPreUpgrade), "COSMOVISOR_CUSTOM_PREUPGRADE names it.");
    const { status, error } = spawnSync(script, [name, String(height)], { cwd: home, env: this.#environment(), stdio: "inherit" });
    if (status !== 0) throw new SupervisorError(`${script} ${name} ${height} ended with ${error?.message ?? `status ${status}`}: the upgrade stops before the builds are changed`);
  }

  /** The new build's own word: status 0 and everything unknown go on, 1 means that it has no such command, 31 that it wants to be asked again. */
  #preUpgrade(binary: string): void {
    const { log } = this.#around;
    for (let tries = 0; ; tries++) {
      const { status, error } = spawnSync(binary, ["pre-upgrade"], { env: this.#environment(), stdio: "inherit" });
      if (error !== undefined) throw new SupervisorError(`${binary} cannot be run: ${error.message}`);
      if (status === preUpgradeCodes.notThere) return log("the build has no pre-upgrade command: going on");
      if (status === preUpgradeCodes.failed) throw new SupervisorError(`${binary} pre-upgrade refused the upgrade; its words stand above`);
      if (status !== preUpgradeCodes.again) return;
      if (tries >= this.#settings.preUpgradeRetries) throw new SupervisorError(`${binary} pre-upgrade wanted to be asked again ${tries + 1} times; DAEMON_PREUPGRADE_MAX_RETRIES is ${this.#settings.preUpgradeRetries}`);
      log(`pre-upgrade wants to be asked again (${tries + 1} of ${this.#settings.preUpgradeRetries})`);
    }
  }

  /** The node's default home is the supervisor's; it need not wait for this one when it stops for an upgrade. */
  #environment(): NodeJS.ProcessEnv {
    const { environment } = this.#around;
    return { ...environment, DAEMON_HOME: this.#settings.home, DAEMON_NAME: this.#settings.name, DCMD_SUPERVISOR: "1", DCMD_HOME: environment.DCMD_HOME ?? this.#settings.home };
  }
}
