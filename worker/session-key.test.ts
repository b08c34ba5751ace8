import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { isGrantable } from "../chain/modules/session/grantable.ts";
import { QuerySessionResponse } from "../chain/codec/gen/dcm/session/v1/query.ts";
import type { Connection } from "../client/connection.ts";
import type { Sender } from "../client/sender.ts";
import { gatewayMessages, grantMessage, isGood, sessionAddress, workerMessages } from "../client/session.ts";
import { enroll } from "./agent/enroll.ts";
import { ConfigError, dataUrlOf, sessionTerms, type WorkerConfig } from "./config.ts";
import { hasSessionKey, makeSessionKey, readPublicKeys, sessionWallet } from "./session-key.ts";

const config = { rpc: "http://127.0.0.1:1", chainId: "c", moniker: "m", data: { host: "127.0.0.1", port: 8_000 }, gasPrice: { denom: "udcm", amount: 1 }, bond: "1", ask: { classId: "x", quoteDenom: "udcm", price: "1", units: 1 } } satisfies WorkerConfig;
const terms = { spendLimit: [{ denom: "udcm", amount: "5" }], periodMs: 1_000, lifetimeMs: 100_000 };

describe("a worker's session key", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "dcm-session-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it("is made once, in a file that nobody else reads; the operator gets what is public", async () => {
    assert.equal(hasSessionKey(home), false);
    const address = await makeSessionKey(home);
    assert.equal(await makeSessionKey(home), address);
    assert.equal(statSync(join(home, "session.key")).mode & 0o077, 0);
    const { sessionKey, encryptionKey } = readPublicKeys(home);
    assert.deepEqual([sessionAddress(sessionKey), (await (await sessionWallet(home)).getAccounts())[0]!.address, encryptionKey.length], [address, address, 32]);
    const secret = readFileSync(join(home, "session.key"), "utf8").trim();
    assert.ok(!readFileSync(join(home, "public.json"), "utf8").includes(secret));
    assert.ok(!inspect(await sessionWallet(home), { depth: 5 }).includes(secret.slice(0, 16)));
  });

  it("is refused where others can read it, or where it is none", async () => {
    await makeSessionKey(home);
    chmodSync(join(home, "session.key"), 0o640);
    await assert.rejects(sessionWallet(home), (error: unknown) => error instanceof ConfigError && /can be read by others/.test(error.message));
    writeFileSync(join(home, "session.key"), "abc");
    chmodSync(join(home, "session.key"), 0o600);
    await assert.rejects(sessionWallet(home), /is no session key: remove it/);
    writeFileSync(join(home, "public.json"), "{}");
    assert.throws(() => readPublicKeys(home), (error: unknown) => error instanceof ConfigError && /public\.json/.test(error.message));
  });

  it("may send what workers and gateways send: all of it can be granted, and in order", () => {
    for (const list of [workerMessages, gatewayMessages]) {
      assert.deepEqual(list.filter((typeUrl) => !isGrantable(typeUrl)), []);
      assert.deepEqual(list, [...list].sort((a, b) => (a < b ? -1 : 1)));
    }
  });

  it("has terms by default, and an address of its data that is known before it runs", () => {
    assert.deepEqual(sessionTerms(config), { spendLimit: [{ denom: "udcm", amount: "100000000" }], periodMs: 86_400_000, lifetimeMs: 2_592_000_000 });
    assert.equal(dataUrlOf(config), "http://127.0.0.1:8000");
    assert.throws(() => dataUrlOf({ ...config, data: { host: "0.0.0.0", port: 0 } }), /data\.url must be given/);
  });

  it("is granted a session by the operator where it has none that is good for long enough", async () => {
    await makeSessionKey(home);
    const { sessionKey, encryptionKey } = readPublicKeys(home);
    let known: QuerySessionResponse | undefined;
    const sent: EncodeObject[] = [];
    const profile = { moniker: "m", dataUrl: "http://a.example", encryptionKey, bond: 1n };
    const wanted = { moniker: "m", endpoints: ["http://a.example"], encryptionKey, attributes: [], organization: "" };
    const connection = {
      query: {
        providers: { provider: () => Promise.resolve({ provider: { profile: wanted } }) },
        session: { session: () => (known === undefined ? Promise.reject(new Error("dcm1o has granted no session to dcm1k, or it is over")) : Promise.resolve(known)) },
        clock: { tau: () => Promise.resolve({ tauMs: 7_000n }) },
      },
    } as unknown as Connection;
    const operator = { address: "dcm1o", send: (message: EncodeObject) => Promise.resolve(void sent.push(message)) } as unknown as Sender;
    const run = () => enroll(connection, operator, profile, sessionKey, terms);
    assert.deepEqual(await run(), { provider: "unchanged", session: sessionAddress(sessionKey), granted: true });
    assert.deepEqual(sent, [grantMessage("dcm1o", sessionKey, workerMessages, terms, 7_000n)]);
    assert.equal((sent[0]!.value as { expiresTau: bigint }).expiresTau, 107_000n);
    const session = { messages: [...workerMessages], spendLimit: terms.spendLimit, period: 1_000n, ownerPaysFees: true, expiresTau: 107_000n };
    const good = QuerySessionResponse.fromPartial({ session, live: true, tau: 7_000n });
    known = good;
    assert.equal((await run()).granted, false);
    for (const change of [{ live: false }, { tau: 60_000n }, { session: { ...session, messages: [] } }, { session: { ...session, spendLimit: [] } }, { session: { ...session, period: 0n } }, { session: { ...session, ownerPaysFees: false } }]) {
      assert.equal(isGood(QuerySessionResponse.fromPartial({ ...good, ...change } as never), workerMessages, terms), false, JSON.stringify(Object.keys(change)));
    }
  });
});
