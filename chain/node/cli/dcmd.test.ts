import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { addressBytes, addressText } from "../../codec/address.ts";
import { parseGenesisDoc, cometShape, type JsonObject } from "../config/genesis-doc.ts";
import { upgrades } from "../../upgrades/registry.ts";
import { Home } from "../home.ts";
import { dcmd } from "../testing.ts";
import { exitCodes } from "./io.ts";

describe("dcmd", () => {
  let folder: string;
  let home: string[];
  const file = (...path: string[]): string => join(folder, ...path);
  const genesis = (): { chain_id: string; app_state: Record<string, JsonObject> } => JSON.parse(readFileSync(file("config/genesis.json"), "utf8")) as ReturnType<typeof genesis>;
  const ok = async (argv: string[], input = ""): Promise<string> => {
    const { code, out, err } = await dcmd([...argv, ...home], input);
    assert.equal(code, 0, `${argv.join(" ")}: ${err}`);
    return out.trim();
  };
  const fails = async (argv: string[], code: number, said: RegExp, input = ""): Promise<void> => {
    const ran = await dcmd([...argv, ...home], input);
    assert.equal(ran.code, code, `${argv.join(" ")} ended with ${ran.code}: ${ran.err}`);
    assert.match(ran.err, said);
    assert.equal(ran.out, "");
  };
  const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
  const test = ["--keyring-backend", "test"];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcmd-test-"));
    home = ["--home", folder];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function validatorHome(): Promise<void> {
    await ok(["init", "me", "--chain-id", "dcm-test-1"]);
    await ok(["keys", "add", "op", ...test]);
    await ok(["genesis", "add-genesis-account", "op", "1000000000udcm", ...test]);
  }

  describe("init", () => {
    it("writes configuration, genesis and keys, secrets for their owner only", async () => {
      const made = JSON.parse(await ok(["init", "me", "--chain-id", "dcm-test-1", "--json"])) as { node_id: string; chain_id: string };
      assert.match(made.node_id, /^[0-9a-f]{40}$/);
      assert.equal(genesis().chain_id, "dcm-test-1");
      for (const secret of ["config/node_key.json", "config/priv_validator_key.json", "config/beacon_key.json"]) assert.equal(statSync(file(secret)).mode & 0o777, 0o600, secret);
      assert.equal(await ok(["comet", "show-node-id"]), made.node_id);
      assert.match(await ok(["comet", "show-validator"]), /^\{"@type":"\/cosmos\.crypto\.ed25519\.PubKey","key":"[A-Za-z0-9+/]{43}="\}$/);
      assert.match(await ok(["comet", "show-address"]), /^dcmvalcons1/);
    });

    it("does not write over a genesis unless told to, and keeps the keys then (so that nobody signs twice)", async () => {
      await ok(["init", "me", "--chain-id", "dcm-test-1"]);
      const key = readFileSync(file("config/priv_validator_key.json"), "utf8");
      await fails(["init", "me", "--chain-id", "dcm-test-2"], exitCodes.invalid, /is there already[^]*--overwrite/);
      await ok(["init", "me", "--chain-id", "dcm-test-2", "--overwrite"]);
      assert.equal(genesis().chain_id, "dcm-test-2");
      assert.equal(readFileSync(file("config/priv_validator_key.json"), "utf8"), key);
    });

    it("sets every consensus limit itself (ABCI-19)", async () => {
      await ok(["init", "me"]);
      const { consensus_params: params } = JSON.parse(readFileSync(file("config/genesis.json"), "utf8")) as { consensus_params: Record<string, Record<string, unknown>> };
      for (const [section, key] of [["block", "max_bytes"], ["block", "max_gas"], ["evidence", "max_age_duration"], ["evidence", "max_bytes"], ["validator", "pub_key_types"]] as const) assert.ok(params[section]?.[key] !== undefined, `${section}.${key}`);
    });

    it("refuses chain ids and monikers that cannot be", async () => {
      await fails(["init", "me", "--chain-id", "a b"], exitCodes.failed, /chain id has/);
      await fails(["init", "a\nb"], exitCodes.usage, /printable/);
    });
  });

  describe("disputes", () => {
    it("refuse what cannot be a case, a side or evidence before a node is asked, with the words that would do", async () => {
      const from = ["--from", "me", ...test];
      await fails(["tx", "dispute", "open", ...from], exitCodes.usage, /--task, or --instance with --period/);
      await fails(["tx", "dispute", "open", "--instance", "65536", ...from], exitCodes.usage, /--period says which/);
      await fails(["tx", "dispute", "open", "--task", "1e5", ...from], exitCodes.usage, /--task must be a whole number/);
      await fails(["tx", "dispute", "open", "--task", "65536", "--url", "https://files.example/x", ...from], exitCodes.usage, /--file or --sha256/);
      await fails(["tx", "dispute", "evidence", "7", "--file", file("nowhere"), ...from], exitCodes.notFound, /does not exist/);
      await fails(["tx", "dispute", "evidence", "7", "--sha256", "abc", ...from], exitCodes.usage, /64 hexadecimal digits/);
      await fails(["tx", "dispute", "evidence", "7", ...from], exitCodes.usage, /--file, or --sha256/);
      await fails(["tx", "dispute", "commit", "7", "both", ...from], exitCodes.usage, /consumer or provider/);
      await fails(["tx", "juror", "register", "1udcm,1uatom", ...from], exitCodes.usage, /one token/);
      await fails(["query", "dispute", "cases", "--state", "open"], exitCodes.usage, /evidence, drawing, commit/);
    });

    it("are told to start a node where none answers", async () => {
      await fails(["query", "juror", "list", "--node", "tcp://127.0.0.1:1"], exitCodes.unreachable, /dcmd start/);
    });
  });

  describe("keys", () => {
    it("derives the address that every Cosmos wallet derives from the same words", async () => {
      await ok(["keys", "add", "a", "--recover", ...test], mnemonic);
      const address = addressBytes(await ok(["keys", "show", "a", "-a", ...test]));
      assert.equal(addressText(address, "cosmos"), "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
      assert.match(await ok(["keys", "show", "a", "-a", "--bech", "val", ...test]), /^dcmvaloper19rl4cm2hmr8afy4kldpxz3fka4jguq0a/);
    });

    it("seals secrets under the passphrase and shows none that was not asked for", async () => {
      const added = await dcmd(["keys", "add", "a", "--recover", ...home], `${mnemonic}\nlong passphrase\n`);
      assert.equal(added.code, 0, added.err);
      const stored = readFileSync(file("keyring-file/a.json"), "utf8");
      const { privateKey } = await (await import("../keyring/secret.ts")).secretFromMnemonic(mnemonic);
      const hex = Buffer.from(privateKey).toString("hex");
      for (const text of [added.out, added.err, stored, await ok(["keys", "list"]), await ok(["keys", "show", "a", "--json"])]) assert.ok(!text.includes("abandon") && !text.includes(hex));
      assert.equal(statSync(file("keyring-file/a.json")).mode & 0o777, 0o600);
      assert.equal(await ok(["keys", "export", "a", "--mnemonic"], "long passphrase"), mnemonic);
      await fails(["keys", "export", "a", "--mnemonic"], exitCodes.failed, /passphrase does not open key "a"/, "wrong passphrase");
      await fails(["keys", "export", "a", "--unarmored-hex"], exitCodes.usage, /--unsafe/, "long passphrase");
      assert.equal(await ok(["keys", "export", "a", "--unarmored-hex", "--unsafe"], "long passphrase"), hex);
    });

    it("moves between keyrings by export and import", async () => {
      await ok(["keys", "add", "a", "--recover", ...test], mnemonic);
      writeFileSync(file("exported.json"), await ok(["keys", "export", "a", ...test], "another passphrase"));
      assert.ok(!readFileSync(file("exported.json"), "utf8").includes("abandon"));
      await ok(["keys", "import", "b", file("exported.json")], "another passphrase\nlong passphrase\n");
      assert.equal(await ok(["keys", "show", "b", "-a"]), await ok(["keys", "show", "a", "-a", ...test]));
      await fails(["keys", "import", "c", file("exported.json")], exitCodes.failed, /does not open/, "wrong passphrase\nlong passphrase\n");
    });

    it("refuses short passphrases, hostile names, wrong words and a second key of the same name", async () => {
      await fails(["keys", "add", "a"], exitCodes.failed, /at least 8 characters/, "short\n");
      await fails(["keys", "add", "../a", ...test], exitCodes.failed, /cannot be a key's name/);
      await fails(["keys", "add", "a", "--recover", ...test], exitCodes.failed, /not a mnemonic/, "abandon abandon");
      await ok(["keys", "add", "a", ...test]);
      await fails(["keys", "add", "a", ...test], exitCodes.failed, /already/);
      await fails(["keys", "delete", "a", ...test], exitCodes.usage, /--yes/);
      await ok(["keys", "delete", "a", "--yes", ...test]);
      await fails(["keys", "show", "a", ...test], exitCodes.failed, /no key named "a"/);
    });

    it("does not spend unbounded memory on a hostile file", async () => {
      const sealed = { kdf: "scrypt", n: 1 << 30, r: 8, p: 1, salt: "AA==", nonce: "AA==", box: "AA==" };
      writeFileSync(file("hostile.json"), JSON.stringify({ version: 1, sealed }));
      await fails(["keys", "import", "a", file("hostile.json"), ...test], exitCodes.failed, /too costly/, "some passphrase\n");
    });
  });

  describe("tx", () => {
    const from = ["--from", "op", "--node", "tcp://127.0.0.1:1", ...test];

    it("says what is wrong before anything is sent: no node, no key, no amount, no rate", async () => {
      await validatorHome();
      const own = await ok(["keys", "show", "op", "-a", "--bech", "val", ...test]);
      await fails(["tx", "staking", "delegate", own, "5udcm", ...from], exitCodes.unreachable, /no answer from http:\/\/127\.0\.0\.1:1/);
      await fails(["tx", "staking", "create-validator", "5udcm", ...from, "--from", "nobody"], exitCodes.failed, /no key named "nobody"/);
      await fails(["tx", "staking", "create-validator", "five", ...from], exitCodes.usage, /not an amount/);
      await fails(["tx", "staking", "unbond", own, "5udcm,6ustone", ...from], exitCodes.usage, /one token/);
      await fails(["tx", "staking", "edit-validator", ...from, "--commission-rate", "2"], exitCodes.usage, /between 0 and 1/);
      await fails(["tx", "staking", "delegate", own, "5udcm", "--node", "tcp://127.0.0.1:1", ...test], exitCodes.usage, /--from/);
    });
  });

  describe("genesis", () => {
    it("goes from accounts over gentxs to a file that makes a chain with these validators", async () => {
      await validatorHome();
      await ok(["genesis", "gentx", "op", "500000000udcm", "--chain-id", "dcm-test-1", ...test]);
      await ok(["genesis", "collect-gentxs"]);
      const { valid, validators, gen_txs: genTxs } = JSON.parse(await ok(["genesis", "validate", "--json"])) as Record<string, unknown>;
      assert.deepEqual({ valid, validators, genTxs }, { valid: true, validators: 1, genTxs: 1 });
    });

    it("makes a gentx that registers the validator and its beacon key, signed by the operator", async () => {
      await validatorHome();
      const path = await ok(["genesis", "gentx", "op", "500000000udcm", "--ip", "203.0.113.7", ...test]);
      const tx = JSON.parse(readFileSync(path, "utf8")) as { body: { messages: { "@type": string }[]; memo: string }; signatures: string[] };
      assert.deepEqual(tx.body.messages.map((message) => message["@type"]), ["/cosmos.staking.v1beta1.MsgCreateValidator", "/dcm.beacon.v1.MsgRegisterBeaconKey"]);
      assert.equal(tx.body.memo, `${await ok(["comet", "show-node-id"])}@203.0.113.7:26656`);
      assert.equal(Buffer.from(tx.signatures[0]!, "base64").length, 64);
    });

    it("finds a gentx whose signature was tampered with", async () => {
      await validatorHome();
      const path = await ok(["genesis", "gentx", "op", "500000000udcm", ...test]);
      writeFileSync(path, readFileSync(path, "utf8").replace('"amount": "500000000"', '"amount": "400000000"'));
      await ok(["genesis", "collect-gentxs"]);
      await fails(["genesis", "validate"], exitCodes.invalid, /signature verification failed|unauthorized/);
    });

    it("says what is missing: balance, another chain's id, gentxs, validators", async () => {
      await validatorHome();
      await fails(["genesis", "gentx", "op", "2000000000udcm", ...test], exitCodes.invalid, /cannot stake[^]*add-genesis-account/);
      await fails(["genesis", "gentx", "op", "5udcm", "--chain-id", "dcm-test-2", ...test], exitCodes.invalid, /is of dcm-test-1/);
      await fails(["genesis", "gentx", "op", "5udcm", "--commission-rate", "2", ...test], exitCodes.usage, /between 0 and 1/);
      await fails(["genesis", "collect-gentxs"], exitCodes.notFound, /no gentx files/);
      await fails(["genesis", "validate"], exitCodes.invalid, /no validators/);
    });

    it("adds to an account only when told to, and keeps the supply right", async () => {
      await validatorHome();
      await fails(["genesis", "add-genesis-account", "op", "5udcm", ...test], exitCodes.invalid, /--append/);
      await ok(["genesis", "add-genesis-account", "op", "5udcm,7uusd", "--append", ...test]);
      const { balances } = genesis().app_state.bank as unknown as { balances: { coins: object[] }[] };
      assert.deepEqual(balances.map(({ coins }) => coins), [[{ denom: "udcm", amount: "1000000005" }, { denom: "uusd", amount: "7" }]]);
      await fails(["genesis", "add-genesis-account", "dcm1nonsense", "5udcm"], exitCodes.failed, /bech32/);
      await fails(["genesis", "add-genesis-account", "op", "0udcm", "--append", ...test], exitCodes.usage, /not an amount/);
    });

    it("makes vesting accounts", async () => {
      await validatorHome();
      await ok(["keys", "add", "late", ...test]);
      await ok(["genesis", "add-genesis-account", "late", "100udcm", "--vesting-amount", "60udcm", "--vesting-start-time", "1800000000", "--vesting-end-time", "1900000000", ...test]);
      await ok(["genesis", "gentx", "op", "500000000udcm", ...test]);
      await ok(["genesis", "collect-gentxs"]);
      await ok(["genesis", "validate"]);
    });

    it("names the section and the field of a broken file", async () => {
      await validatorHome();
      const doc = genesis();
      const write = (change: (state: Record<string, JsonObject>) => void): void => {
        const copy = structuredClone(doc);
        change(copy.app_state);
        writeFileSync(file("config/genesis.json"), JSON.stringify(copy));
      };
      write((state) => { state.wasm = {}; });
      await fails(["genesis", "validate"], exitCodes.invalid, /app_state\.wasm: this chain has no module "wasm"/);
      write((state) => { state.bank!.balances = [{ address: "x", coins: 5 }]; });
      await fails(["genesis", "validate"], exitCodes.invalid, /app_state\.bank.*balances\[0\]\.coins/);
      writeFileSync(file("config/genesis.json"), "{");
      await fails(["genesis", "validate"], exitCodes.failed, /genesis\.json is not JSON/);
    });

    it("takes the Cosmos SDK's shape as well as CometBFT's", async () => {
      await validatorHome();
      const comet = JSON.parse(readFileSync(file("config/genesis.json"), "utf8")) as JsonObject;
      const { consensus_params: params, initial_height: _height, ...rest } = comet;
      const sdk = { app_name: "x", app_version: "1", ...rest, initial_height: 1, app_hash: null, consensus: { params: params! } };
      assert.equal(parseGenesisDoc(comet, "comet").forComet, true);
      const doc = parseGenesisDoc(sdk, "sdk");
      assert.equal(doc.forComet, false);
      assert.deepEqual(cometShape(doc), comet);
    });
  });

  it("reads and changes configuration by key", async () => {
    await ok(["init", "me"]);
    await ok(["config", "set", "config", "consensus.timeout_commit", "200ms"]);
    await ok(["config", "set", "app", "api.cors-allowed-origins", '["*"]']);
    assert.equal(await ok(["config", "get", "config", "consensus.timeout_commit"]), "200ms");
    assert.equal(await ok(["config", "get", "app", "api.cors-allowed-origins"]), '["*"]');
    await fails(["config", "set", "app", "api.enable", "5"], exitCodes.invalid, /holds a boolean/);
    await fails(["config", "set", "app", "api.nothing", "5"], exitCodes.notFound, /has no api\.nothing/);
  });

  describe("comet unsafe-reset-all", () => {
    const kept = ["config/genesis.json", "config/config.toml", "config/app.toml", "config/priv_validator_key.json", "config/node_key.json", "config/beacon_key.json"];
    const contents = (): string[] => kept.map((name) => readFileSync(file(name), "utf8"));

    beforeEach(async () => {
      await ok(["init", "me", "--chain-id", "dcm-test-1"]);
      for (const name of ["application/log", "blockstore.db/000001.log", "cs.wal/wal"]) {
        mkdirSync(dirname(file("data", name)), { recursive: true });
        writeFileSync(file("data", name), "x");
      }
      writeFileSync(file("data/upgrade-info.json"), "{}");
      writeFileSync(file("data/priv_validator_state.json"), '{"height":"7","round":1,"step":3}');
      writeFileSync(file("config/addrbook.json"), "{}");
    });

    it("removes blocks, state and known peers, says which, and keeps keys and configuration", async () => {
      const before = contents();
      const said = (await ok(["comet", "unsafe-reset-all"])).split("\n").sort();
      assert.deepEqual(said, ["config/addrbook.json", ...["application", "blockstore.db", "cs.wal", "priv_validator_state.json", "upgrade-info.json"].map((name) => `data/${name}`)].map((name) => `removed ${file(name)}`));
      assert.deepEqual([contents(), readdirSync(file("data")), existsSync(file("config/addrbook.json"))], [before, ["priv_validator_state.json"], false]);
      assert.deepEqual(JSON.parse(readFileSync(file("data/priv_validator_state.json"), "utf8")), { height: "0", round: 0, step: 0 });
      assert.equal(statSync(file("data/priv_validator_state.json")).mode & 0o777, 0o600);
    });

    it("keeps known peers where told to, and has other names", async () => {
      const { removed } = JSON.parse(await ok(["tendermint", "unsafe-reset-all", "--keep-addr-book", "--json"])) as { removed: string[] };
      assert.deepEqual([removed.length, existsSync(file("config/addrbook.json"))], [5, true]);
      await ok(["cometbft", "unsafe-reset-all"]);
      assert.equal(existsSync(file("config/addrbook.json")), false);
    });

    it("removes nothing while a node runs on the home", async () => {
      const node = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "start"], { stdio: "ignore" });
      try {
        await once(node, "spawn");
        writeFileSync(new Home(folder).pid, String(node.pid));
        const before = readdirSync(file("data"), { recursive: true }).sort();
        await fails(["comet", "unsafe-reset-all"], exitCodes.failed, new RegExp(`a node runs on ${folder} \\(process ${node.pid}\\)[^]*Stop it first: kill ${node.pid}`));
        assert.deepEqual(readdirSync(file("data"), { recursive: true }).sort(), before);
      } finally {
        node.kill("SIGKILL");
        await once(node, "exit");
      }
      await ok(["comet", "unsafe-reset-all"]);
    });
  });

  it("says its version, and at length what it is built of and runs on, as the Cosmos SDK's daemons do", async () => {
    const manifest = JSON.parse(readFileSync(fileURLToPath(new URL("../../../package.json", import.meta.url)), "utf8")) as { version: string; dependencies: Record<string, string> };
    assert.equal(await ok(["version"]), manifest.version);
    assert.deepEqual(JSON.parse(await ok(["version", "--json"])), { version: manifest.version });
    const { commit, ...long } = JSON.parse(await ok(["version", "--long", "--json"])) as { commit: string };
    assert.match(commit, /^(?:[0-9a-f]{40})?$/);
    const deps = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`);
    assert.deepEqual(long, { name: "dcm", server_name: "dcmd", version: manifest.version, node: `node ${process.version}`, platform: `${process.platform}/${process.arch}`, upgrades: upgrades.map(({ name }) => name), build_deps: deps });
    const lines = (await ok(["version", "--long"])).split("\n");
    for (const [key, value] of [["name", "dcm"], ["server_name", "dcmd"], ["version", manifest.version], ["node", `node ${process.version}`]]) assert.ok(lines.some((line) => new RegExp(`^${key}: +${value!.replaceAll(".", "\\.")}$`).test(line)), key);
    for (const dep of deps) assert.ok(lines.some((line) => line.endsWith(` ${dep}`)), dep);
  });

  it("says what to do in a folder that is no home", async () => {
    for (const argv of [["start"], ["export"], ["snapshots", "list"], ["comet", "show-node-id"], ["genesis", "add-genesis-account", "dcm1x", "1udcm"]]) await fails(argv, exitCodes.notFound, /dcmd init MONIKER/);
  });

  it("tells errors as JSON where JSON is asked for", async () => {
    const { err, code } = await dcmd(["start", "--json", ...home]);
    assert.equal((JSON.parse(err) as { exit_code: number }).exit_code, code);
  });

  it("suggests the command that was meant", async () => {
    const { code, err } = await dcmd(["statsu"]);
    assert.equal(code, exitCodes.usage);
    assert.match(err, /Did you mean status\?/);
  });

  it("has help with examples for its commands, soon", async () => {
    for (const argv of [[], ["init"], ["keys"], ["keys", "add"], ["genesis"], ["genesis", "gentx"], ["start"], ["export"]]) {
      const { code, out } = await dcmd([...argv, "--help"]);
      assert.equal(code, 0);
      assert.match(out, /Examples:\n {2}\$ dcmd /, argv.join(" "));
    }
    const bin = fileURLToPath(new URL("../../../bin/dcmd.mjs", import.meta.url));
    const took = (args: string[]): number => Math.min(...Array.from({ length: 3 }, () => {
      const before = process.hrtime.bigint();
      assert.equal(spawnSync(process.execPath, args).status, 0);
      return Number(process.hrtime.bigint() - before) / 1e6;
    }));
    // Against an empty program of the same minute: the machine may be busy.
    assert.ok(took([bin, "--help"]) < took(["-e", "0"]) + 1_500, "--help takes too long");
  });
});
