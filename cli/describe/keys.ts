import { common, examples, profileOption, reading, type Kit } from "../kit.ts";

export function describeKeys(kit: Kit): void {
  const { io, program } = kit;
  common(kit, program.command("init")).description("a profile with a key, the network it is for and, on a localnet, coins; again: brings both up to date")
    .option("--net <network>", "local (what npm start runs here), or the URL of a node's RPC; default: the profile's, or local")
    .option("--localnet <folder>", "local: the folder of its state, where it is not npm start's default")
    .addOption(profileOption().default(undefined, "local, or the chain's id"))
    .option("--key <name>", "name of the key; made where there is none; default: me")
    .option("--recover", "the key of a mnemonic that you have, instead of a new one")
    .option("--insecure", "keeps a new key without a passphrase, for networks without value; on a localnet that is so anyway")
    .option("--data-url <url>", "where providers reach this machine for the data of your jobs, e.g. https://me.example:8646; a localnet needs none")
    .option("--data-listen <address>", "where dcm run listens for them, e.g. 0.0.0.0:8646")
    .option("--passphrase-file <file>", "its first line is the passphrase (or DCM_PASSPHRASE_FILE); default: asked for on the terminal")
    .option("--no-input", "asks nothing: what is missing is an error")
    .option("--json", "what is there then, as JSON")
    .addHelpText("after", examples("dcm init --net local", "dcm init --net https://rpc.example:443 --key work --data-url http://me.example:8646 --data-listen 0.0.0.0:8646", "dcm init --net https://rpc.example:443 --recover"))
    .action(async (options) => (await import("../init.ts")).init(io, options));

  const keys = common(kit, program.command("keys")).description("the keys on this machine").addHelpText("after", examples("dcm keys list", "dcm keys add work"));
  const about = (name: string, description: string) =>
    common(kit, keys.command(name)).description(description).addOption(profileOption())
      .option("--passphrase-file <file>", "its first line is the passphrase (or DCM_PASSPHRASE_FILE); default: asked for on the terminal")
      .option("--no-input", "asks nothing: what is missing is an error")
      .option("--json", "data as JSON on stdout, for machines");
  about("list", "names and addresses; * is the profile's").addHelpText("after", examples("dcm keys list", "dcm keys list --json")).action(async (options) => (await import("../keys.ts")).list(io, options));
  about("add", "a new key, or that of a mnemonic").argument("<name>", "what to call it")
    .option("--recover", "asks for the mnemonic instead of making one")
    .addHelpText("after", examples("dcm keys add work", "dcm keys add old --recover"))
    .action(async (name, options) => (await import("../keys.ts")).add(io, name, options));
  about("export", "a key, sealed under a passphrase of its own, as dcmd keys import takes it").argument("<name>", "which key")
    .option("--mnemonic", "its words instead, in clear: whoever reads them has the account")
    .option("--export-passphrase-file <file>", "passphrase for the exported file; default: asked for on the terminal")
    .addHelpText("after", examples("dcm keys export me > me.json", "dcm keys export me --mnemonic"))
    .action(async (name, options) => (await import("../keys.ts")).exportKey(io, name, options));

  reading(kit, program, "balance", "what an account has").argument("[who]", "an address, or a key's name; default: the profile's key")
    .addHelpText("after", examples("dcm balance", "dcm balance dcm1... --json"))
    .action(async (who, options) => (await import("../balance.ts")).balance(io, who, options));
}
