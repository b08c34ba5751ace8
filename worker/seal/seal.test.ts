import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { concatBytes, toHex } from "../../chain/codec/bytes.ts";
import { generateKeyPair, loadKeyPair, newJobKey, openBlob, openFrom, openKey, openStream, sealBlob, SealBroken, sealedSize, sealKey, sealStream, sealTo } from "./index.ts";

const chunk = 65_536;
const sealedChunk = chunk + 16;
const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
async function joined(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concatBytes(...parts);
}
function split(blob: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(blob.length / size) }, (_, i) => blob.slice(i * size, (i + 1) * size));
}

describe("sealed blobs", () => {
  const key = newJobKey();

  it("open to what was sealed, at every size around a chunk, whole and as a stream in any pieces", async () => {
    for (const size of [0, 1, 100, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 5]) {
      const sealed = sealBlob(key, bytes(size));
      assert.equal(sealed.length, sealedSize(size));
      assert.deepEqual(openBlob(key, sealed), bytes(size));
      assert.deepEqual(await joined(openStream(key, split(sealed, 7001))), bytes(size));
      assert.deepEqual(openBlob(key, await joined(sealStream(key, split(bytes(size), 9001)))), bytes(size));
    }
  });

  it("do not open when any bit is changed (property)", () => {
    const sealed = sealBlob(key, bytes(300));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
        const broken = sealed.slice();
        broken[at]! ^= 1 << bit;
        assert.throws(() => openBlob(key, broken), SealBroken);
      }),
      { numRuns: 200 },
    );
  });

  it("do not open when they are cut, lengthened, reordered, doubled or mixed with another blob", async () => {
    const sealed = sealBlob(key, bytes(3 * chunk));
    const other = sealBlob(key, bytes(3 * chunk));
    const head = sealed.slice(0, 20);
    const [a, b, c] = split(sealed.slice(20), sealedChunk) as [Uint8Array, Uint8Array, Uint8Array];
    const broken: [string, Uint8Array][] = [
      ["last chunk missing", concatBytes(head, a, b)],
      ["all chunks missing", head],
      ["header cut", sealed.slice(0, 10)],
      ["empty", new Uint8Array(0)],
      ["cut inside a chunk", sealed.slice(0, -1)],
      ["bytes after the end", concatBytes(sealed, Uint8Array.of(0))],
      ["order changed", concatBytes(head, b, a, c)],
      ["chunk doubled", concatBytes(head, a, a, b, c)],
      ["first chunk missing", concatBytes(head, b, c)],
      ["chunk of another blob", concatBytes(head, a, other.slice(20 + sealedChunk, 20 + 2 * sealedChunk), c)],
      ["header of another blob", concatBytes(other.slice(0, 20), a, b, c)],
    ];
    for (const [what, blob] of broken) {
      assert.throws(() => openBlob(key, blob), SealBroken, what);
      await assert.rejects(joined(openStream(key, [blob])), SealBroken, what);
    }
    assert.throws(() => openBlob(newJobKey(), sealed), SealBroken);
  });
});

describe("sealed keys", () => {
  it("open for their recipient only", () => {
    const [provider, stranger] = [generateKeyPair(), generateKeyPair()];
    const key = newJobKey();
    for (const sender of [undefined, generateKeyPair().secretKey]) {
      const sealed = sealKey(key, provider.publicKey, sender);
      assert.equal(sealed.length, 105);
      assert.equal(toHex(openKey(sealed, provider.secretKey)), toHex(key));
      assert.throws(() => openKey(sealed, stranger.secretKey), SealBroken);
      for (let at = 0; at < sealed.length; at++) {
        // X25519 ignores the top bit of a public key: the lowest bit is changed.
        const broken = sealed.slice();
        broken[at]! ^= 1;
        assert.throws(() => openKey(broken, provider.secretKey), SealBroken, `byte ${at}`);
      }
      assert.throws(() => openKey(sealed.slice(0, -1), provider.secretKey), SealBroken);
    }
  });

  it("are not made for points of low order, with which everybody shares the secret", () => {
    for (const low of [new Uint8Array(32), Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))]) assert.throws(() => sealKey(newJobKey(), low), SealBroken);
    assert.throws(() => sealKey(newJobKey(), new Uint8Array(31)), SealBroken);
  });

  it("carry results to the consumer", () => {
    const consumer = generateKeyPair();
    const sealed = sealTo(consumer.publicKey, bytes(1000));
    assert.deepEqual(openFrom(consumer.secretKey, sealed), bytes(1000));
    assert.throws(() => openFrom(generateKeyPair().secretKey, sealed), SealBroken);
    assert.throws(() => openFrom(consumer.secretKey, sealed.slice(0, 50)), SealBroken);
  });

  it("do not show themselves in logs, JSON or text", () => {
    const { secretKey } = generateKeyPair();
    const hex = toHex(secretKey);
    const decimal = [...secretKey].join(",");
    for (const text of [inspect(secretKey), inspect({ a: [secretKey] }, { depth: 5 }), JSON.stringify({ secretKey }), String(secretKey), `${secretKey}`, secretKey.toLocaleString()]) {
      assert.match(text, /\[secret\]/);
      assert.ok(!text.includes(hex) && !text.includes(decimal.slice(0, 20)));
    }
  });
});

describe("key files", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "dcm-keys-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("are made once, with mode 0600, and read again", () => {
    const path = join(directory, "deep", "encryption.json");
    const made = loadKeyPair(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const read = loadKeyPair(path);
    assert.deepEqual([toHex(read.publicKey), toHex(read.secretKey)], [toHex(made.publicKey), toHex(made.secretKey)]);
  });

  it("are refused where others can read them or they are damaged, without showing the key", () => {
    const path = join(directory, "encryption.json");
    const secret = toHex(loadKeyPair(path).secretKey);
    chmodSync(path, 0o640);
    assert.throws(() => loadKeyPair(path), /chmod 600/);
    chmodSync(path, 0o600);
    const text = readFileSync(path, "utf8");
    for (const damaged of [text.slice(0, -10), text.replace(secret, `00${secret.slice(2, -2)}zz`), text.replace(secret, toHex(newJobKey())), "{}"]) {
      writeFileSync(path, damaged);
      assert.throws(() => loadKeyPair(path), (error: Error) => /not a key file/.test(error.message) && !inspect(error).includes(secret.slice(4, 20)));
    }
  });
});
