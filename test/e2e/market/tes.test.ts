/** A workflow engine's tasks on the market: `dcm tes` as a process of its own, on the network that `npm start` makes, asked over HTTP and killed on the way. GA4GH's own schema judges every answer. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "mocha";
import { toHex } from "../../../chain/codec/bytes.ts";
import { sha256 } from "../../../chain/codec/hash.ts";
import { endStates, type ShownTask, type State } from "../../../worker/gateway/tes/types.ts";
import { assertTes, type TesSchema } from "../../support/tes-schema.ts";

const root = join(import.meta.dirname, "../../..");
const tools = join(root, "examples/tools/tools.wasm");
const toolsDigest = toHex(sha256(readFileSync(tools)));
const token = "0123456789abcdefghij";

describe("tasks of workflow engines (GA4GH TES)", function () {
  this.timeout(180_000);
  let folder: string;
  let localnet: ChildProcess;
  let gateway: ChildProcess | undefined;
  let url: string;
  let state: string;
  let port = "0";
  let web: Server;
  let webUrl: string;
  const uploads = new Map<string, string>();
  let said = "";
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, DCM_HOME: join(folder, "home"), DCM_NODE: undefined, DCM_PROFILE: undefined, CI: "1" });
  const results = (): string => join(folder, "results");
  const file = (path: string): string => pathToFileURL(join(results(), path)).href;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-tes-e2e-"));
    mkdirSync(results());
    web = createServer((request, response) => {
      const path = request.url!;
      if (request.method === "GET") return void response.writeHead(path === "/data" ? 200 : 404).end(path === "/data" ? "from the web\n" : "");
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part)).on("end", () => {
        uploads.set(path, Buffer.concat(parts).toString());
        response.writeHead(201).end();
      });
    });
    await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
    webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    localnet = spawn(process.execPath, [join(root, "localnet/start.ts"), "--job", "none", "--validators", "1", "--providers", "3", "--state", folder, "--name", "net", "--block-ms", "300"], { stdio: ["ignore", "pipe", "pipe"] });
    await until(localnet, "Running until Ctrl-C");
    await dcm("init", "--net", "local", "--localnet", join(folder, "net"));
    await start();
  });
  after(async () => {
    for (const child of [gateway, localnet]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    web.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function dcm(...argv: string[]): Promise<{ out: string }> {
    const child = spawn(process.execPath, [join(root, "bin/dcm.mjs"), ...argv], { cwd: folder, env: env(), stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 0, err);
    return { out };
  }

  /** Waits for words on a child's standard output; rejects with all that it said. */
  async function until(child: ChildProcess, words: string): Promise<string> {
    let out = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    for (const end = Date.now() + 120_000; !out.includes(words); await sleep(50)) {
      if (Date.now() > end || child.exitCode !== null) throw new Error(`no ${JSON.stringify(words)}: ${out}${said.slice(-2_000)}`);
    }
    return out;
  }

  /** The gateway on the state that is there, at the address that it had; `more` are further options. */
  async function start(...more: string[]): Promise<void> {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, `${token}\n`);
    const argv = ["tes", "--json", "--port", port, "--token-file", tokenFile, "--files", results(), "--private-network", "--image", `registry.example/tools:1=${tools}`, "--verify", "v0", "--lots", "1", "--tag", "team=e2e", "--no-input", ...more];
    gateway = spawn(process.execPath, [join(root, "bin/dcm.mjs"), ...argv], { cwd: folder, env: env(), stdio: ["ignore", "pipe", "pipe"] });
    ({ url, state } = JSON.parse(await until(gateway, "\n")) as { url: string; state: string });
    port = new URL(url).port;
  }

  async function kill(signal: NodeJS.Signals = "SIGKILL", ...more: string[]): Promise<void> {
    gateway!.kill(signal);
    await once(gateway!, "exit");
    await start(...more);
  }

  async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${url}/ga4gh/tes/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function get<T>(schema: TesSchema, path: string): Promise<T> {
    const { status, body } = await ask("GET", path);
    assert.equal(status, 200, JSON.stringify(body));
    assertTes(schema, body, new URL(path, "http://tes").searchParams.get("view") ?? undefined);
    return body as T;
  }

  async function create(task: object): Promise<string> {
    const { status, body } = await ask("POST", "/tasks", task);
    assert.equal(status, 200, JSON.stringify(body));
    assertTes("tesCreateTaskResponse", body);
    return body["id"] as string;
  }

  const full = (id: string): Promise<ShownTask> => get("tesTask", `/tasks/${id}?view=FULL`);

  /** Until a task is in one of these states. */
  async function become(id: string, ...wanted: State[]): Promise<ShownTask> {
    for (const end = Date.now() + 90_000; ; await sleep(200)) {
      const shown = await get<ShownTask>("tesTask", `/tasks/${id}`);
      if (wanted.includes(shown.state)) return full(id);
      if (Date.now() > end || endStates.includes(shown.state)) throw new Error(`task ${id} is ${JSON.stringify(await full(id), undefined, 1)}\n${said.slice(-3_000)}`);
    }
  }

  it("refuses what the market cannot do, with what to do instead, before anything is spent (TES-7)", async () => {
    const refused = async (task: object, words: RegExp): Promise<void> => {
      const { status, body } = await ask("POST", "/tasks", task);
      assert.deepEqual([status, words.test(body["message"] as string)], [400, true], JSON.stringify(body));
    };
    const executors = [{ image: "registry.example/tools:1", command: ["cat"] }];
    await refused({ executors: [{ image: "ubuntu:22.04", command: ["bash"] }] }, /executors\[0\]\.image is "ubuntu:22\.04"; the market runs WebAssembly modules, no containers: name one by/);
    await refused({ executors: [{ image: `sha256:${"0".repeat(64)}`, command: ["x"] }] }, /has no module 0000/);
    await refused({ executors, inputs: [{ path: "/a", url: "s3://bucket/a" }] }, /inputs\[0\]\.url s3:\/\/bucket\/a is not http or https/);
    await refused({ executors, outputs: [{ path: "/a", url: "file:///etc/passwd" }] }, /outside of the folders/);
    await refused({ executors, outputs: [{ path: "/a", url: file("../../etc/passwd") }] }, /outside of the folders/);
    await refused({ executors, resources: { ram_gb: 64 } }, /ram_gb is 64; class wasm\.core gives 0\.268/);
    await refused({ executors, resources: { backend_parameters: { Gpu: "1" }, backend_parameters_strict: true } }, /backend_parameters\.Gpu is not supported/);
    await refused({ executors, resources: { backend_parameters: { limit_price: "900000000" } } }, /the market would refuse this order: .*insufficient funds/);
    await refused({ executors, resources: { backend_parameters: { class: "cpu.x64.small" } } }, /the market would refuse this order: .*metered by time/);
    assert.equal((await fetch(`${url}/v1/tasks`)).status, 401);
    await get("tesServiceInfo", "/service-info");
    assert.deepEqual(await get("tesListTasksResponse", "/tasks"), { tasks: [] });
  });

  it("runs tasks to their ends through three kills: files, streams, environment, several executors, errors, cancellation (TES-8)", async () => {
    const pipeline = await create({
      name: "pipeline-1", tags: { WORKFLOW: "w1", kind: "pipeline" }, volumes: ["/vol"],
      resources: { cpu_cores: 1, ram_gb: 0.1, backend_parameters: { verification: "v2", VmSize: "huge" } },
      inputs: [{ path: "/in/a.txt", content: "one\ntwo\n" }, { path: "/in/b.txt", url: `${webUrl}/data` }, { path: "/bin/tools.wasm", url: `data:application/wasm;base64,${readFileSync(tools).toString("base64")}` }],
      executors: [
        { image: "registry.example/tools:1", command: ["cat", "a.txt", "/in/b.txt"], workdir: "/in", stdout: "/vol/joined" },
        { image: "/bin/tools.wasm", command: ["split", "/out/part"], stdin: "/vol/joined", env: { GREETING: "hello" } },
      ],
      outputs: [{ path: "/out/part-[0-9].txt", path_prefix: "/out", url: file("parts") }, { path: "/vol/joined", url: `${webUrl}/uploads/joined`, type: "FILE" }],
    });
    const failing = await create({ name: "failing", executors: [{ image: `sha256:${toolsDigest}`, command: ["fail", "3", "it is broken"], stderr: "/err" }, { image: `sha256:${toolsDigest}`, command: ["cat"] }] });
    // Killed while a bid is on its way: its keys lie on disk, what became of it only the chain can tell.
    const keys = join(state, "jobs");
    for (const end = Date.now() + 20_000; !readdirSync(keys).some((name) => name.startsWith("draft-")) && Date.now() < end; ) await sleep(1);
    assert.ok(readdirSync(keys).some((name) => name.startsWith("draft-")), "no bid was on its way");
    await kill();
    const ignoring = await create({
      name: "ignoring", executors: [{ image: `sha256:${toolsDigest}`, command: ["fail", "4"], ignore_error: true }, { image: `sha256:${toolsDigest}`, command: ["env"], env: { B: "2", A: "" }, stdout: "/out/env.txt" }],
      outputs: [{ path: "/out", url: file("env"), type: "DIRECTORY" }],
    });
    const waiting = await create({ name: "waiting", tags: { kind: "waiting" }, executors: [{ image: `sha256:${toolsDigest}`, command: ["cat"] }], resources: { backend_parameters: { limit_price: "1" } } });
    const queued = await become(waiting, "QUEUED");
    assert.equal(queued.logs?.[0]?.start_time, undefined);
    // A job is placed, or on its way.
    for (const end = Date.now() + 20_000; (await full(waiting)).logs?.[0]?.metadata?.["executors.0.job"] === undefined && Date.now() < end; ) await sleep(100);
    await kill();
    assert.deepEqual(await ask("POST", `/tasks/${waiting}:cancel`), { status: 200, body: {} });
    assert.ok(["CANCELING", "CANCELED"].includes((await get<ShownTask>("tesTask", `/tasks/${waiting}`)).state));
    // Its first executor has ended: the second is not ordered yet, or just now.
    for (const end = Date.now() + 60_000; ((await full(pipeline)).logs?.[0]?.logs.length ?? 0) < 1 && Date.now() < end; ) await sleep(50);
    await kill();

    const cancelled = await become(waiting, "CANCELED");
    assert.deepEqual([cancelled.logs![0]!.logs, cancelled.logs![0]!.metadata!["executors.0.paid"]], [[], "0"]);
    assert.deepEqual(await ask("POST", `/tasks/${waiting}:cancel`), { status: 200, body: {} });

    const failed = await become(failing, "EXECUTOR_ERROR");
    assert.deepEqual(failed.logs![0]!.logs.map(({ exit_code, stderr }) => [exit_code, stderr]), [[3, "it is broken\n"]]);
    assert.match(failed.logs![0]!.system_logs!.join("\n"), /EXECUTOR_ERROR: executor 0 ended with exit code 3/);

    const ignored = await become(ignoring, "COMPLETE");
    assert.deepEqual(ignored.logs![0]!.logs.map(({ exit_code }) => exit_code), [4, 0]);
    assert.equal(ignored.logs![0]!.logs[1]!.stdout, "A=\nB=2\n");
    assert.equal(readFileSync(join(results(), "env/env.txt"), "utf8"), "A=\nB=2\n");
    assert.deepEqual(ignored.logs![0]!.outputs, [{ path: "/out/env.txt", url: `${file("env")}/env.txt`, size_bytes: "7" }]);

    const done = await become(pipeline, "COMPLETE");
    assert.deepEqual(readdirSync(join(results(), "parts")).sort(), ["part-0.txt", "part-1.txt", "part-2.txt"]);
    assert.deepEqual([0, 1, 2].map((i) => readFileSync(join(results(), `parts/part-${i}.txt`), "utf8")), ["one\n", "two\n", "from the web\n"]);
    assert.equal(uploads.get("/uploads/joined"), "one\ntwo\nfrom the web\n");
    const [log] = done.logs!;
    assert.deepEqual(log!.outputs.map(({ path, size_bytes }) => [path, size_bytes]), [["/out/part-0.txt", "4"], ["/out/part-1.txt", "4"], ["/out/part-2.txt", "13"], ["/vol/joined", "21"]]);
    assert.deepEqual(log!.logs.map(({ exit_code }) => exit_code), [0, 0]);
    assert.ok(Date.parse(log!.start_time!) <= Date.parse(log!.logs[0]!.end_time!) && Date.parse(log!.logs[1]!.end_time!) <= Date.parse(log!.end_time!));
    assert.match(log!.system_logs!.join("\n"), /backend_parameters\.VmSize is not supported/);
    assert.deepEqual(done.resources, { cpu_cores: 1, ram_gb: 0.1, backend_parameters: { verification: "v2" } });
    // Each executor is one job on the chain, whatever was killed when; all of them have ended.
    const { out } = await dcm("jobs", "--json");
    const jobs = JSON.parse(out) as { id: string }[];
    const named = [cancelled, failed, ignored, done].flatMap(({ logs }) => Object.entries(logs![0]!.metadata!).filter(([key]) => key.endsWith(".job")).map(([, id]) => id));
    assert.deepEqual([jobs.map(({ id }) => id).sort(), named.length], [[...named].sort(), 6]);
    assert.deepEqual(JSON.parse((await dcm("jobs", "--live", "--json")).out), []);
    // Two providers ran each executor and agreed; what they got stands there.
    for (const i of [0, 1]) {
      const metadata = log!.metadata!;
      assert.deepEqual([metadata[`executors.${i}.verification`], metadata[`executors.${i}.providers`]!.split(",").length, BigInt(metadata[`executors.${i}.paid`]!) > 0n], ["V2", 2, true]);
    }
  });

  it("lists what there was, by name, state and tags, page by page (TES-9)", async () => {
    interface Listed { readonly tasks: ShownTask[]; readonly next_page_token?: string }
    const names = async (query: string): Promise<(string | undefined)[]> => (await get<Listed>("tesListTasksResponse", `/tasks?view=BASIC&${query}`)).tasks.map(({ name }) => name);
    assert.deepEqual(await names(""), ["waiting", "ignoring", "failing", "pipeline-1"]);
    assert.deepEqual(await names("name_prefix=pipe"), ["pipeline-1"]);
    assert.deepEqual(await names("state=COMPLETE"), ["ignoring", "pipeline-1"]);
    assert.deepEqual(await names("tag_key=kind"), ["waiting", "pipeline-1"]);
    assert.deepEqual(await names("tag_key=kind&tag_value=waiting"), ["waiting"]);
    const first = await get<Listed>("tesListTasksResponse", "/tasks?page_size=3");
    const second = await get<Listed>("tesListTasksResponse", `/tasks?page_size=3&page_token=${first.next_page_token}`);
    assert.deepEqual([first.tasks.length, second.tasks.length, second.next_page_token], [3, 1, undefined]);
  });

  it("orders with an organization's money: what its budget or policy forbid is refused with the rule, before anything is spent (TES-14)", async () => {
    for (const argv of [["create", "acme"], ["deposit", "acme", "20000000"], ["budget", "acme", "1000000", "--tag", "team=e2e"]]) await dcm("org", ...argv);
    await kill("SIGTERM", "--organization", "acme");
    const executors = [{ image: "registry.example/tools:1", command: ["cat"] }];
    const refused = async (parameters: Record<string, string>, words: RegExp): Promise<void> => {
      const { status, body } = await ask("POST", "/tasks", { executors, resources: { backend_parameters: parameters } });
      assert.deepEqual([status, words.test(body["message"] as string)], [400, true], JSON.stringify(body));
    };
    await refused({ lots: "9" }, /the market would refuse this order: .*is more than remains: 1000000 of 1000000udcm for .*team=e2e/);
    const id = await create({ executors });
    const { logs } = await become(id, "COMPLETE");
    const { "executors.0.paid": paid, "executors.0.fee": fee } = logs![0]!.metadata!;
    writeFileSync(join(folder, "policy.json"), JSON.stringify({ min_verification: "VERIFICATION_LEVEL_V2_REPLICATED" }));
    await dcm("org", "policy", "acme", join(folder, "policy.json"));
    await refused({}, /the market would refuse this order: the policy of acme does not allow this: .*min_verification/);
    const { out } = await dcm("bill", "show", "--organization", "acme", "--json");
    assert.match(out, new RegExp(id));
    assert.ok(out.includes(`"${BigInt(paid!) + BigInt(fee!)}"`), out.slice(0, 2_000));
  });
});
