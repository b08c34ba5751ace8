/** Slurm's programs on this machine: found, or installed from Debian's packages where that is allowed. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const programs = ["/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/sbatch", "/usr/bin/squeue", "/usr/bin/scancel", "/usr/bin/sinfo", "/usr/bin/scontrol"];
const packages = ["munge", "slurmctld", "slurmd", "slurm-client"];

/** A machine that cannot have a cluster: the message says why and what helps. */
export class NoSlurm extends Error {
  override readonly name = "NoSlurm";
}

/** Throws NoSlurm. The daemons change users and start jobs as them, so they need root. */
export function ensureSlurm(say: (text: string) => void): void {
  if (process.platform !== "linux") throw new NoSlurm("Slurm's daemons run on Linux only");
  if (process.getuid?.() !== 0) throw new NoSlurm("Slurm's daemons need root: run this as root, for example in a container");
  const lacking = (): string[] => programs.filter((path) => !existsSync(path));
  if (lacking().length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) throw new NoSlurm(`${lacking().join(", ")} are missing and there is no apt-get: install Slurm and munge with this system's own tool`);
  say(`installing Debian's packages ${packages.join(", ")} ...`);
  const apt = (...args: string[]): void => void execFileSync("/usr/bin/apt-get", ["-qq", ...args], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  try {
    apt("update");
    apt("install", "-y", "--no-install-recommends", ...packages);
  } catch (error) {
    throw new NoSlurm(`apt-get could not install ${packages.join(", ")}: ${(error as Error).message}`);
  }
  if (lacking().length > 0) throw new NoSlurm(`${lacking().join(", ")} are missing although ${packages.join(", ")} are installed: this needs Debian's or Ubuntu's packages`);
}
