import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "mocha";
import { BlobStore } from "../../data/store.ts";
import { addPlaces, bytesAt, checkInput, checkOutput, deliver, deliveriesOf, gather, type DataRules } from "./data.ts";
import { imagesOf, Modules } from "./images.ts";
import { TaskFiles } from "./tree.ts";
import { Refused, type TesInput, type TesOutput } from "./types.ts";
import { getWeb, webFault } from "./web.ts";

const { signal } = new AbortController();
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe("data of tasks", () => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), "dcm-tes-data-"));
  const open = join(root, "open");
  const rules: DataRules = { folders: [open], privateNetwork: true };
  const closed: DataRules = { folders: [open], privateNetwork: false };
  const put = new Map<string, string>();
  let web: Server;
  let url: string;

  before(async () => {
    mkdirSync(join(open, "tree/deep"), { recursive: true });
    writeFileSync(join(root, "secret"), "secret");
    writeFileSync(join(open, "a.txt"), "a");
    writeFileSync(join(open, "tree/deep/b.txt"), "b");
    symlinkSync(join(root, "secret"), join(open, "link"));
    symlinkSync(root, join(open, "way"));
    web = createServer((request, response) => {
      if (request.method === "PUT") {
        let body = "";
        request.setEncoding("utf8").on("data", (text: string) => (body += text)).on("end", () => {
          put.set(request.url!, body);
          response.writeHead(request.url === "/full" ? 507 : 200).end();
        });
      } else if (request.url === "/hop") response.writeHead(302, { location: "/data" }).end();
      else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
      else if (request.url === "/data") response.end("from the web");
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  after(() => {
    web.close();
    rmSync(root, { recursive: true });
  });

  const input = (fields: Partial<TesInput>): TesInput => ({ path: "/in/x", type: "FILE", ...fields });
  const taken = async (fields: Partial<TesInput>): Promise<Record<string, string>> => {
    const files = new TaskFiles();
    await gather(input(fields), files, rules, signal);
    return Object.fromEntries(files.matching(() => true).map(([path, content]) => [path, Buffer.from(content).toString()]));
  };

  it("comes from where inputs say (TES-12)", async () => {
    assert.deepEqual(await taken({ content: "text", url: "s3://ignored" }), { "/in/x": "text" });
    assert.deepEqual(await taken({ url: `${url}/data` }), { "/in/x": "from the web" });
    assert.deepEqual(await taken({ url: `${url}/hop` }), { "/in/x": "from the web" });
    assert.deepEqual(await taken({ url: "data:text/plain;base64,aGVsbG8=" }), { "/in/x": "hello" });
    assert.deepEqual(await taken({ url: pathToFileURL(join(open, "a.txt")).href }), { "/in/x": "a" });
    assert.deepEqual(await taken({ url: join(open, "tree"), type: "DIRECTORY" }), { "/in/x/deep/b.txt": "b" });
    await assert.rejects(taken({ url: `${url}/none` }), /input \/in\/x from http.*: it answers 404/);
    await assert.rejects(taken({ url: `${url}/loop` }), /redirects more than 5 times/);
    await assert.rejects(taken({ url: join(open, "a.txt"), type: "DIRECTORY" }), /is no directory/);
    await assert.rejects(taken({ url: join(open, "none") }), /ENOENT/);
    await assert.rejects(getWeb(`${url}/data`, 3, rules, signal), /sends more than 3 bytes/);
  });

  it("stays within the folders that are open, links and all (TES-12)", async () => {
    for (const path of [join(root, "secret"), join(open, "../secret"), join(open, "link"), join(open, "way/secret"), "/etc/passwd"]) {
      assert.throws(() => checkInput(input({ url: path }), "inputs[0].url", rules), (error) => error instanceof Refused && /outside of the folders/.test(error.message), path);
      await assert.rejects(taken({ url: path }), /outside of the folders/);
      assert.throws(() => checkOutput({ url: path, path: "/o", type: "FILE" }, "outputs[0].url", rules), /outside of the folders/);
    }
    await assert.rejects(taken({ url: open, type: "DIRECTORY" }), /outside of the folders/);
    assert.throws(() => checkInput(input({ url: join(open, "a.txt") }), "inputs[0].url", { ...rules, folders: [] }), /has opened no folder/);
    assert.throws(() => checkInput(input({ url: `${url}/x`, type: "DIRECTORY" }), "inputs[0].url", rules), /a directory is read from file: only/);
    for (const other of ["s3://b/k", "gs://b/k", "ftp://h/f", "not a url"]) assert.throws(() => checkInput(input({ url: other }), "inputs[0].url", rules), Refused, other);
  });

  it("stays out of private networks where they are not open, by address, by name, by redirection (TES-12)", async () => {
    for (const other of [url, "http://localhost:1/x", "http://100.64.2.3/", "http://169.254.169.254/latest", "http://[fd00::1]/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::ffff:0:7f00:1]/", "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[fec0::1]/", "http://localhost./x", "http://a.localhost./", "http://198.18.0.1", "http://0/", "http://2130706433/"]) {
      assert.match(webFault(other, closed) ?? "", /the gateway's own network/, other);
      await assert.rejects(getWeb(other, 10, closed, signal), /the gateway's own network/);
    }
    for (const far of ["https://example.org/x", "http://[2606:4700::1111]/", "http://[2a00:1450:4001::8a]/", "http://9.9.9.9/"]) assert.equal(webFault(far, closed), undefined);
    // A name that leads here: what is connected to is what was looked up.
    await assert.rejects(getWeb("http://ip6-localhost:1/", 10, closed, signal), /the gateway's own network|ENOTFOUND|EAI_AGAIN/);
  });

  it("goes where outputs say, each file whole, as often as it is delivered (TES-12)", async () => {
    const files = new TaskFiles();
    for (const [path, content] of [["/out/a.txt", "A"], ["/out/b c.txt", "B"], ["/out/sub/d.txt", "D"], ["/other", "O"]] as const) files.addFile(path, bytes(content));
    const deliverAll = async (output: TesOutput): Promise<unknown[]> => Promise.all(deliveriesOf(output, files).map((one) => deliver(one, rules, signal)));
    const target = pathToFileURL(join(open, "results")).href;
    assert.deepEqual(await deliverAll({ path: "/out/*.txt", path_prefix: "/out", url: target, type: "FILE" }), [{ url: `${target}/a.txt`, path: "/out/a.txt", size_bytes: "1" }, { url: `${target}/b%20c.txt`, path: "/out/b c.txt", size_bytes: "1" }]);
    await deliverAll({ path: "/out", url: `${target}/`, type: "DIRECTORY" });
    await deliverAll({ path: "/out", url: `${target}/`, type: "DIRECTORY" });
    assert.deepEqual(readdirSync(join(open, "results"), { recursive: true }).sort(), ["a.txt", "b c.txt", "sub", "sub/d.txt"]);
    assert.equal(readFileSync(join(open, "results/b c.txt"), "utf8"), "B");
    await deliverAll({ path: "/out/*/*", path_prefix: "/none", url: `${url}/up`, type: "FILE" });
    assert.deepEqual([...put], [["/up/out/sub/d.txt", "D"]]);
    await assert.rejects(deliverAll({ path: "/other", url: `${url}/full`, type: "FILE" }), /output \/other to http.*: it answers 507/);
    assert.throws(() => deliveriesOf({ path: "/none", url: target, type: "FILE" }, files), /the output \/none is not there/);
    assert.throws(() => deliveriesOf({ path: "/other", url: target, type: "DIRECTORY" }, files), /is a file, not a directory/);
    assert.throws(() => checkOutput({ path: "/out/*", path_prefix: "/out", url: `${url}/x?signature=1`, type: "FILE" }, "outputs[0].url", rules), /has a query/);
  });

  it("leaves nothing where an output is not taken, nor beside the folders that are open (TES-12)", async () => {
    const files = new TaskFiles();
    files.addFile("/a", bytes("A"));
    mkdirSync(join(open, "taken"), { recursive: true });
    const beside = readdirSync(root).sort();
    for (const [target, words] of [[join(open, "taken"), /is a directory/], [open, /is a directory/], [join(open, "x".repeat(300)), /ENAMETOOLONG/]] as const) {
      await assert.rejects(deliver(deliveriesOf({ path: "/a", url: target, type: "FILE" }, files)[0]!, rules, signal), words);
    }
    assert.deepEqual([readdirSync(root).sort(), readdirSync(open).filter((name) => name.endsWith(".dcm"))], [beside, []]);
    await assert.rejects(bytesAt(open, 100, rules, signal), /is no file/);
  });

  it("finds the directories that executors need", () => {
    const files = new TaskFiles();
    addPlaces(files, { volumes: ["/vol/a"], outputs: [{ path: "/o/*/x", url: "", type: "FILE" }, { path: "/p/q", url: "", type: "FILE" }, { path: "/r", url: "", type: "DIRECTORY" }], executors: [{ workdir: "/w", stdout: "/s/out" }] });
    assert.deepEqual(files.entries().map(({ path }) => path), ["/o", "/p", "/r", "/s", "/tmp", "/vol", "/vol/a", "/w"]);
    files.addFile("/f", bytes(""));
    assert.throws(() => addPlaces(files, { executors: [{ workdir: "/f" }] }), /\/f is a file, and \/f needs a directory there/);
    assert.deepEqual(TaskFiles.decode(files.encode()).entries(), files.entries());
    files.addFile("/tmp/g", bytes("123"));
    files.apply([{ kind: "file", path: "/f", content: bytes("1234") }, { kind: "removed", path: "/tmp/g" }, { kind: "file", path: "/tmp/h", content: bytes("12") }]);
    assert.deepEqual([files.size, TaskFiles.decode(files.encode()).size], [6, 6]);
    assert.throws(() => files.apply([{ kind: "file", path: "/f/g", content: bytes("") }]), /stands in no directory/);
  });

  it("names modules by address, digest, name or path, and nothing else (TES-7)", async () => {
    const module = Buffer.from("0061736d01000000", "hex");
    const digest = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";
    writeFileSync(join(open, "m.wasm"), module);
    const modules = await Modules.open(await BlobStore.open({ directory: join(root, "modules") }), { "alpine:3": join(open, "m.wasm") });
    const image = (name: string, inputs: TesInput[] = []) => imagesOf({ executors: [{ image: name, command: ["x"] }], inputs }, modules, rules)[0]!;
    assert.deepEqual(image("alpine:3"), { kind: "known", digest });
    assert.deepEqual(image(`sha256:${digest}`), { kind: "known", digest });
    assert.deepEqual(image("/bin/m", [input({ path: "/bin/m", content: "x" })]), { kind: "file", path: "/bin/m" });
    assert.deepEqual(image("/bin/m", [input({ path: "/bin", type: "DIRECTORY", url: open })]), { kind: "file", path: "/bin/m" });
    const named = image(`${url}/m.wasm#sha256=${digest}`);
    assert.deepEqual(named, { kind: "url", url: `${url}/m.wasm`, digest });
    assert.equal(await modules.fetch(named as Extract<typeof named, { kind: "url" }>, rules, signal), digest, "it is there already");
    for (const [name, words] of [["ubuntu", /runs WebAssembly modules, no containers/], ["/bin/m", /path of none of the task's inputs/], [`${url}/m#tag`, /what is behind # is sha256=/], ["docker://x", /no containers/], [join("file:///etc/passwd"), /outside of the folders/]] as const) {
      assert.throws(() => image(name), (error) => error instanceof Refused && words.test(error.message), name);
    }
    await assert.rejects(modules.fetch({ kind: "url", url: `${url}/data`, digest: undefined }, rules, signal), /is no WebAssembly module/);
    await assert.rejects(modules.fetch({ kind: "url", url: `${url}/data`, digest: "0".repeat(64) }, rules, signal), /not the module that its sha256 names/);
  });
});
