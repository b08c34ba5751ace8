import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { after, afterEach, describe, it } from "mocha";
import fc from "fast-check";
import { utf8 } from "../codec/bytes.ts";
import { ExecTxResult, RequestFinalizeBlock } from "../codec/gen/tendermint/abci/types.ts";
import type { PartialApplication } from "./application.ts";
import { createServer } from "./server.ts";
import { RawClient, type TestServer, framed, requestBytes, serve } from "./testing.ts";

const running: TestServer[] = [];

async function start(application: PartialApplication, options?: Parameters<typeof serve>[1]): Promise<TestServer> {
  const server = await serve(application, options);
  running.push(server);
  return server;
}

/** Answers each transaction with the number that it is. */
const numbering: PartialApplication = { checkTx: ({ tx }) => ({ gasWanted: BigInt(new TextDecoder().decode(tx)) }) };

const numbered = (n: number): { checkTx: { tx: Uint8Array } } => ({ checkTx: { tx: utf8(String(n)) } });

describe("ABCI server", () => {
  afterEach(async () => {
    for (const server of running.splice(0)) await server.close();
  });

  describe("frames on a socket", () => {
    it("ABCI-1 answers requests that arrive byte by byte", async () => {
      const client = await (await start(numbering)).client();
      for (const byte of [...requestBytes(numbered(7)), ...requestBytes({ flush: {} })]) {
        client.socket.write(Uint8Array.of(byte));
        await turn();
      }
      const [answer, flush] = await client.take(2);
      assert.equal(answer?.checkTx?.gasWanted, 7n);
      assert.ok(flush?.flush);
    });

    it("ABCI-1 closes only the connection of an over-long frame", async () => {
      const server = await start(numbering, { maxFrameBytes: 1000 });
      const [bad, good] = [await server.client(), await server.client()];
      bad.send(numbered(1));
      bad.socket.write(framed(new Uint8Array(1001)).subarray(0, 10));
      assert.equal((await bad.take(1))[0]?.checkTx?.gasWanted, 1n);
      await bad.untilClosed();
      assert.equal((await good.ask(numbered(2))).checkTx?.gasWanted, 2n);
      assert.match(JSON.stringify(server.logged), /announces at least 1001 bytes; the limit is 1000/);
    });

    it("ABCI-1 closes only the connection of a frame that is no request", async () => {
      const server = await start(numbering);
      const good = await server.client();
      const broken = [framed(new Uint8Array(0)), framed(Uint8Array.of(0x42, 5, 1)), framed(Uint8Array.of(0x08, 1)), framed(Uint8Array.of(0xfa, 0x01, 0)), framed(Uint8Array.of(0x42, 2, 0x0a, 9))];
      for (const bytes of broken) {
        const bad = await server.client();
        bad.socket.write(bytes);
        await bad.untilClosed();
      }
      assert.equal((await good.ask(numbered(2))).checkTx?.gasWanted, 2n);
      assert.equal(server.logged.filter(({ level }) => level === "warn").length, broken.length);
    });

    it("ABCI-1 survives any bytes, whole frames of garbage among them", async () => {
      const server = await start(numbering);
      const good = await server.client();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.constantFrom(3, 5, 6, 8, 11, 13, 15, 16, 17, 19, 20, 22), async (bytes, asMessage, field) => {
          const bad = await server.client();
          const tag = field * 8 + 2;
          const head = tag < 128 ? [tag] : [tag & 0x7f | 0x80, tag >> 7];
          bad.socket.end(asMessage ? framed(Uint8Array.from([...head, ...framed(bytes)])) : bytes);
          bad.socket.resume();
          await bad.untilClosed();
          assert.equal((await good.ask(numbered(3))).checkTx?.gasWanted, 3n);
        }),
        { numRuns: 150 },
      );
    });
  });

  describe("connections", () => {
    it("ABCI-2 tells the four connections by their messages, in whatever order they come", async () => {
      const server = await start({});
      const clients = [await server.client(), await server.client(), await server.client(), await server.client(), await server.client()];
      await clients[0]!.ask({ listSnapshots: {} });
      await clients[1]!.ask({ commit: {} });
      await clients[2]!.ask({ info: { abciVersion: "2.0.0" } });
      await clients[3]!.ask({ checkTx: {} });
      await clients[4]!.ask({ echo: { message: "x" } });
      assert.deepEqual(server.server.connections, ["snapshot", "consensus", "query", "mempool", undefined]);
    });

    it("ABCI-2 answers every message on every connection", async () => {
      const client = await (await start({ ...numbering, query: () => ({ value: utf8("v") }) })).client();
      assert.ok((await client.ask({ info: { abciVersion: "2.0.0" } })).info);
      assert.equal((await client.ask(numbered(1))).checkTx?.gasWanted, 1n);
      assert.deepEqual((await client.ask({ query: { path: "/x" } })).query?.value, utf8("v"));
      assert.ok((await client.ask({ commit: {} })).commit);
    });
  });

  describe("order", () => {
    it("ABCI-3 answers 10,000 pipelined requests in order", async () => {
      const client = await (await start(numbering)).client();
      client.send(...Array.from({ length: 10_000 }, (_, i) => numbered(i)), { flush: {} });
      const answers = await client.take(10_001);
      assert.deepEqual(answers.slice(0, -1).map(({ checkTx }) => checkTx?.gasWanted), Array.from({ length: 10_000 }, (_, i) => BigInt(i)));
      assert.ok(answers.at(-1)?.flush);
    });

    it("ABCI-3 keeps the order where answers become known in another one", async () => {
      const late: PartialApplication = {
        checkTx: ({ tx }) => {
          const n = Number(new TextDecoder().decode(tx));
          if (n % 3 === 0) return { gasWanted: BigInt(n) };
          return sleep((n * 7) % 11, { gasWanted: BigInt(n) });
        },
      };
      const client = await (await start(late)).client();
      const requests = Array.from({ length: 300 }, (_, i) => [numbered(i), { flush: {} }]).flat();
      client.send(...requests);
      const answers = await client.take(600);
      for (let i = 0; i < 300; i++) {
        assert.equal(answers[2 * i]?.checkTx?.gasWanted, BigInt(i));
        assert.ok(answers[2 * i + 1]?.flush);
      }
    });

    it("ABCI-3 lets CheckTx overlap", async () => {
      let now = 0;
      let most = 0;
      const client = await (
        await start({
          checkTx: async () => {
            most = Math.max(most, ++now);
            await sleep(5);
            now--;
            return {};
          },
        })
      ).client();
      client.send(...Array.from({ length: 20 }, () => ({ checkTx: {} })));
      await client.take(20);
      assert.equal(most, 20);
    });

    it("ABCI-3 never begins a consensus method while another request of its connection is open", async () => {
      const steps: string[] = [];
      const slow = (name: string) => async () => {
        steps.push(`${name} begins`);
        await sleep(5);
        steps.push(`${name} ends`);
        return {};
      };
      const client = await (await start({ finalizeBlock: slow("finalize"), commit: slow("commit"), checkTx: slow("check") })).client();
      client.send({ finalizeBlock: {} }, { commit: {} }, { checkTx: {} }, { finalizeBlock: {} });
      await client.take(4);
      assert.deepEqual(steps, ["finalize", "commit", "check", "finalize"].flatMap((name) => [`${name} begins`, `${name} ends`]));
    });

    it("ABCI-3 answers a flush at once where nothing is awaited, and only then where something is", async () => {
      let release: () => void = () => undefined;
      const client = await (await start({ checkTx: () => new Promise((resolve) => (release = () => resolve({ gasWanted: 1n }))) })).client();
      client.send({ flush: {} });
      assert.ok((await client.take(1))[0]?.flush);
      client.send({ checkTx: {} }, { flush: {} });
      const pending = client.take(2);
      assert.equal(await Promise.race([pending, sleep(50, "nothing")]), "nothing");
      release();
      const [answer, flush] = await pending;
      assert.equal(answer?.checkTx?.gasWanted, 1n);
      assert.ok(flush?.flush);
    });

    it("ABCI-3 answers each request with its own type, echo and the 0.40 requests included", async () => {
      const client = await (await start({})).client();
      const requests = [
        { echo: { message: "hello" } }, { flush: {} }, { info: { abciVersion: "2.0.0" } }, { initChain: {} }, { query: { path: "/p2p/filter/id/x" } }, { checkTx: {} }, { commit: {} },
        { listSnapshots: {} }, { offerSnapshot: {} }, { loadSnapshotChunk: {} }, { applySnapshotChunk: {} }, { prepareProposal: { maxTxBytes: 10n } }, { processProposal: {} },
        { extendVote: {} }, { verifyVoteExtension: {} }, { finalizeBlock: {} }, { insertTx: {} }, { reapTxs: {} },
      ];
      client.send(...requests);
      const answers = await client.take(requests.length);
      assert.deepEqual(
        answers.map((answer) => Object.entries(answer).filter(([, value]) => value !== undefined).map(([name]) => name)),
        requests.map((request) => Object.keys(request)),
      );
    });

    it("ABCI-3 stops reading from a peer that does not read, and goes on when it does", async () => {
      const blob = new Uint8Array(100_000);
      let asked = 0;
      const server = await start({ query: () => { asked++; return { value: blob }; } });
      const client = await server.client();
      client.socket.pause();
      client.send(...Array.from({ length: 2000 }, () => ({ query: {} })));
      await sleep(200);
      const before = asked;
      assert.ok(before < 2000, `all ${before} were answered into memory`);
      client.socket.resume();
      assert.equal((await client.take(2000)).at(-1)?.query?.value.length, blob.length);
    });
  });

  describe("an application that throws", () => {
    const failing = (error: () => never): PartialApplication => ({
      query: error, checkTx: error, insertTx: error, initChain: error, finalizeBlock: error, commit: error, prepareProposal: error, processProposal: error,
      verifyVoteExtension: error, extendVote: error, info: error, listSnapshots: error, loadSnapshotChunk: error, offerSnapshot: error, applySnapshotChunk: error, reapTxs: error,
    });

    for (const [how, application] of [
      ["at once", failing(() => { throw new Error("boom"); })],
      ["later", failing((() => Promise.reject(new Error("boom"))) as unknown as () => never)],
    ] as const) {
      it(`ABCI-4 makes CheckTx, InsertTx and Query fail with a code when it throws ${how}`, async () => {
        const server = await start(application);
        const client = await server.client();
        const check = (await client.ask({ checkTx: {} })).checkTx;
        assert.deepEqual([check?.code, check?.codespace, check?.log], [111222, "undefined", "internal error; the node's log has the reason"]);
        assert.equal((await client.ask({ query: { height: 5n } })).query?.code, 111222);
        assert.equal((await client.ask({ insertTx: {} })).insertTx?.code, 1);
        assert.match(JSON.stringify(server.logged), /boom/);
      });

      it(`ABCI-4 stops the node, with the reason, when Info, InitChain, FinalizeBlock or Commit throws ${how}`, async () => {
        const client = await (await start(application)).client();
        assert.equal((await client.ask({ info: { abciVersion: "2.0.0" } })).exception?.error, "info: boom");
        assert.equal((await client.ask({ initChain: {} })).exception?.error, "initChain: boom");
        assert.equal((await client.ask({ finalizeBlock: {} })).exception?.error, "finalizeBlock: boom");
        assert.equal((await client.ask({ commit: {} })).exception?.error, "commit: boom");
      });

      it(`ABCI-10 rejects a proposal whose check throws ${how}; the proposer falls back on the mempool's transactions`, async () => {
        const client = await (await start(application)).client();
        assert.equal((await client.ask({ processProposal: {} })).processProposal?.status, 2);
        assert.equal((await client.ask({ verifyVoteExtension: {} })).verifyVoteExtension?.status, 2);
        const txs = [utf8("one"), utf8("two")];
        assert.deepEqual((await client.ask({ prepareProposal: { txs, maxTxBytes: 5n } })).prepareProposal?.txs, txs.slice(0, 1));
        assert.equal((await client.ask({ extendVote: {} })).extendVote?.voteExtension.length, 0);
      });

      it(`ABCI-17 aborts a snapshot restoration, and serves no snapshot, when it throws ${how}`, async () => {
        const client = await (await start(application)).client();
        assert.deepEqual((await client.ask({ listSnapshots: {} })).listSnapshots?.snapshots, []);
        assert.equal((await client.ask({ loadSnapshotChunk: {} })).loadSnapshotChunk?.chunk.length, 0);
        assert.equal((await client.ask({ offerSnapshot: {} })).offerSnapshot?.result, 2);
        assert.equal((await client.ask({ applySnapshotChunk: {} })).applySnapshotChunk?.result, 2);
      });
    }

    it("ABCI-4 makes an answer that cannot be encoded the application's failure", async () => {
      const client = await (await start({ checkTx: () => ({ gasWanted: 2n ** 70n }) })).client();
      assert.equal((await client.ask({ checkTx: {} })).checkTx?.code, 111222);
    });
  });

  describe("Info", () => {
    it("ABCI-6 gives what the application says", async () => {
      const client = await (await start({ info: () => ({ lastBlockHeight: 9n, lastBlockAppHash: utf8("h") }) })).client();
      const info = (await client.ask({ info: { version: "0.38.26", abciVersion: "2.0.0" } })).info;
      assert.deepEqual([info?.lastBlockHeight, info?.lastBlockAppHash], [9n, utf8("h")]);
    });

    it("ABCI-6 refuses a node of an older ABCI, whatever version it claims", async () => {
      const client = await (await start({})).client();
      for (const abciVersion of ["0.17.0", "1.0.0", "", "3.0.0", "nonsense"]) {
        const error = (await client.ask({ info: { version: "0.38.26", abciVersion } })).exception?.error ?? "";
        assert.match(error, /speaks ABCI 2, but the node \(CometBFT 0\.38\.26\) offers .*: use CometBFT 0\.38\.26 or 0\.40\.0/);
      }
      assert.ok((await client.ask({ info: { abciVersion: "2.1.0" } })).info);
    });
  });

  describe("answers that CometBFT would not survive", () => {
    const result = ExecTxResult.create();
    const ed25519 = (n: number): { ed25519: Uint8Array } => ({ ed25519: new Uint8Array(32).fill(n) });

    it("ABCI-12 stops the node on a wrong number of results", async () => {
      const client = await (await start({ finalizeBlock: () => ({ txResults: [result] }) })).client();
      const request = RequestFinalizeBlock.fromPartial({ txs: [utf8("a"), utf8("b")] });
      assert.match((await client.ask({ finalizeBlock: request })).exception?.error ?? "", /2 transactions, 1 results/);
    });

    it("ABCI-13 leaves out validator updates that repeat a key, and says so", async () => {
      const server = await start({ finalizeBlock: () => ({ validatorUpdates: [{ pubKey: ed25519(1), power: 1n }, { pubKey: ed25519(1), power: 2n }], appHash: utf8("h") }) });
      const answer = (await (await server.client()).ask({ finalizeBlock: {} })).finalizeBlock;
      assert.deepEqual([answer?.validatorUpdates, answer?.appHash], [[], utf8("h")]);
      assert.match(JSON.stringify(server.logged.map(({ details }) => Object.values(details).map(String))), /repeats the key/);
    });

    it("ABCI-13 lets good updates through", async () => {
      const validatorUpdates = [{ pubKey: ed25519(1), power: 1n }, { pubKey: ed25519(2), power: 0n }];
      const client = await (await start({ finalizeBlock: () => ({ validatorUpdates }) })).client();
      assert.deepEqual((await client.ask({ finalizeBlock: {} })).finalizeBlock?.validatorUpdates.map(({ power }) => power), [1n, 0n]);
    });

    it("ABCI-14 leaves out a half-filled parameter update", async () => {
      const evidence = { maxAgeNumBlocks: 10n, maxAgeDuration: undefined, maxBytes: 10n };
      const none = { block: undefined, validator: undefined, version: undefined, abci: undefined, authority: undefined };
      const client = await (await start({ finalizeBlock: () => ({ consensusParamUpdates: { ...none, evidence } }) })).client();
      assert.equal((await client.ask({ finalizeBlock: {} })).finalizeBlock?.consensusParamUpdates, undefined);
    });

    it("ABCI-8 lets an empty validator list stand for the genesis set, and refuses a list with a fault", async () => {
      const good = await (await start({})).client();
      assert.deepEqual((await good.ask({ initChain: {} })).initChain?.validators, []);
      const bad = await (await start({ initChain: () => ({ validators: [{ pubKey: ed25519(1), power: 0n }] }) })).client();
      assert.match((await bad.ask({ initChain: {} })).exception?.error ?? "", /power 0/);
    });

    it("ABCI-9 cuts a proposal that is too large, protobuf overhead included", async () => {
      const txs = [utf8("12345"), utf8("12345"), utf8("12345")];
      const client = await (await start({ prepareProposal: () => ({ txs }) })).client();
      assert.equal((await client.ask({ prepareProposal: { maxTxBytes: 21n } })).prepareProposal?.txs.length, 3);
      assert.equal((await client.ask({ prepareProposal: { maxTxBytes: 20n } })).prepareProposal?.txs.length, 2);
    });

    it("ABCI-10 never answers UNKNOWN", async () => {
      const client = await (await start({ processProposal: () => ({}), verifyVoteExtension: () => ({}) })).client();
      assert.equal((await client.ask({ processProposal: {} })).processProposal?.status, 2);
      assert.equal((await client.ask({ verifyVoteExtension: {} })).verifyVoteExtension?.status, 2);
    });
  });

  describe("an application that leaves methods out", () => {
    it("ABCI-10 accepts, ABCI-12 gives one result a transaction, ABCI-18 welcomes peers", async () => {
      const client = await (await start({})).client();
      const txs = [utf8("a"), utf8("b")];
      assert.equal((await client.ask({ processProposal: { txs } })).processProposal?.status, 1);
      assert.deepEqual((await client.ask({ finalizeBlock: { txs } })).finalizeBlock?.txResults.map(({ code }) => code), [0, 0]);
      assert.equal((await client.ask({ query: { path: "/p2p/filter/addr/127.0.0.1:1" } })).query?.code, 0);
      assert.equal((await client.ask({ query: { path: "/store" } })).query?.code, 1);
    });
  });

  describe("listening", () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-abci-"));
    after(() => rmSync(folder, { recursive: true }));

    it("serves a unix socket, and replaces the file that a crash left behind", async () => {
      const path = join(folder, "app.sock");
      const first = createServer(numbering);
      assert.equal(await first.listen(`unix://${path}`), `unix://${path}`);
      await assert.rejects(createServer({}).listen(`unix://${path}`), /in use: stop what listens there/);
      const client = new RawClient(createConnection(path));
      assert.equal((await client.ask(numbered(4))).checkTx?.gasWanted, 4n);
      await first.close();
      assert.equal(existsSync(path), false);
    });

    it("does not remove a file that is no socket", async () => {
      const path = join(folder, "precious");
      writeFileSync(path, "x");
      await assert.rejects(createServer({}).listen(`unix://${path}`), /in use/);
      assert.ok(existsSync(path));
    });

    it("names a malformed address and a taken port", async () => {
      await assert.rejects(createServer({}).listen("localhost:1"), /not a listen address: localhost:1; use tcp:\/\//);
      await assert.rejects(createServer({}).listen("tcp://127.0.0.1:70000"), /not a listen address/);
      await assert.rejects(createServer({}).listen(`unix:///${"x".repeat(120)}`), /longer than 107 bytes/);
      const first = createServer({});
      const address = await first.listen("tcp://127.0.0.1:0");
      await assert.rejects(createServer({}).listen(address), /in use/);
      await first.close();
    });
  });
});
