/** For tests: commands that behave like Slurm's on one node, as small scripts over a folder of files; what stands in the files decides what they say. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, type Timings } from "./cluster.ts";
import type { SlurmSettings } from "./settings.ts";

const sbatch = `
case $1 in --test-only) [ -f "$state/test-refusal" ] && { cat "$state/test-refusal" >&2; exit 1; }; exit 0 ;; esac
printf '%s\\n' "$@" > "$state/arguments"
env > "$state/environment"
echo >> "$state/submitted"
[ -f "$state/refusal" ] && { cat "$state/refusal" >&2; [ -f "$state/once" ] && rm "$state/refusal"; [ -f "$state/lost" ] || exit 1; }
while [ $# -gt 0 ]; do case $1 in --job-name=*) name=\${1#*=} ;; --*) ;; *) break ;; esac; shift; done
id=1; while ! mkdir "$state/job-$id" 2>/dev/null; do id=$((id + 1)); done
[ -f "$state/state" ] && read -r now < "$state/state" || now='RUNNING|node1|None'
echo "$name|$id|$now" > "$state/job-$id/line"
case $now in
  RUNNING\\|*) (
    sh "$@" > "$4/log" 2>&1 && ended=COMPLETED || ended=FAILED
    echo "$name|$id|$ended|node1|None" > "$state/job-$id/line"
  ) > /dev/null 2>&1 < /dev/null &
  echo $! > "$state/job-$id/pid" ;;
esac
[ -f "$state/lost" ] && exit 1
echo "$id"`;

const squeue = `
echo >> "$state/asked"
[ -f "$state/away" ] && { cat "$state/away" >&2; exit 1; }
cat "$state"/job-*/line 2>/dev/null
exit 0`;

const scancel = `
for id in "$@"; do [ "$id" = --quiet ] && continue; echo "$id" >> "$state/cancelled"; sed -i 's/|[A-Z_]*|\\([^|]*|[^|]*\\)$/|CANCELLED|\\1/' "$state/job-$id/line"; done`;

export const quick: Partial<Timings> = { outcomeMs: [20, 50], queueMs: [50, 100], settleMs: 300, adoptMs: 1_000, retryMs: [50, 100], availableMs: 1_000 };

/** A cluster that is all scripts. */
export class FakeSlurm {
  readonly folder = mkdtempSync(join(tmpdir(), "dcm-slurm-"));
  readonly logged: string[] = [];
  readonly #clusters: Cluster[] = [];

  constructor() {
    for (const name of ["state", "shared", "commands"]) mkdirSync(join(this.folder, name));
    for (const [name, body] of Object.entries({ sbatch, squeue, scancel })) this.command(name, `state='${this.folder}/state'${body}`);
  }

  command(name: string, body: string): void {
    const path = join(this.folder, "commands", name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  /** Puts lines before those that a command has. */
  insert(name: string, lines: string): void {
    const path = join(this.folder, "commands", name);
    this.command(name, `${lines}\n${readFileSync(path, "utf8").split("\n").slice(1).join("\n")}`);
  }

  get settings(): SlurmSettings {
    return { directory: join(this.folder, "shared"), commands: join(this.folder, "commands") };
  }

  cluster(changes: Partial<SlurmSettings> = {}, timings: Partial<Timings> = {}): Cluster {
    const made = new Cluster({ settings: { ...this.settings, ...changes }, worker: "0123456789abcdef", environment: process.env, log: (message, fields) => this.logged.push(`${message} ${JSON.stringify(fields)}`), timings: { ...quick, ...timings } });
    this.#clusters.push(made);
    return made;
  }

  /** A word to the scripts: a file in their folder. */
  set(name: string, content = ""): void {
    writeFileSync(join(this.folder, "state", name), content === "" || content.endsWith("\n") ? content : `${content}\n`);
  }

  unset(name: string): void {
    rmSync(join(this.folder, "state", name), { force: true });
  }

  lines(name: string): string[] {
    const path = join(this.folder, "state", name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  }

  /** Changes what squeue shows of a job: state, nodes and reason. */
  show(id: number, words: string): void {
    const [name] = this.lines(`job-${id}/line`)[0]!.split("|");
    this.set(`job-${id}/line`, `${name}|${id}|${words}\n`);
  }

  /** Folders of tasks on the shared directory. */
  tasks(): string[] {
    const folder = join(this.folder, "shared/0123456789abcdef");
    return existsSync(folder) ? readdirSync(folder).filter((name) => name !== "compiled") : [];
  }

  /** Folders of workers on the shared directory. */
  shared(): string[] {
    return readdirSync(join(this.folder, "shared"));
  }

  async until(what: () => boolean): Promise<void> {
    for (let waited = 0; !what(); waited += 20) {
      if (waited > 60_000) throw new Error(`not within a minute: ${what.toString()}\n${this.logged.join("\n")}`);
      await sleep(20);
    }
  }

  #pids(): number[] {
    return readdirSync(join(this.folder, "state")).flatMap((name) => this.lines(`${name}/pid`).map(Number));
  }

  async remove(): Promise<void> {
    for (const cluster of this.#clusters) await cluster.close();
    // A runner ends a moment after its outcome, and writes until then.
    await this.until(() => !this.#pids().some(isAlive));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
