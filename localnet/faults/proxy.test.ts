import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LinkProxy, type LinkState } from "./proxy.ts";

let echo: Server;
let proxy: LinkProxy;
let client: Socket;
let chunks: Buffer[];

/** A client that reaches an echoing server through a proxy. */
async function connect(state: Partial<LinkState> = {}, random?: () => number): Promise<void> {
  proxy = new LinkProxy((echo.address() as AddressInfo).port, state, random);
  client = createConnection({ port: await proxy.listen(), host: "127.0.0.1", noDelay: true });
  chunks = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  client.on("error", () => undefined);
  await once(client, "connect");
}

const received = (): Buffer => Buffer.concat(chunks);
const receivedBytes = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

async function until(condition: () => boolean): Promise<number> {
  const from = performance.now();
  while (!condition()) {
    assert.ok(performance.now() - from < 10_000, "never");
    await sleep(1);
  }
  return performance.now() - from;
}

describe("a link's proxy", () => {
  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => void socket.on("error", () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    await new Promise<unknown>((resolve) => echo.close(resolve));
  });

  it("carries bytes both ways, many and in order, and the end", async () => {
    await connect({ jitterMs: 3 });
    const sent = Buffer.from(Uint32Array.from({ length: 1_000_000 }, (_, i) => i).buffer);
    for (let at = 0; at < sent.length; at += 50_000) client.write(sent.subarray(at, at + 50_000));
    client.end();
    await once(client, "end");
    assert.ok(received().equals(sent));
  });

  it("delays each way", async () => {
    await connect({ delayMs: 40 });
    client.write("x");
    const took = await until(() => receivedBytes() === 1);
    assert.ok(took >= 79 && took < 400, `${took} ms`);
  });

  it("spreads the delay by jitter and keeps the order", async () => {
    let n = 0;
    await connect({ delayMs: 1, jitterMs: 60 }, () => [0.9, 0.1, 0.5, 0][n++ % 4]!);
    for (const byte of ["a", "b", "c", "d"]) {
      client.write(byte);
      await sleep(5);
    }
    await until(() => receivedBytes() === 4);
    assert.equal(received().toString(), "abcd");
    assert.ok(n >= 4);
  });

  it("carries nothing while it is cut, and everything when it heals", async () => {
    await connect();
    client.write("a");
    await until(() => receivedBytes() === 1);
    proxy.set({ cut: true });
    client.write("b");
    await sleep(100);
    assert.equal(received().toString(), "a");
    assert.equal(client.destroyed, false);
    proxy.set({ cut: false });
    await until(() => receivedBytes() === 2);
    assert.equal(received().toString(), "ab");
  });

  it("holds back a bounded amount while it is cut", async () => {
    await connect({ cut: true });
    const chunk = Buffer.alloc(1 << 20);
    for (let n = 0; n < 40; n++) client.write(chunk);
    await sleep(200);
    assert.ok(client.writableLength > 10 << 20, `${client.writableLength} bytes wait at the sender`);
    proxy.set({ cut: false });
    await until(() => receivedBytes() === 40 << 20);
  });

  it("ends its connections on reset and serves new ones", async () => {
    await connect();
    const { remotePort } = client;
    proxy.reset();
    await once(client, "close");
    client = createConnection({ port: remotePort!, host: "127.0.0.1" });
    client.write("again");
    const [answer] = (await once(client, "data")) as [Buffer];
    assert.equal(answer.toString(), "again");
  });

  it("closes the client's side where nobody listens behind it", async () => {
    await connect();
    const nobody = new LinkProxy(1);
    const lost = createConnection({ port: await nobody.listen(), host: "127.0.0.1" });
    lost.on("error", () => undefined);
    await once(lost, "close");
    await nobody.close();
  });
});
