/**
 * A Slurm cluster of one machine for tests: controller, node and authentication of its own, in a folder of its own, on ports of its own, beside whatever Slurm the
 * machine may have. Nothing of it outlives this process, however that ends.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, hostname, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Commands, type Tool } from "../../worker/slurm/commands.ts";
import { claimPorts, type PortPlan } from "../ports.ts";
import { ManagedProcess } from "../process.ts";
import { ensureSlurm } from "./packages.ts";

const node = "node0";
export const partition = "compute";
/** Of the partition. */
const maxMinutes = 60;

export class SlurmCluster {
  readonly folder: string;
  readonly conf: string;
  /** What all nodes, here one, and a worker see. */
  readonly shared: string;
  readonly #daemons: ManagedProcess;
  readonly #commands: Commands;
  readonly #ports: PortPlan;

  private constructor(folder: string, ports: PortPlan) {
    this.folder = folder;
    this.conf = join(folder, "slurm.conf");
    this.shared = join(folder, "shared");
    this.#ports = ports;
    this.#commands = new Commands({ directory: this.shared, slurmConf: this.conf }, process.env);
    this.#daemons = new ManagedProcess({
      name: "slurm", command: "/bin/sh", args: [join(import.meta.dirname, "daemons.sh"), folder, node], logFile: `${folder}.log`,
      ready: () => this.run("sinfo", "--noheader", "--format=%T").then((said) => said.trim() === "idle", () => false),
    });
  }

  /** Rejects with NoSlurm where this machine cannot have one. `say` hears of what takes long. */
  static async start(say: (text: string) => void = () => undefined): Promise<SlurmCluster> {
    ensureSlurm(say);
    const ports = await claimPorts(1);
    const cluster = new SlurmCluster(mkdtempSync(join(tmpdir(), "dcm-slurm-cluster-")), ports);
    try {
      cluster.#write();
      await cluster.#daemons.start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** One of Slurm's commands on this cluster, as its administrator. */
  run(tool: Tool, ...args: string[]): Promise<string> {
    return this.#commands.run(tool, args);
  }

  /** Jobs, daemons and folder go. */
  async stop(): Promise<void> {
    await this.#daemons.stop();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#daemons.spec.logFile, { force: true });
    await this.#ports.release();
  }

  #write(): void {
    const { folder } = this;
    // Munge wants its socket to be reached by all.
    chmodSync(folder, 0o755);
    for (const name of ["state", "spool", "log", "shared"]) mkdirSync(join(folder, name), { mode: 0o700 });
    writeFileSync(join(folder, "munge.key"), randomBytes(128), { mode: 0o600 });
    const host = hostname().split(".")[0]!;
    const [ports] = this.#ports.nodes;
    const settings = {
      ClusterName: "dcm", SlurmctldHost: `${host}(127.0.0.1)`, SlurmctldPort: ports!.rpc, SlurmdPort: ports!.p2p, SlurmUser: "root", SlurmdUser: "root",
      AuthType: "auth/munge", CredType: "cred/munge", AuthInfo: `socket=${folder}/munge.socket`,
      StateSaveLocation: `${folder}/state`, SlurmdSpoolDir: `${folder}/spool`, SlurmctldPidFile: `${folder}/slurmctld.pid`, SlurmdPidFile: `${folder}/slurmd.pid`,
      SlurmctldLogFile: `${folder}/log/slurmctld.log`, SlurmdLogFile: `${folder}/log/slurmd.log`,
      // Without cgroups and accounting: nothing of the machine itself is touched.
      ProctrackType: "proctrack/linuxproc", TaskPlugin: "task/none", SwitchType: "switch/none", MpiDefault: "none", JobAcctGatherType: "jobacct_gather/none",
      AccountingStorageType: "accounting_storage/none", JobCompType: "jobcomp/none",
      SelectType: "select/cons_tres", SelectTypeParameters: "CR_CPU_Memory", ReturnToService: 2, KillWait: 2, EnforcePartLimits: "ALL",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const memory = Math.floor((totalmem() / 2 ** 20) * 0.9);
    lines.push(`NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 CPUs=${cpus().length} RealMemory=${memory} State=UNKNOWN`, `PartitionName=${partition} Nodes=${node} Default=YES MaxTime=${maxMinutes} State=UP`);
    writeFileSync(this.conf, `${lines.join("\n")}\n`);
  }
}
