import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { equalBytes, utf8 } from "../../chain/codec/bytes.ts";
import { Job, Stage, Task, VerificationLevel, type Blob, type JobSpec } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { assemble } from "../../chain/vm/assemble.ts";
import { encodeProgram } from "../../chain/vm/program.ts";
import type { Connection } from "../../client/connection.ts";
import { encodeManifest, inputRoot, inputsOf } from "../../client/protocol.ts";
import { serveBlobs, type BlobServer } from "../data/server.ts";
import { BlobStore } from "../data/store.ts";
import { KeptInputs } from "../refereed/kept.ts";
import { programRootOf, rootsOf } from "../refereed/roots.ts";
import { generateKeyPair, newJobKey, sealBlob, sealKey } from "../seal/index.ts";
import { InputUnavailable, loadTask, loadLimits } from "./load.ts";

describe("loading a task", () => {
  const mine = generateKeyPair();
  const jobKey = newJobKey();
  const program = utf8("program");
  const inputs = [utf8("first"), utf8("second")];
  let folder: string;
  let store: BlobStore;
  let server: BlobServer;
  let seals: { sealedKey: Uint8Array }[];
  let answers: boolean;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-load-"));
    store = await BlobStore.open({ directory: folder });
    server = await serveBlobs(store, { host: "127.0.0.1", port: 0 });
    seals = [{ sealedKey: sealKey(jobKey, mine.publicKey) }];
    answers = true;
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const connection = { query: { market: { seals: () => (answers ? Promise.resolve({ seals }) : Promise.reject(new Error("fetch failed"))) } } } as unknown as Connection;
  const load = (job: Job, index = 1, signal = new AbortController().signal): ReturnType<typeof loadTask> =>
    loadTask({ connection, provider: "dcm1me", encryptionSecret: mine.secretKey, signal, attempts: 2, pauseMs: 1 }, job, inputsOf(job.spec!, [], index)!, Task.fromPartial({ index }));

  async function put(bytes: Uint8Array): Promise<Blob> {
    return { digest: await store.put(bytes), size: BigInt(bytes.length) };
  }

  async function job(sealed: boolean, change: Partial<JobSpec> = {}): Promise<Job> {
    const hide = (bytes: Uint8Array): Uint8Array => (sealed ? sealBlob(jobKey, bytes) : bytes);
    const blobs = [await put(hide(inputs[0]!)), await put(hide(inputs[1]!))];
    return Job.fromPartial({
      id: 1n,
      spec: {
        program: await put(hide(program)), tasks: 2, inputRoot: inputRoot(blobs), manifest: await put(encodeManifest(blobs)), dataUrls: [server.url],
        consumerKey: sealed ? generateKeyPair().publicKey : new Uint8Array(0), ...change,
      },
    });
  }

  for (const sealed of [false, true]) {
    it(`gives program and the task's own input, ${sealed ? "opened" : "sent in clear"}`, async () => {
      assert.deepEqual(await load(await job(sealed)), { program, input: inputs[1], roots: [] });
    });
  }

  it("opens what this account sealed itself with the key that it kept, and nobody else's", async () => {
    seals = [];
    const sealed = await job(true);
    const own = (consumerKey: Uint8Array) => loadTask({ connection, provider: "dcm1me", encryptionSecret: mine.secretKey, ownKey: (key) => (equalBytes(key, consumerKey) ? jobKey : undefined), signal: new AbortController().signal }, sealed, inputsOf(sealed.spec!, [], 0)!, Task.fromPartial({ index: 0 }));
    assert.deepEqual(await own(sealed.spec!.consumerKey), { program, input: inputs[0], roots: [] });
    await assert.rejects(own(mine.publicKey), InputUnavailable);
  });

  for (const sealed of [false, true]) {
    it(`holds program and input of a refereed task against the roots that the referee goes by, ${sealed ? "sealed" : "in clear"}`, async () => {
      const file = encodeProgram(assemble("ecall"));
      const roots = rootsOf(inputs);
      const hide = (bytes: Uint8Array): Uint8Array => (sealed ? sealBlob(jobKey, bytes) : bytes);
      const blobs = await Promise.all(inputs.map((input) => put(hide(input))));
      const refereed = async (change: Partial<JobSpec> = {}, named = roots): Promise<Job> => ({
        ...await job(sealed, { program: await put(hide(file)), programRoot: programRootOf(file), inputRoot: inputRoot(named), manifest: await put(encodeManifest(blobs, named)), ...change }),
        verification: VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED,
      });
      assert.deepEqual(await load(await refereed()), { program: file, input: inputs[1], roots });
      const cases: [Job, RegExp][] = [
        [await refereed({ programRoot: new Uint8Array(32) }), /program is not the one that the job's program root names/],
        [await refereed({ program: await put(hide(program)) }), /not a program/],
        [await refereed({}, [roots[0]!, { ...roots[1]!, size: 5n }]), /input is not the one that its root names/],
        [await refereed({}, [roots[0]!, roots[0]!]), /input is not the one that its root names/],
        [await refereed({ inputRoot: inputRoot(blobs) }), /manifest is not the one/],
        [await refereed({ manifest: await put(encodeManifest(blobs)) }), /manifest is not the one/],
      ];
      for (const [given, words] of cases) await assert.rejects(load(given), (error: Error) => error instanceof InputUnavailable && words.test(error.message));
    });
  }

  it("fetches what a refereed task is run on but once while it lives: its consumer may go offline, and challenge", async () => {
    const kept = await KeptInputs.open(join(folder, "kept"));
    const file = encodeProgram(assemble("ecall"));
    const roots = rootsOf(inputs);
    const blobs = await Promise.all(inputs.map((input) => put(sealBlob(jobKey, input))));
    const given = Job.fromPartial({
      ...await job(true, { program: await put(sealBlob(jobKey, file)), programRoot: programRootOf(file), inputRoot: inputRoot(roots), manifest: await put(encodeManifest(blobs, roots)) }),
      verification: VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED,
    });
    const task = Task.fromPartial({ id: 65_537n, index: 1 });
    const again = (keeping: KeptInputs): ReturnType<typeof loadTask> => loadTask({ connection, provider: "dcm1me", encryptionSecret: mine.secretKey, signal: new AbortController().signal, attempts: 1, pauseMs: 1, kept: keeping }, given, inputsOf(given.spec!, [], 1)!, task);
    const loaded = await again(kept);
    await server.close();
    assert.deepEqual(await again(await KeptInputs.open(join(folder, "kept"))), loaded);
    await kept.tidy(() => Promise.resolve(true));
    await assert.rejects(again(await KeptInputs.open(join(folder, "kept"))), InputUnavailable);
  });

  it("finds the input of a later stage's task in that stage's manifest", async () => {
    const plain = await job(false);
    const { manifest, inputRoot: root } = plain.spec!;
    const specs = [{ tasks: 5, after: [] }, { tasks: 2, after: [0], arguments: utf8("of the second stage") }];
    const staged = Job.fromPartial({ ...plain, spec: { ...plain.spec!, tasks: 7, manifest: {}, inputRoot: new Uint8Array(0), stages: specs } });
    const waiting = [Stage.fromPartial({ tasks: 5 }), Stage.fromPartial({ index: 1, firstTask: 5, tasks: 2 })];
    assert.equal(inputsOf(staged.spec!, waiting, 6), undefined);
    const of = inputsOf(staged.spec!, [waiting[0]!, { ...waiting[1]!, manifest: manifest!, inputRoot: root }], 6)!;
    assert.deepEqual(of.arguments, utf8("of the second stage"));
    const loaded = await loadTask({ connection, provider: "dcm1me", encryptionSecret: mine.secretKey, signal: new AbortController().signal }, staged, of, Task.fromPartial({ index: 6 }));
    assert.deepEqual(loaded, { program, input: inputs[1], roots: [] });
  });

  it("blames the consumer for what is not there, not for it, or not what the job says", async () => {
    const missing = { digest: new Uint8Array(32), size: 10n };
    const other = await put(encodeManifest([await put(utf8("another"))]));
    const cases: [string, Job, RegExp][] = [
      ["no program", await job(false, { program: missing }), /not to be had/],
      ["no server", await job(false, { dataUrls: ["http://127.0.0.1:1"] }), /not to be had/],
      ["another root", await job(false, { inputRoot: new Uint8Array(32) }), /input root/],
      ["another manifest", await job(false, { manifest: other }), /input root/],
      ["another number of tasks", await job(false, { tasks: 3 }), /input root/],
      ["a manifest that is none", await job(false, { manifest: await put(Uint8Array.of(0xff, 0xff)) }), /does not decode/],
      ["a program too large", await job(false, { program: { ...missing, size: BigInt(loadLimits.program) + 1n } }), /this worker takes/],
      ["clear bytes in a sealed job", await job(true, { program: await put(program) }), /./],
    ];
    for (const [name, given, words] of cases) await assert.rejects(load(given), (error) => error instanceof InputUnavailable && words.test(error.message), name);
    const sealed = await job(true);
    seals = [{ sealedKey: sealKey(jobKey, generateKeyPair().publicKey) }];
    await assert.rejects(load(sealed), InputUnavailable);
    seals = [];
    await assert.rejects(load(sealed), /not sealed to this provider/);
  });

  it("does not blame the consumer for a node that does not answer, nor for a worker that stops", async () => {
    const sealed = await job(true);
    answers = false;
    await assert.rejects(load(sealed), (error) => !(error instanceof InputUnavailable));
    const control = new AbortController();
    control.abort();
    await assert.rejects(load(await job(false), 1, control.signal), (error) => !(error instanceof InputUnavailable));
  });

  it("asks a server again that is away for a moment", async () => {
    const given = await job(false);
    const { port } = server;
    await server.close();
    const later = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        serveBlobs(store, { host: "127.0.0.1", port }).then((again) => {
          server = again;
          resolve();
        }, reject);
      }, 50);
    });
    const loaded = await loadTask({ connection, provider: "dcm1me", encryptionSecret: mine.secretKey, signal: new AbortController().signal, attempts: 100, pauseMs: 20 }, given, inputsOf(given.spec!, [], 0)!, Task.fromPartial({ index: 0 }));
    await later;
    assert.deepEqual(loaded.input, inputs[0]);
  });
});
