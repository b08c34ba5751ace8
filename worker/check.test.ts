import assert from "node:assert/strict";
import { checkBackend, wordsOf, type Finding } from "./check.ts";
import type { SlurmSettings } from "./slurm/settings.ts";
import { FakeSlurm } from "./slurm/testing.ts";

describe("dcm-worker check", function () {
  this.timeout(60_000);
  let slurm: FakeSlurm;
  beforeEach(() => {
    slurm = new FakeSlurm();
    slurm.command("scontrol", '[ "$1" = --version ] && echo slurm 22.05.8 || echo "Slurmctld(primary) at login1 is UP"');
    slurm.command("sinfo", '[ "$1" = --version ] && echo slurm 22.05.8 || { echo "compute*|up|12:00:00|32/96/0/128|257000"; echo "old|down|1:00:00|0/0/8/8|8000"; }');
    for (const name of ["sbatch", "squeue", "scancel"]) slurm.insert(name, '[ "$1" = --version ] && { echo slurm 22.05.8; exit 0; }');
  });
  afterEach(() => slurm.remove());

  async function check(changes: Partial<SlurmSettings> = {}): Promise<Finding[]> {
    const found: Finding[] = [];
    for await (const finding of checkBackend({ kind: "slurm", ...slurm.settings, ...changes }, process.env)) found.push(finding);
    return found;
  }

  it("looks at the sandbox alone where there is no cluster", async () => {
    const found: Finding[] = [];
    for await (const finding of checkBackend({ kind: "local" }, process.env)) found.push(finding);
    assert.deepEqual(found.map(({ what, ok }) => [what, ok]), [["sandbox", true]]);
  });

  it("SLURM-10 shows commands, controller, partition, directory and a job, and leaves nothing behind", async () => {
    const found = await check();
    assert.deepEqual(found.filter(({ ok }) => !ok), []);
    const text = found.map(wordsOf).join("").replace(/[0-9.]+ s$/gm, "N s").replace(slurm.settings.directory, "/shared");
    assert.equal(text, `ok    sandbox: a task that does nothing took N s
ok    commands: slurm 22.05.8
ok    controller: Slurmctld(primary) at login1 is UP
ok    partition: compute is up, time limit 12:00:00, 96 of 128 processors free, 257000 MB a node
ok    directory: /shared can be written here
ok    job: a task that does nothing took N s
`);
    assert.deepEqual(slurm.shared(), []);
  });

  for (const [title, changes, step, said] of [
    ["commands that are missing", { commands: "/nowhere" }, "commands", /sbatch is not there/],
    ["a partition that is not there", { partition: "fast" }, "partition", /the cluster has no partition fast/],
    ["a partition that is down", { partition: "old" }, "partition", /old is down/],
    ["a share that is not mounted", { directory: "/nowhere/dcm" }, "directory", /cannot be used \(ENOENT\)/],
    ["nodes that have no checkout", { checkout: "/nowhere" }, "job", /host-fault, Slurm ended job 1 on node1: .*Cannot find module/],
  ] as const) {
    it(`SLURM-10 names ${title}, with what to do`, async () => {
      const failed = (await check(changes)).filter(({ ok }) => !ok);
      assert.deepEqual(failed.map(({ what }) => what), [step]);
      assert.match(failed[0]!.said, said);
      assert.match(wordsOf(failed[0]!), /^FAIL {2}\S+: .*\n {6}\S.*\n$/);
    });
  }

  it("SLURM-10 stops at a controller that does not answer", async () => {
    slurm.command("scontrol", '[ "$1" = --version ] && echo slurm 22.05.8 || { echo "Slurmctld(primary) at login1 is DOWN"; exit 1; }');
    const found = await check();
    assert.deepEqual(found.map(({ what, ok }) => [what, ok]), [["sandbox", true], ["commands", true], ["controller", false]]);
  });
});
