import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { uint64Bytes } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { VerifierPool, type Triple } from "./verifier-pool.ts";

const secret = new Uint8Array(32).fill(7);
const pubkey = secp256k1.getPublicKey(secret);
const good: Triple[] = Array.from({ length: 50 }, (_, i) => {
  const messageHash = sha256(uint64Bytes(BigInt(i)));
  return { pubkey, messageHash, signature: secp256k1.sign(messageHash, secret, { prehash: false }) };
});

/** `count` triples, every seventh of them wrong in one of five ways. */
function batch(count: number): [triples: Triple[], expected: number[]] {
  const wrongs: ((triple: Triple) => Triple)[] = [
    (t) => ({ ...t, signature: t.signature.with(40, t.signature[40]! ^ 1) }),
    (t) => ({ ...t, signature: t.signature.slice(1) }),
    (t) => ({ ...t, pubkey: t.pubkey.with(0, 4) }),
    (t) => ({ ...t, pubkey: new Uint8Array(0) }),
    (t) => ({ ...t, messageHash: new Uint8Array(32) }),
  ];
  const triples = Array.from({ length: count }, (_, i) => (i % 7 === 3 ? wrongs[i % 5]!(good[i % 50]!) : good[i % 50]!));
  return [triples, triples.map((_, i) => (i % 7 === 3 ? 0 : 1))];
}

describe("the verifier pool", () => {
  let pool: VerifierPool;
  before(() => {
    pool = new VerifierPool(2);
  });
  after(async () => pool.close());

  for (const count of [0, 1, 99, 100, 101, 1000]) {
    it(`answers ${count} signatures in order`, async () => {
      const [triples, expected] = batch(count);
      assert.deepEqual([...(await pool.verifyBatch(triples))], expected);
    });
  }

  it("answers batches that overlap", async () => {
    const batches = [300, 150, 500].map(batch);
    const answers = await Promise.all(batches.map(async ([triples]) => [...(await pool.verifyBatch(triples))]));
    assert.deepEqual(answers, batches.map(([, expected]) => expected));
  });

  it("lets events through while it works", async () => {
    let events = 0;
    const timer = setInterval(() => events++, 1);
    await pool.verifyBatch(batch(2000)[0]);
    clearInterval(timer);
    assert.ok(events > 3, `${events} events`);
  });

  it("finishes a batch whose threads are ended in the middle, and goes on without them", async () => {
    const short = new VerifierPool(2);
    const [triples, expected] = batch(1500);
    const answer = short.verifyBatch(triples);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await short.close();
    assert.deepEqual([...(await answer)], expected);
    assert.equal(short.threads, 0);
    assert.deepEqual([...(await short.verifyBatch(triples))], expected);
  });

  it("works without threads", async () => {
    const [triples, expected] = batch(150);
    assert.deepEqual([...(await new VerifierPool(0).verifyBatch(triples))], expected);
  });

  it("does not keep a process alive, idle or after a batch", async () => {
    const file = JSON.stringify(new URL("./verifier-pool.ts", import.meta.url).href);
    const program = `import(${file}).then(async ({ VerifierPool }) => {
      const pool = new VerifierPool(2);
      const triple = { pubkey: new Uint8Array(33).fill(2), messageHash: new Uint8Array(32), signature: new Uint8Array(64) };
      const results = await pool.verifyBatch(Array(500).fill(triple));
      console.log(results.length);
    })`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { timeout: 15_000 });
    assert.equal(stdout.trim(), "500");
  });
});
