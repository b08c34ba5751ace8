import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { UsageError, help, readOptions } from "./options.ts";

const root = join(import.meta.dirname, "..");
const refusal = (...argv: string[]): string => {
  try {
    readOptions(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
};

describe("the options of npm start", () => {
  it("have defaults for everything", () => {
    assert.deepEqual(readOptions([]), {
      once: false, validators: 4, providers: 3, job: join(root, "examples/kmeans"), fault: undefined, show: undefined, folder: join(root, ".localnet/default"), fresh: false, basePort: undefined, blockMs: 500, line: "0.38", verbose: false,
    });
  });

  it("say what they are taken for", () => {
    const argv = ["--once", "--validators", "1", "--fault", "lie", "--job", "none", "--name", "net-2", "--state", "/tmp/s", "--fresh", "--base-port", "30000", "--block-ms", "50", "--comet", "0.40", "--verbose"];
    assert.deepEqual(readOptions(argv), { once: true, validators: 1, providers: 5, job: undefined, fault: "lie", show: undefined, folder: "/tmp/s/net-2", fresh: true, basePort: 30_000, blockMs: 50, line: "0.40", verbose: true });
    assert.equal(readOptions(["--job", join(root, "examples/regression")])?.job, join(root, "examples/regression"));
  });

  it("show a dispute in a network of its own, with a provider that lies", () => {
    const { job, fault, show, folder, providers } = readOptions(["--show", "dispute"])!;
    assert.deepEqual({ job, fault, show, folder, providers }, { job: undefined, fault: "lie", show: "dispute", folder: join(root, ".localnet/dispute"), providers: 3 });
    assert.equal(readOptions(["--show", "dispute", "--name", "mine"])!.folder, join(root, ".localnet/mine"));
    assert.equal(refusal("--show", "fight"), '--show is dispute, not "fight"');
    assert.equal(refusal("--show", "dispute", "--job", "kmeans"), "--show dispute is instead of a job, and brings its own fault: leave --job out");
    assert.equal(refusal("--show", "dispute", "--fault", "slow"), "--show dispute is instead of a job, and brings its own fault: leave --fault out");
  });

  it("are all in the help, which any wish for help gives", () => {
    for (const argv of [["--help"], ["-h"], ["--once", "-h"]]) assert.equal(readOptions(argv), undefined);
    for (const name of ["once", "validators", "providers", "job", "fault", "show", "name", "state", "fresh", "base-port", "block-ms", "comet", "verbose", "help"]) assert.ok(help.includes(`--${name} `) || help.includes(`--${name}\n`), name);
  });

  it("are refused by name, with what they may be", () => {
    assert.equal(refusal("--validators", "0"), '--validators is a whole number from 1 to 20, not "0"');
    assert.equal(refusal("--validators", "21"), '--validators is a whole number from 1 to 20, not "21"');
    assert.equal(refusal("--providers", "1.5"), '--providers is a whole number from 1 to 20, not "1.5"');
    assert.equal(refusal("--base-port", "80"), '--base-port is a whole number from 1024 to 60000, not "80"');
    assert.equal(refusal("--block-ms", "fast"), '--block-ms is a whole number from 50 to 60000, not "fast"');
    assert.equal(refusal("--comet", "0.37"), '--comet is 0.38 or 0.40, not "0.37"');
    assert.equal(refusal("--name", "../x"), "--name has 1 to 20 lower-case letters, digits and dashes");
    assert.equal(refusal("--job", "nothing"), '--job is one of histogram, kmeans, regression, none, or a folder with a job.json; "nothing" is neither');
    assert.match(refusal("--fault", "laziness"), /^--fault is one of .*lie.*, not "laziness"$/);
    assert.equal(refusal("--fault", "lie", "--providers", "3"), "--fault lie needs --providers 4 or more: three must agree against it, not 2");
    assert.equal(refusal("--nodes", "3"), "Unknown option '--nodes'");
    assert.match(refusal("once"), /^Unexpected argument 'once'/);
    assert.match(refusal("--providers"), /^Option '--providers <value>' argument missing/);
  });

  it("that npm swallowed, for want of --, are told of", () => {
    assert.throws(() => readOptions([], { npm_config_base_port: "30000" }), new UsageError("npm kept --base-port for itself: put -- before the options, npm start -- --base-port ..."));
    assert.throws(() => readOptions([], { npm_config_fresh: "true" }), new UsageError("npm kept --fresh for itself: put -- before the options, npm start -- --fresh ..."));
  });
});
