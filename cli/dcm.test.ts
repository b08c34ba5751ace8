import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { csvText } from "../client/statements/csv.ts";
import { focusColumns } from "../client/statements/focus.ts";
import { testAccount } from "../test/support/accounts.ts";
import { candidates } from "./completion.ts";
import { columns, type Io } from "./io.ts";
import { buildProgram } from "./program.ts";
import { named, stderrOf, Telling } from "./results.ts";
import { encodeChanges } from "../worker/sandbox/bundle.ts";
import { runCommand, type Ran } from "./testing.ts";

const silent = "http://127.0.0.1:1";
const address = testAccount("billed").text;

const dcm = (argv: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<Ran> => runCommand(argv, { readFile: (path) => files[path] ?? assert.fail(`ENOENT: ${path}`) });

describe("dcm", () => {
  it("says what it does, with examples, for every command", async () => {
    const paths = (command: CommandUnknownOpts): string[][] => [[], ...command.commands.flatMap((one) => paths(one).map((rest) => [one.name(), ...rest]))];
    const all = paths(buildProgram({ env: {} } as Io));
    assert.ok(all.length > 10, `only ${all.length} commands`);
    for (const path of all) {
      const { code, out, err } = await dcm([...path, "--help"]);
      assert.deepEqual([code, err], [0, ""], path.join(" "));
      assert.match(out, new RegExp(`Examples:\\n {2}\\$ ${["dcm", ...path].join(" ")}`), path.join(" "));
    }
    assert.match((await dcm(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
  });

  it("tells wrong usage by its exit code, says why and what to type (STM-8)", async () => {
    for (const [argv, words] of [
      [["bill", "shwo"], /Did you mean show\?/], [["bill", "show"], /an account or an organization, and not both/], [["bill", "show", "--account", "dcm1x"], /is no account's address/], [["balance", "dcm1abc"], /dcm1abc is no account's address\n {5}A letter is wrong/], [["bill", "show", "--organization", "a'b"], /no name of an organization/],
      [["bill", "show", "--account", address, "--from", "yesterday"], /"yesterday" is no time\n {5}e\.g\. 2026-11-01/], [["bill", "show", "--account", address, "--from", "2026-11-02", "--to", "2026-11-02"], /the period ends at 2026-11-02T00:00:00Z/],
      [["bill", "export", "--account", address, "--format", "focus"], /--currency with three capital letters/], [["bill", "export", "--account", address, "--format", "focus", "--currency", "USD", "--fx", "udcm=0"], /--fx udcm=0 is no rate/],
      [["bill", "export", "--account", address, "--format", "pdf"], /Allowed choices are csv, focus, json/],
    ] as const) {
      const { code, err } = await dcm(argv);
      assert.equal(code, 2, argv.join(" "));
      assert.match(err, words);
    }
  });

  it("tells a node that does not answer, a file that is not there, and one that is no bill apart (STM-8)", async () => {
    const away = await dcm(["bill", "show", "--account", address, "--node", silent, "--json"]);
    assert.equal(away.code, 5);
    assert.deepEqual(Object.keys(JSON.parse(away.err) as object), ["error", "hint", "exit_code"]);
    assert.equal((await dcm(["bill", "verify", "none.csv"])).code, 3);
    for (const [text, words] of [["", /the file is empty/], ["a,b\nc", /row 1 has 1 fields/], ['a\n"b', /a quote is not closed/]] as const) {
      const { code, err } = await dcm(["bill", "verify", "bill.csv"], { "bill.csv": text });
      assert.equal(code, 4);
      assert.match(err, words);
    }
    const { code, out, err } = await dcm(["bill", "verify", "bill.csv", "--rules-only"], { "bill.csv": csvText([["BilledCost"], ["x"]]) });
    assert.equal(code, 4);
    assert.match(out, /row 1: BilledCost "x" is no decimal \(decimal\)/);
    assert.match(err, /bill\.csv: \d+ faults in 1 rows/);
    const json = await dcm(["bill", "verify", "bill.csv", "--rules-only", "--json"], { "bill.csv": csvText([[...focusColumns]]) });
    assert.deepEqual([json.code, (JSON.parse(json.out) as { faults: unknown[] }).faults], [0, []]);
  });

  it("says what a folder holds instead of the file that is looked for", async () => {
    const examples = fileURLToPath(new URL("../examples", import.meta.url));
    for (const [argv, words] of [
      [["quote", `${examples}/classify`], /there is no job\.json in \S+classify\n {5}It has a service\.json: dcm service run /], [["service", "run", `${examples}/kmeans`], /there is no service\.json in \S+kmeans\n {5}It has a job\.json: dcm run /],
      [["run", `${examples}/tools`], /there is no job\.json in .*\n {5}A job is a folder with a job\.json/], [["run", "nowhere"], /there is no nowhere\n/],
    ] as const) {
      const { code, err } = await dcm(argv);
      assert.equal(code, 3, err);
      assert.match(err, words);
    }
  });

  it("names line and column of what is wrong in a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-file-"));
    const job = readFileSync(new URL("../examples/histogram/job.json", import.meta.url), "utf8");
    const service = readFileSync(new URL("../examples/classify/service.json", import.meta.url), "utf8");
    const quote = ["quote", folder, "job.json"] as const;
    const serve = ["service run", `${folder}/service.json`, "service.json"] as const;
    const faulty = (text: string, from: string, to: string): string => {
      assert.ok(text.includes(from), from);
      return text.replace(from, to);
    };
    try {
      for (const [[command, path, file], text, words] of [
        [quote, faulty(job, '"lots": 1,', '"lots": "one",'), /job\.json:16:15: waves\[0\]\.lots must be a whole number from 1 to 10\^18, not "one"\n {5}Its fields: examples\/job\.schema\.json/],
        [quote, faulty(job, '"lots": 1,', '"lotz": 1,'), /job\.json:16:7: waves\[0\] has the unknown field lotz; known are/], [quote, faulty(job, '"title":', '"costTags": { "A": "x" }, "title":'), /job\.json:4:17: a key of costTags must be/],
        [quote, faulty(job, '"title":', '"titel":'), /job\.json:4:3: job has the unknown field titel/], [quote, faulty(job, '"lots": 1,', '"lots": 1'), /job\.json:17:7: the job file is not JSON: Expected ',' or '}' after property value\n/],
        [quote, job.slice(0, 30), /job\.json:2:14: the job file is not JSON: /], [serve, faulty(service, '"lots"', '"lot"'), /service\.json:\d+:3: service has the unknown field lot;/],
      ] as const) {
        writeFileSync(join(folder, file), text);
        const { code, err } = await dcm([...command.split(" "), path]);
        assert.equal(code, 4, err);
        assert.match(err, words);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("aligns numbers to the right and words to the left", () => {
    assert.equal(columns([["what", "cost"], ["a", "5"], ["bb", "1000"]]), "what  cost\na        5\nbb    1000");
    assert.equal(columns([["only", "head"]]), "only  head");
  });

  it("completes commands, options and their choices (CLI-9)", async () => {
    for (const [line, words] of [
      ["re", ["receipt"]], ["keys ", ["list", "add", "export"]], ["keys e", ["export"]], ["run job --ver", ["--verify"]], ["run job --rep", ["--replicas"]], ["run job --verify ", ["v0", "v1", "v2", "v3"]], ["completion z", ["zsh"]], ["completion p", ["powershell"]], ["sq", ["squeue"]], ["scancel --k", ["--key"]], ["org invite acme dcm1x --role s", ["spender"]], ["book --level", ["--levels"]], ["nothing-such --x", []], ["comp", ["completion"]],
    ] as const) assert.deepEqual((await dcm(["complete", "--", ...line.split(" ")])).out.split("\n").filter((word) => word !== ""), words, line);
    for (const shell of ["bash", "zsh", "fish", "powershell"]) assert.match((await dcm(["completion", shell])).out, /dcm complete -- /);
    assert.equal((await dcm(["completion", "csh"])).code, 2);
  });

  it("completes the numbers of what was ordered from here, where one may stand (CLI-9)", async () => {
    const ordered = { job: ["12", "11", "7"], service: ["5"] };
    const program = buildProgram({ env: {} } as Io);
    for (const [line, words] of [["receipt ", ["12", "11", "7"]], ["attach 1", ["12", "11"]], ["logs 7", ["7"]], ["service close ", ["5"]], ["attach 7 ", []], ["scancel 7 1", ["12", "11"]], ["quote ", []], ["receipt --", ["--node", "--profile", "--json", "--help"]]] as const) {
      assert.deepEqual(await candidates(program, line.split(" "), async (kind) => ordered[kind]), words, line);
    }
    // Without a profile there is nothing to say, and nothing to complain about.
    assert.deepEqual(await dcm(["complete", "--", "receipt", ""]), { code: 0, out: "", err: "" });
  });

  it("completes in bash, as it is installed (CLI-9)", async () => {
    const bin = fileURLToPath(new URL("../bin/dcm.mjs", import.meta.url));
    const script = `dcm() { "${process.execPath}" "${bin}" "$@"; }\n${(await dcm(["completion", "bash"])).out}\nCOMP_WORDS=(dcm keys a); COMP_CWORD=2; _dcm; echo "$COMPREPLY"`;
    assert.equal(execFileSync("bash", ["-c", script], { encoding: "utf8" }), "add\n");
  });

  it("takes a job or a task of it by number, and says what a task's name is (CLI-11)", async () => {
    assert.deepEqual(["7", "7/0", "7:/12"].map(named), [{ id: "7", index: undefined }, { id: "7", index: 0 }, { id: "7", index: 12 }]);
    for (const argv of [["logs", "x"], ["cp", "7/"], ["cp", "7/1/2"], ["logs", "0"]]) assert.match((await dcm(argv)).err, /^dcm: "\S+" is no job and no task\n {5}7 is a job, 7\/2 its third task/);
    assert.match((await dcm(["cp", "7", "-"])).err, /- is for the bytes of one task alone/);
  });

  it("shows what a program said where a result has files, and nothing where it has none (CLI-11)", () => {
    assert.equal(stderrOf({ output: encodeChanges({ stdout: new Uint8Array(0), stderr: Buffer.from("no such file\n"), entries: [] }) }), "no such file\n");
    assert.deepEqual([stderrOf({ output: new Uint8Array(0) }), stderrOf({ output: Buffer.from("hello") })], [undefined, undefined]);
  });

  it("tells what happens to a job in words, of one task alone where that is asked for (CLI-11)", () => {
    const names = new Map([["p", "Paula"], ["q", "Quinn"]]);
    const events = [
      ["market", "BidPlaced", { job_id: "7" }], ["market", "TaskChanged", { task_id: "70", state: "open" }], ["market", "ReplicaChanged", { task_id: "70", provider: "p", state: "running" }], ["market", "ReplicaChanged", { task_id: "71", provider: "q", state: "revealed" }],
      ["referee", "DisputeOpened", { task_id: "70", provider: "p", challenger: "x" }], ["referee", "DisputeClosed", { task_id: "70", outcome: "provider_wrong" }], ["market", "ProviderPenalized", { task_id: "70", provider: "p", amount: "2000", denom: "udcm", reason: "disproved" }],
      ["market", "TaskChanged", { task_id: "71", state: "final" }], ["market", "EscrowSettled", { job_id: "7" }],
    ].map(([module, type, attributes]) => ({ type: `dcm.${module as string}.v1.Event${type as string}`, attributes: attributes as Record<string, string> }));
    const told = (tasks: { id: bigint; index: number }[], one: boolean): string[] => events.flatMap((event) => new Telling(tasks, names, one).lines(event)).map(({ task, what, final }) => `${task ?? ""} ${what}${final === true ? "!" : ""}`);
    const both = [{ id: 70n, index: 0 }, { id: 71n, index: 1 }];
    assert.deepEqual(told(both, false), [" bid placed", "0 Paula running", "1 Quinn revealed", "0 x challenges what Paula said", "0 the dispute is over: provider wrong", "0 Paula lost 2,000 udcm of its bond: disproved", "1 accepted and paid!"]);
    assert.deepEqual(told([both[1]!], true), ["1 Quinn revealed", "1 accepted and paid!"]);
  });

  it("suggests what was meant, for commands and options", async () => {
    for (const [argv, words] of [[["recipt", "7"], /Did you mean receipt\?/], [["run", "job", "--verfy", "v2"], /Did you mean --verify\?/], [["run", "job", "--verify", "v4"], /Allowed choices are v0, v1, v2, v3/], [["run"], /missing required argument 'job'/]] as const) {
      const { code, out, err } = await dcm(argv);
      assert.deepEqual([code, out, words.test(err)], [2, "", true], err);
      assert.match(err, /^dcm: .*\n( {5}.*\n)* {5}\(add --help for what this command takes\)\n$/);
    }
    const { code, out, err } = await dcm(["recipt", "7", "--json"]);
    assert.deepEqual([code, out, JSON.parse(err)], [2, "", { error: "unknown command 'recipt'\n(Did you mean receipt?)", hint: "--help says what a command takes", exit_code: 2 }]);
  });
});
