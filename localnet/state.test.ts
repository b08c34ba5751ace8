import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { personas } from "./homes.ts";
import { type Claim, StateError, claimFolder, holdFolder } from "./state.ts";

describe("the folder of npm start's state", () => {
  let parent: string;
  let claim: Claim;
  const put = (file: string, text = "x"): void => {
    mkdirSync(dirname(join(claim.folder, file)), { recursive: true });
    writeFileSync(join(claim.folder, file), text);
  };
  /** All that a network of one validator and one provider must have to be started again. */
  const files = [
    ...["config/genesis.json", "config/config.toml", "config/app.toml", "config/priv_validator_key.json", "config/node_key.json", "data/priv_validator_state.json"].map((file) => `validator-0/${file}`),
    "provider-0/session.key", "provider-0/encryption.key", "provider-0/public.json", "operators/provider-0/mnemonic", "operators/provider-0/address", ...personas.map((name) => `personas/${name}/mnemonic`),
  ];
  const build = (): void => {
    assert.equal(claimFolder(claim), false);
    for (const file of files) put(file);
    put("built");
  };
  const refused = (change: Partial<Claim>, words: string): void => {
    const before = readdirSync(claim.folder, { recursive: true }).sort();
    assert.throws(() => claimFolder({ ...claim, ...change }), (error: Error) => error instanceof StateError && error.message === words, words);
    assert.deepEqual(readdirSync(claim.folder, { recursive: true }).sort(), before, "a refusal changes nothing");
  };

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "dcm-state-"));
    claim = { folder: join(parent, "net"), fresh: false, validators: 1, providers: 1, line: "0.38", fault: undefined };
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  describe("used again", () => {
    it("is the same network's, and new where a first start did not get to its end, or where --fresh asks for it", () => {
      build();
      assert.equal(claimFolder(claim), true);
      rmSync(join(claim.folder, "built"));
      assert.equal(claimFolder(claim), false);
      assert.deepEqual(readdirSync(claim.folder), ["shape.json"]);
      build();
      assert.equal(claimFolder({ ...claim, fresh: true }), false);
      assert.deepEqual(readdirSync(claim.folder), ["shape.json"]);
    });

    it("is refused to a network of another shape, with what it was made with and what helps", () => {
      build();
      const told = (made: string, asked: string): string => `the network in ${claim.folder} was made with ${made}, not ${asked}: start it as it was, add --fresh to forget it, or choose another --name`;
      refused({ validators: 4 }, told("--validators 1", "--validators 4"));
      refused({ providers: 3 }, told("--providers 1", "--providers 3"));
      refused({ validators: 2, providers: 2 }, told("--validators 1 --providers 1", "--validators 2 --providers 2"));
      refused({ line: "0.40" }, told("--comet 0.38", "--comet 0.40"));
      refused({ fault: "lie" }, told("--fault none", "--fault lie"));
    });

    it("is refused where it is of another version of the program", () => {
      build();
      put("shape.json", JSON.stringify({ validators: 1, providers: 1, line: "0.38", fault: "none", state: 1 }));
      refused({}, `the network in ${claim.folder} is of another version of this program: add --fresh to forget it, or choose another --name`);
    });

    it("is refused where a part of it is gone, whichever, and --fresh builds it anew", () => {
      for (const file of files) {
        build();
        rmSync(join(claim.folder, file));
        refused({}, `${join(claim.folder, file)} is gone: the state cannot be used. Add --fresh to build a new network`);
        assert.equal(claimFolder({ ...claim, fresh: true }), false);
      }
      build();
      for (const damage of [() => put("shape.json", "{"), () => put("shape.json", "null"), () => rmSync(join(claim.folder, "shape.json"))]) {
        damage();
        refused({}, `${join(claim.folder, "shape.json")} is gone or damaged: the state cannot be used. Add --fresh to build a new network`);
      }
      assert.equal(claimFolder({ ...claim, fresh: true }), false);
    });
  });

  it("is not taken where others' files are, with --fresh neither", () => {
    put("thesis.txt");
    for (const fresh of [false, true]) refused({ fresh }, `${claim.folder} holds something else than a localnet's state, and would be emptied: choose another --name or --state`);
  });

  describe("held", () => {
    it("by one process at a time, until it lets go", () => {
      const release = holdFolder(claim.folder);
      assert.throws(() => holdFolder(claim.folder), (error: Error) => error instanceof StateError && error.message === `this localnet runs already (process ${process.pid}): stop it with Ctrl-C where it runs, or choose another --name`);
      const other = holdFolder(join(parent, "other"));
      release();
      holdFolder(claim.folder)();
      other();
      assert.deepEqual(readdirSync(parent), []);
    });

    it("is taken from a process that ended without letting go, and from whatever else has its number now", () => {
      const { pid } = spawnSync(process.execPath, ["--version"]);
      for (const holder of [`${pid} 1`, `${process.pid} 1`, "", "x"]) {
        writeFileSync(`${claim.folder}.pid`, holder);
        holdFolder(claim.folder)();
        assert.equal(existsSync(`${claim.folder}.pid`), false);
      }
    });

    it("is refused where it cannot be written", () => {
      writeFileSync(join(parent, "file"), "");
      assert.throws(() => holdFolder(join(parent, "file", "net")), (error: Error) => error instanceof StateError && /file cannot be written \(.*\): choose another folder with --state$/.test(error.message));
    });
  });
});
