import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { findProfile, readProfiles, saveProfile, type Profile } from "./profiles.ts";
import { runCommand, type Ran } from "./testing.ts";
import type { Io } from "./io.ts";

const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const local: Profile = { name: "local", net: "local", localnet: "/nowhere", chainId: "dcm-localnet-1", key: "me", keyring: "test", gasPrice: "0.001udcm", dataUrl: "", dataListen: "" };

describe("keys and profiles of dcm", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-cli-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const outside = (): Partial<Io> => ({ folders: { config: folder, data: folder }, readFile: (path) => readFileSync(path, "utf8"), writeFile: (path, text) => writeFileSync(path, text) });
  const dcm = (...argv: string[]): Promise<Ran> => runCommand(argv, outside());
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("makes a key that is sealed, lists it, and gives its words to whoever has the passphrase (CLI-1)", async () => {
    const passphrase = file("pass", "correct horse battery\n");
    assert.equal((await dcm("keys", "list")).out, "");
    const added = await dcm("keys", "add", "work", "--passphrase-file", passphrase, "--json");
    assert.equal(added.code, 0, added.err);
    const { address } = JSON.parse(added.out) as { address: string };
    assert.doesNotMatch(added.out + added.err, /mnemonic":|[a-z]+( [a-z]+){11}/);
    const stored = join(folder, "keyring-file/work.json");
    assert.equal(statSync(stored).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(stored, "utf8"), /privateKey|mnemonic/);
    assert.match((await dcm("keys", "list")).out, new RegExp(`work +${address} +yes`));
    assert.equal((await dcm("keys", "export", "work", "--mnemonic", "--passphrase-file", passphrase)).out.trim().split(" ").length, 24);
    const wrong = await dcm("keys", "export", "work", "--mnemonic", "--passphrase-file", file("wrong", "wrong horse battery"));
    assert.deepEqual([wrong.code, wrong.err], [4, 'dcm: the passphrase does not open key "work"\n']);
    assert.equal((JSON.parse((await dcm("keys", "export", "work", "--passphrase-file", passphrase, "--export-passphrase-file", passphrase)).out) as { address: string }).address, address);
  });

  it("asks nothing where there is no terminal, and says what to do (CLI-1)", async () => {
    for (const argv of [["keys", "add", "other"], ["keys", "add", "other", "--no-input"], ["keys", "export", "work", "--mnemonic"]]) {
      const { code, err } = await dcm(...argv);
      assert.equal(code, 2, err);
      assert.match(err, /there is no terminal to ask on\n {5}.*--passphrase-file/);
    }
    assert.equal((await dcm("keys", "add", "work", "--passphrase-file", file("pass", "correct horse battery"))).code, 2);
    assert.equal((await dcm("keys", "add", "short", "--passphrase-file", file("short", "short"))).code, 2);
    assert.equal((await dcm("keys", "add", "../up", "--passphrase-file", file("pass", "correct horse battery"))).code, 3);
    assert.equal((await dcm("keys", "export", "none", "--mnemonic")).code, 3);
  });

  it("asks a terminal twice, and recovers the key of a mnemonic (CLI-1)", async () => {
    const typed = ["typed passphrase", "typed passphrase", mnemonic];
    const asked: string[] = [];
    const { code, out, err } = await runCommand(["keys", "add", "old", "--recover", "--json"], { ...outside(), promptSecret: (question) => (asked.push(question), Promise.resolve(question.startsWith("Mnemonic") ? mnemonic : typed[0]!)) });
    assert.equal(code, 0, err);
    assert.deepEqual(asked, ["Mnemonic: ", "Passphrase for the new key (8 characters or more): ", "Once more: "]);
    assert.match((JSON.parse(out) as { address: string }).address, /^dcm19rl4cm2hmr8afy4kldpxz3fka4jguq0a/);
    const answers = ["one passphrase", "another one"];
    const differ = await runCommand(["keys", "add", "older"], { ...outside(), promptSecret: () => Promise.resolve(answers.shift()!) });
    assert.deepEqual([differ.code, differ.err], [2, "dcm: the two passphrases differ\n"]);
  });

  it("keeps profiles, uses the latest, and names those there are (CLI-2)", async () => {
    const io = { ...outside(), env: {} } as unknown as Io;
    assert.deepEqual(readProfiles(io), { current: "", all: [] });
    assert.equal(findProfile(io, undefined), undefined);
    saveProfile(io, { ...local, name: "main", net: "https://rpc.example", chainId: "dcm-1", keyring: "file", dataUrl: "https://me.example:8646", localnet: "" });
    saveProfile(io, local);
    assert.deepEqual(findProfile(io, undefined), local);
    assert.equal(findProfile(io, "main")?.dataUrl, "https://me.example:8646");
    assert.equal(findProfile({ ...io, env: { DCM_PROFILE: "main" } }, undefined)?.name, "main");
    const unknown = await dcm("balance", "--profile", "mian");
    assert.deepEqual([unknown.code, unknown.err.split("\n")[1]], [3, "     There is local, main; dcm init makes another."]);
    const away = await dcm("balance");
    assert.deepEqual([away.code, away.err], [5, "dcm: no localnet runs in /nowhere\n     Start it with npm start in another terminal and wait for its endpoints.\n"]);
    file("config.toml", "profiles = 3");
    const broken = await dcm("balance");
    assert.equal(broken.code, 4);
    assert.match(broken.err, /config\.toml: .*\n {5}Correct it, or move it away/);
  });
});
