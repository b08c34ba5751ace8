import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, readConfig } from "../config.ts";
import { slurmIdentity } from "./identity.ts";
import { checkSlurmSettings } from "./settings.ts";

const good = { kind: "slurm", directory: "/shared/dcm" };

describe("Slurm settings", () => {
  it("SLURM-9 takes what the documentation has", () => {
    const full = {
      ...good, partition: "compute", account: "market", qos: "low", reservation: "dcm_1", constraint: "[rack1|rack2]&avx2", arguments: ["--nice=100", "--exclusive=user"], cpus: 2, maxMinutes: 720, maxPendingMs: 60_000,
      node: "/opt/node/bin/node", checkout: "/opt/dcm", commands: "/opt/slurm/bin", slurmConf: "/etc/slurm/slurm.conf",
    };
    assert.equal(checkSlurmSettings(full), full);
    assert.equal(checkSlurmSettings(good), good);
  });

  const bad: readonly (readonly [string, object, RegExp])[] = [
    ["a directory that is missing", { directory: undefined }, /backend\.directory must be an absolute path.*missing/],
    ["a relative directory", { directory: "shared" }, /backend\.directory must be an absolute path/],
    ["a directory with a pattern of Slurm's", { directory: "/shared/%u" }, /backend\.directory/],
    ["a directory with a line's end", { directory: "/shared\n--wrap=id" }, /backend\.directory/],
    ["a field that is not known", { partitions: "compute" }, /unknown field partitions; known are kind, directory, partition/],
    ["a partition with a space", { partition: "a b" }, /backend\.partition must be a name as Slurm knows it, not "a b"/],
    ["a constraint with a shell's words", { constraint: "$(id)" }, /backend\.constraint/],
    ["no whole number of processors", { cpus: 0.5 }, /backend\.cpus must be a whole number from 1 to 1024, not 0\.5/],
    ["arguments as one text", { arguments: "--nice=100" }, /backend\.arguments must be at most 32 options/],
    ["a short option", { arguments: ["-p"] }, /backend\.arguments\[0\] must be one long option/],
    ["a word that sbatch would run", { arguments: ["--nice=1", "evil.sh"] }, /backend\.arguments\[1\] must be one long option/],
    ["the worker's own options", { arguments: ["--wrap=id"] }, /--wrap is the worker's own to give/],
    ["the beginning of such an option's name, which sbatch takes for it", { arguments: ["--wra=id"] }, /--wrap is the worker's own to give/],
    ["an option that has a field", { arguments: ["--partition=x"] }, /has a field of its own: backend\.partition/],
  ];
  for (const [title, changes, wanted] of bad) it(`SLURM-9 refuses ${title}`, () => void assert.throws(() => checkSlurmSettings({ ...good, ...changes }), wanted));

  describe("in a worker's home", () => {
    let home: string;
    beforeEach(() => (home = mkdtempSync(join(tmpdir(), "dcm-home-"))));
    afterEach(() => rmSync(home, { recursive: true }));
    const config = (backend: unknown): ReturnType<typeof readConfig> => {
      const worker = { rpc: "http://127.0.0.1:26657", chainId: "c", moniker: "m", data: { host: "127.0.0.1", port: 0 }, gasPrice: { denom: "udcm", amount: 0.1 }, bond: "1", ask: { classId: "wasm.core", quoteDenom: "udcm", price: "1", units: 1 } };
      writeFileSync(join(home, "worker.json"), JSON.stringify({ ...worker, backend }));
      return readConfig(home);
    };

    it("SLURM-9 stand in worker.json beside the local backend, which is the default", () => {
      for (const backend of [undefined, { kind: "local" }, good]) assert.deepEqual(config(backend).backend, backend);
      for (const [backend, wanted] of [["slurm", /backend must be .*, not "slurm"/], [{ kind: "kubernetes" }, /backend must be/], [{ kind: "local", partition: "x" }, /backend must be/], [{ kind: "slurm" }, /backend\.directory must be/], [null, /backend must be/]] as const) {
        assert.throws(() => config(backend), (error: unknown) => error instanceof ConfigError && error.message.startsWith(join(home, "worker.json")) && wanted.test(error.message));
      }
    });

    it("SLURM-7 give a home an id that stays, and refuse one that is broken", () => {
      const id = slurmIdentity(home);
      assert.match(id, /^[0-9a-f]{16}$/);
      assert.equal(slurmIdentity(home), id);
      assert.equal(readFileSync(join(home, "slurm-worker"), "utf8"), `${id}\n`);
      writeFileSync(join(home, "slurm-worker"), "x\n");
      assert.throws(() => slurmIdentity(home), /does not hold 16 hexadecimal digits: remove it/);
    });
  });
});
