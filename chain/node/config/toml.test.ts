import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parse } from "smol-toml";
import { appConfigText, parseGasPrices, readAppConfig } from "./app.ts";
import { clientConfig } from "./client.ts";
import { cometConfig } from "./comet.ts";
import { ConfigFile, parseDuration, setTomlValue } from "./toml.ts";

describe("configuration files", () => {
  it("are TOML, whatever the moniker", () => {
    for (const moniker of ["node", 'a "quoted" \\ one', "ünïcode ☃"]) assert.equal(parse(cometConfig({ moniker })).moniker, moniker);
    parse(clientConfig({ chainId: "x" }));
    readAppConfig(new ConfigFile("app.toml", appConfigText()));
  });

  it("tell file and key where a value cannot be", () => {
    const read = (from: string, to: string) => () => readAppConfig(new ConfigFile("app.toml", appConfigText().replace(from, to)));
    assert.throws(read("max-body-bytes = 1500000", "max-body-bytes = -1"), /app\.toml: api\.max-body-bytes must be a whole number from 1024/);
    assert.throws(read('address = "tcp://127.0.0.1:1317"', 'address = "everywhere"'), /api\.address must be HOST:PORT/);
    assert.throws(read('request-timeout = "15s"', 'request-timeout = "soon"'), /api\.request-timeout must be a duration/);
    assert.throws(read("enable = true", 'enable = "yes"'), /api\.enable must be true or false/);
    assert.throws(read("index-except = []", 'index-except = ["fee"]'), /app\.toml: index-except: "fee" is not TYPE\.KEY/);
    assert.throws(() => new ConfigFile("app.toml", "a = "), /app\.toml is not valid TOML/);
  });

  it("let a transaction of the mempool's size through REST as through RPC, where they are new and where they do not say", () => {
    const comet = new ConfigFile("config.toml", cometConfig({ moniker: "a" }));
    const asJson = JSON.stringify({ tx_bytes: Buffer.alloc(comet.integer("mempool.max_tx_bytes", 0, Infinity, 0)).toString("base64"), mode: "BROADCAST_MODE_SYNC" });
    for (const text of [appConfigText(), appConfigText().replace(/^max-body-bytes.*$/m, "")]) {
      const { maxBodyBytes } = readAppConfig(new ConfigFile("app.toml", text)).api;
      assert.equal(maxBodyBytes, comet.get("rpc.max_body_bytes"));
      assert.ok(asJson.length <= maxBodyBytes, `${asJson.length} bytes`);
    }
  });

  it("take a changed value and keep everything else", () => {
    const text = cometConfig({ moniker: "a" });
    const changed = setTomlValue(setTomlValue(text, "p2p.persistent_peers", "x@y:1"), "moniker", "b");
    assert.equal(new ConfigFile("f", changed).get("p2p.persistent_peers"), "x@y:1");
    assert.equal(new ConfigFile("f", changed).get("moniker"), "b");
    assert.equal(changed.split("\n").length, text.split("\n").length);
    assert.equal(changed.split("\n").filter((line, i) => line !== text.split("\n")[i]).length, 2);
  });

  it("take keys that are new, in tables that are new, and lists over several lines", () => {
    assert.equal(setTomlValue("[a]\nb = 1\n", "a.c", 2), "[a]\nb = 1\nc = 2\n");
    assert.equal(new ConfigFile("f", setTomlValue("a = 1\n", "t.u", ["*"])).get("t.u")?.toString(), "*");
    assert.equal(setTomlValue("[a]\nb = [\n  1,\n  2,\n]\nc = 3\n", "a.b", []), "[a]\nb = []\nc = 3\n");
  });

  it("read durations and gas prices", () => {
    assert.equal(parseDuration("1m30s500ms"), 90_500);
    assert.equal(parseDuration("-1s"), undefined);
    assert.deepEqual(parseGasPrices("0.001udcm,2uusd"), [["udcm", 10n ** 15n], ["uusd", 2n * 10n ** 18n]]);
    assert.deepEqual(parseGasPrices(""), []);
    assert.throws(() => parseGasPrices("cheap"), /not a price/);
  });
});
