import assert from "node:assert/strict";
import fs, { mkdtempSync, rmSync } from "node:fs";
import { request as send } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { assertTes, type TesSchema } from "../../../test/support/tes-schema.ts";
import { readTask } from "./read-task.ts";
import { serveTes, type ServerOptions } from "./server.ts";
import { TaskStore, type Accepted } from "./store.ts";
import { Refused, states, type ShownTask } from "./types.ts";

const info = { id: "com.example.dcm", name: "dcm", organization: { name: "acme", url: "https://acme.example" }, version: "0.1.0", storage: ["file:///data"] };
const terms: Accepted["terms"] = { classId: "wasm.core", quoteDenom: "udcm", limitPrice: "1", verification: "V0", lots: "1", durationMs: "1", maxResultBytes: "1", costTags: {}, organization: "" };

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

describe("the TES service", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** A service whose tasks are kept and go nowhere. */
  async function service(changes: Partial<ServerOptions> = {}) {
    const folder = mkdtempSync(join(tmpdir(), "dcm-tes-"));
    closers.push(() => rmSync(folder, { recursive: true }));
    const store = new TaskStore(folder, 100);
    const cancelled: string[] = [];
    const runner = { create: (body: unknown) => Promise.resolve().then(() => store.create({ task: readTask(body), terms, images: [] })), cancel: (id: string) => void cancelled.push(id) };
    const server = await serveTes({ host: "127.0.0.1", port: 0, store, runner, info, log: () => undefined, ...changes });
    closers.push(() => server.close());
    const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answered> => {
      const response = await fetch(`${server.url}${path}`, { method, headers: { "content-type": "application/json", ...headers }, ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }) });
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
    };
    const get = async <T>(schema: TesSchema, path: string): Promise<T> => {
      const { status, body } = await ask("GET", `/ga4gh/tes/v1${path}`);
      assert.equal(status, 200, JSON.stringify(body));
      assertTes(schema, body, new URL(path, "http://tes").searchParams.get("view") ?? undefined);
      return body as T;
    };
    const create = async (task: object): Promise<string> => {
      const { status, body } = await ask("POST", "/ga4gh/tes/v1/tasks", task);
      assert.equal(status, 200, JSON.stringify(body));
      assertTes("tesCreateTaskResponse", body);
      return body["id"] as string;
    };
    return { store, cancelled, ask, get, create, url: server.url };
  }
  const executors = [{ image: "/m.wasm", command: ["m"] }];
  interface Listed {
    readonly tasks: ShownTask[];
    readonly next_page_token?: string;
  }

  it("says what it is, under both prefixes (TES-1)", async () => {
    const { get, ask } = await service();
    const said = await get<{ type: object; tesResources_backend_parameters: string[] }>("tesServiceInfo", "/service-info");
    assert.deepEqual(said.type, { group: "org.ga4gh", artifact: "tes", version: "1.1.0" });
    assert.ok(said.tesResources_backend_parameters.includes("limit_price"));
    assert.deepEqual((await ask("GET", "/v1/service-info")).body, said);
    assert.equal((await ask("GET", "/ga4gh/tes/v1/nothing")).status, 404);
    assert.equal((await ask("GET", "/tasks")).status, 404);
    assert.equal((await ask("DELETE", "/v1/tasks")).status, 405);
  });

  it("shows a task as far as its view goes, without what is null or empty (TES-2)", async () => {
    const { store, create, get, ask } = await service();
    const id = await create({
      name: "full", description: "", volumes: [], tags: { a: "", B: "2" }, resources: null, id: "mine", state: "COMPLETE", executors: [{ ...executors[0], env: { EMPTY: "" }, workdir: null, ignore_error: false }],
      inputs: [{ path: "/m.wasm", content: "\0asm", name: null }], outputs: [{ path: "/out/*", url: "file:///x/", path_prefix: "/out/", type: "FILE" }],
    });
    assert.notEqual(id, "mine");
    assert.deepEqual(await get("tesTask", `/tasks/${id}`), { id, state: "QUEUED" });
    assert.deepEqual(await get("tesTask", `/tasks/${id}?view=MINIMAL`), { id, state: "QUEUED" });
    const { creation_time: created, ...basic } = await get<ShownTask>("tesTask", `/tasks/${id}?view=BASIC`);
    assert.ok(Math.abs(Date.parse(created!) - Date.now()) < 60_000);
    const plain = { id, state: "QUEUED", name: "full", executors: [{ ...executors[0], env: { EMPTY: "" }, ignore_error: false }], tags: { a: "", B: "2" }, outputs: [{ path: "/out/*", url: "file:///x/", path_prefix: "/out", type: "FILE" }] };
    assert.deepEqual(basic, { ...plain, inputs: [{ path: "/m.wasm", type: "FILE" }] });
    const { creation_time: _, ...full } = await get<ShownTask>("tesTask", `/tasks/${id}?view=FULL`);
    assert.deepEqual(full, { ...plain, inputs: [{ path: "/m.wasm", type: "FILE", content: "\0asm" }] });
    const progress = store.progress(id);
    Object.assign(progress, { state: "COMPLETE", started: "2026-11-27T10:00:00.000Z", ended: "2026-11-27T10:00:01.000Z", logs: [{ exit_code: 0, stdout: "hello", stderr: "x" }], outputs: [{ url: "file:///x/a", path: "/out/a", size_bytes: "5" }], metadata: { "executors.0.job": "7" }, system: ["line"] });
    store.save(id, progress);
    const log = { metadata: { "executors.0.job": "7" }, start_time: "2026-11-27T10:00:00.000Z", end_time: "2026-11-27T10:00:01.000Z", outputs: [{ url: "file:///x/a", path: "/out/a", size_bytes: "5" }] };
    assert.deepEqual((await get<ShownTask>("tesTask", `/tasks/${id}?view=BASIC`)).logs, [{ logs: [{ exit_code: 0 }], ...log }]);
    assert.deepEqual((await get<ShownTask>("tesTask", `/tasks/${id}?view=FULL`)).logs, [{ logs: [{ exit_code: 0, stdout: "hello", stderr: "x" }], ...log, system_logs: ["line"] }]);
    assert.equal((await ask("GET", `/v1/tasks/${id}?view=ALL`)).status, 400);
    assert.equal((await ask("GET", "/v1/tasks/nobody")).status, 404);
    for (const state of states) {
      store.save(id, { ...store.progress(id), state });
      assert.equal((await get<ShownTask>("tesTask", `/tasks/${id}`)).state, state);
    }
  });

  it("lists by name, state and tags, page by page, the latest first, whatever comes in between (TES-3)", async () => {
    const { store, create, get, ask } = await service();
    assert.deepEqual(await get("tesListTasksResponse", "/tasks"), { tasks: [] });
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift(await create({ name: i % 2 === 0 ? `even-${i}` : `odd-${i}`, executors, tags: { number: String(i), ...(i > 3 ? { large: "" } : {}) } }));
    store.save(ids[0]!, { ...store.progress(ids[0]!), state: "RUNNING" });
    const list = async (query: string): Promise<string[]> => (await get<Listed>("tesListTasksResponse", `/tasks?${query}`)).tasks.map(({ id }) => id);
    assert.deepEqual(await list(""), ids);
    assert.deepEqual(await list("name_prefix=even"), [0, 2, 4, 6].map((i) => ids[i]));
    assert.deepEqual(await list("state=RUNNING"), [ids[0]]);
    assert.deepEqual(await list("tag_key=number&tag_value=5"), [ids[1]]);
    assert.deepEqual(await list("tag_key=number"), ids);
    assert.deepEqual(await list("tag_key=large&tag_value=&tag_key=number&tag_value=4"), [ids[2]]);
    assert.deepEqual(await list("tag_key=number&tag_value=4&tag_key=none"), []);
    const first = await get<Listed>("tesListTasksResponse", "/tasks?page_size=3&view=BASIC");
    assert.deepEqual(first.tasks.map(({ name }) => name), ["even-6", "odd-5", "even-4"]);
    await create({ name: "later", executors });
    const second = await get<Listed>("tesListTasksResponse", `/tasks?page_size=3&page_token=${first.next_page_token}`);
    assert.deepEqual(second.tasks.map(({ id }) => id), ids.slice(3, 6));
    const last = await get<Listed>("tesListTasksResponse", `/tasks?page_size=3&page_token=${second.next_page_token}`);
    assert.deepEqual([last.tasks.map(({ id }) => id), last.next_page_token], [ids.slice(6), undefined]);
    for (const bad of ["page_size=0", "page_size=2048", "page_size=x", "page_token=../..", "state=DONE", "view=x"]) assert.equal((await ask("GET", `/v1/tasks?${bad}`)).status, 400, bad);
  });

  it("ends a page before it has too much to read (TES-3)", async () => {
    const { create, get, ask } = await service();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift(await create({ executors, inputs: [{ path: "/a", content: "x".repeat(15 << 20) }] }));
    for (const view of ["BASIC", "FULL"]) {
      const pages: string[][] = [];
      for (let token: string | undefined = ""; token !== undefined; ) {
        // The schema has no say in how much it is, and takes seconds for so much.
        const page = (await ask("GET", `/v1/tasks?page_size=2047&view=${view}${token === "" ? "" : `&page_token=${token}`}`)).body as unknown as Listed;
        pages.push(page.tasks.map(({ id }) => id));
        token = page.next_page_token;
      }
      assert.deepEqual(pages, [ids.slice(0, 2), ids.slice(2)], view);
    }
    assert.deepEqual((await get<Listed>("tesListTasksResponse", "/tasks")).tasks.length, 3);
  });

  it("takes JSON of a bounded size and says what is wrong with the rest (TES-4)", async () => {
    const { ask, url } = await service();
    const refused = async (body: unknown, status: number, words: RegExp, headers: Record<string, string> = {}): Promise<void> => {
      const answer = await ask("POST", "/v1/tasks", body, headers);
      assert.equal(answer.status, status);
      assert.match(answer.body["message"] as string, words);
    };
    await refused("{", 400, /no JSON/);
    await refused([], 400, /the task must be an object/);
    await refused({}, 400, /executors must be a list of at least one executor/);
    await refused("x=1", 415, /application\/json/, { "content-type": "application/x-www-form-urlencoded" });
    await refused({ executors, inputs: [{ path: "/a", content: "x".repeat(17 << 20) }] }, 413, /at most 16777216 bytes/).catch((error: unknown) => assert.match(String(error), /fetch failed/));
    assert.equal((await fetch(`${url}/v1/service-info`)).status, 200);
  });

  it("cancels a task, and answers with nothing (TES-5)", async () => {
    const { create, ask, cancelled } = await service();
    const id = await create({ executors });
    for (const path of [`/ga4gh/tes/v1/tasks/${id}:cancel`, `/v1/tasks/${id}%3Acancel`]) {
      const { status, body } = await ask("POST", path);
      assert.equal(status, 200);
      assertTes("tesCancelTaskResponse", body);
      assert.deepEqual(body, {});
    }
    assert.deepEqual(cancelled, [id, id]);
    assert.equal((await ask("POST", "/v1/tasks/nobody:cancel")).status, 404);
    assert.equal((await ask("GET", `/v1/tasks/${id}:cancel`)).status, 405);
    assert.equal((await ask("POST", `/v1/tasks/${id}:stop`)).status, 404);
  });

  it("asks who is there where that was agreed, and listens to this machine alone where it was not (TES-6)", async () => {
    const { ask } = await service({ token: "0123456789abcdef", basic: "me:secret99" });
    assert.equal((await ask("GET", "/v1/tasks")).status, 401);
    assert.equal((await ask("GET", "/v1/tasks")).headers.get("www-authenticate"), "Bearer");
    assert.equal((await ask("GET", "/v1/tasks", undefined, { authorization: "Bearer 0123456789abcdeF" })).status, 401);
    assert.equal((await ask("GET", "/v1/tasks", undefined, { authorization: "Bearer 0123456789abcdef" })).status, 200);
    assert.equal((await ask("GET", "/v1/tasks", undefined, { authorization: `Basic ${Buffer.from("me:secret99").toString("base64")}` })).status, 200);
    assert.equal((await ask("POST", "/v1/tasks", { executors }, { authorization: `Basic ${Buffer.from("me:secret98").toString("base64")}` })).status, 401);
    await assert.rejects(service({ host: "0.0.0.0" }), /tasks need a token or a password/);
    const open = await service();
    assert.equal((await open.ask("GET", "/v1/tasks", undefined, { origin: "https://evil.example" })).status, 403);
    const other = await new Promise<number | undefined>((done, failed) => send(`${open.url}/v1/tasks`, { headers: { host: "evil.example" } }, ({ statusCode }) => done(statusCode)).on("error", failed).end());
    assert.equal(other, 403);
  });

  it("answers what it refuses with the status and words of the refusal, and its own failures without them", async () => {
    const { ask } = await service({ runner: { create: (body) => Promise.reject((body as { own: boolean }).own ? new Error("secret") : new Refused(503, "later")), cancel: () => undefined } });
    assert.deepEqual((await ask("POST", "/v1/tasks", { own: false })).body, { status: 503, message: "later" });
    assert.deepEqual((await ask("POST", "/v1/tasks", { own: true })).body, { status: 500, message: "the gateway failed; its log says why" });
  });
});

describe("the store of tasks", () => {
  it("has everything again after a restart, forgets what was never whole, and the oldest that ended", () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-tes-"));
    try {
      const store = new TaskStore(folder, 2);
      const ids = Array.from({ length: 5 }, (_, i) => store.create({ task: { name: `t${i}`, executors: [] }, terms, images: [] }));
      assert.deepEqual([...ids].sort(), ids);
      store.saveFiles(ids[0]!, 0, Uint8Array.of(1, 2));
      for (const i of [0, 1, 2]) store.save(ids[i]!, { ...store.progress(ids[i]!), state: "CANCELED" });
      store.prune();
      const again = new TaskStore(folder, 2);
      assert.deepEqual([ids.map((id) => again.has(id)), again.live()], [[false, true, true, true, true], ids.slice(3)]);
      assert.deepEqual(again.page({ namePrefix: "", state: undefined, tags: [] }, 9, undefined), { ids: ids.slice(1).reverse(), more: false });
      assert.equal(again.files(ids[1]!, 0), undefined);
      assert.ok(again.create({ task: { executors: [] }, terms, images: [] }) > ids[4]!);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("opens again where it was killed while it forgot a task (TES-8)", () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-tes-"));
    const remove = fs.rmSync;
    try {
      const store = new TaskStore(folder, 1);
      const ids = [0, 1].map(() => store.create({ task: { executors: [] }, terms, images: [] }));
      for (const id of ids) store.save(id, { ...store.progress(id), state: "COMPLETE" });
      fs.rmSync = (path) => {
        remove(join(String(path), "task.json"));
        throw new Error("killed");
      };
      syncBuiltinESMExports();
      assert.throws(() => store.prune(), /killed/);
      fs.rmSync = remove;
      syncBuiltinESMExports();
      assert.deepEqual(ids.map((id) => new TaskStore(folder, 1).has(id)), [false, true]);
      assert.deepEqual(fs.readdirSync(folder), ids.slice(1));
    } finally {
      fs.rmSync = remove;
      syncBuiltinESMExports();
      fs.rmSync(folder, { recursive: true });
    }
  });
});
