/**
 * The commands of `dcmd`, with their words. Each action loads its code when it runs, so that --help answers in a blink; what an operator
 * knows from Cosmos SDK daemons has the same name here.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import { CliError, exitCodes, toJsonText, type Format, type Io } from "./io.ts";
import { queryGroups } from "./query-table.ts";

export interface Globals {
  readonly home: string;
  readonly format: Format;
}

/** Runs one command line and gives the exit code; never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = buildProgram(io);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error, io, argv.includes("--json") || argv.join(" ").includes("--output json") || argv.join(" ").includes("-o json"));
  }
}

/** Errors that people can mend are told in a sentence; anything else is ours and shows where it happened. */
const mendable = new Set(["CliError", "ConfigError", "GenesisDocError", "GenesisError", "KeyringError", "QueryError", "CometBFTUnavailable", "SyntaxError", "TypeError", "RangeError", "AddressError", "TxError", "Error"]);

function report(error: unknown, io: Io, json: boolean): number {
  const known = error instanceof CliError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = known?.exitCode ?? exitCodes.failed;
  if (json) io.stderr(`${toJsonText({ error: message, ...(known?.hint === undefined ? {} : { hint: known.hint }), exit_code: exitCode })}\n`);
  else {
    io.stderr(`dcmd: ${message}\n`);
    if (known?.hint !== undefined) io.stderr(`      ${known.hint}\n`);
    if (error instanceof Error && (!mendable.has(error.name) || io.env.DCMD_TRACE !== undefined)) io.stderr(`${error.stack ?? ""}\n`);
  }
  return exitCode;
}

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

/** The whole command tree. */
export function buildProgram(io: Io): Command {
  const defaultHome = io.env.DCMD_HOME ?? io.env.DAEMON_HOME ?? join(homedir(), ".dcmd");
  const program = new Command("dcmd")
    .description("Runs and looks after a node of the compute market.")
    .helpCommand("help [command]", "what a command does")
    .showHelpAfterError("(add --help for what this command takes)")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .addHelpText(
      "after",
      `${examples(
        "dcmd init my-node --chain-id dcm-1                 # configuration and keys",
        "dcmd keys add operator                             # an account",
        "dcmd genesis gentx operator 1000000udcm --chain-id dcm-1",
        "dcmd start                                         # the node, with its CometBFT",
      )}\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 invalid input, 5 node not reachable, 6 another build must run.\n`,
    );

  /** Options that every command takes; they stand on the command itself, so that they may come anywhere in the line. */
  const command = <N extends string>(parent: Command, name: N, description: string) =>
    parent
      .command(name)
      .description(description)
      .exitOverride()
      .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
      .option("--home <dir>", "the node's home directory (or DCMD_HOME, or a supervisor's DAEMON_HOME)", defaultHome)
      .addOption(new Option("-o, --output <format>", "text or json").choices(["text", "json"] as const).default("text" as const))
      .option("--json", "the same as --output json");
  const globals = (options: { home: string; output: Format; json?: true | undefined }): Globals => ({ home: options.home, format: options.json === true ? "json" : options.output });
  const group = (name: string, description: string): Command => program.command(name).description(description).exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  const backend = () => new Option("--keyring-backend <backend>", "file (encrypted) or test (not encrypted: never for money); default: client.toml").choices(["file", "test"] as const);
  const passphraseFile = () => new Option("--passphrase-file <file>", "the keyring's passphrase; default: asked on the terminal, else the first line of standard input");

  // ---- a new node

  command(program, "init", "writes configuration, keys and a genesis file into the home directory")
    .argument("<moniker>", "the node's name, shown to others")
    .option("--chain-id <id>", "the network's id; default: a random test id")
    .option("--overwrite", "replaces genesis.json and the configuration; keys stay")
    .option("--initial-height <height>", "height of the first block", "1")
    .addHelpText("after", examples("dcmd init my-node --chain-id dcm-1", "dcmd init my-node --chain-id dcm-1 --home /srv/dcm --json"))
    .action(async (moniker, options) => (await import("./init.ts")).init(io, globals(options), moniker, options));

  // ---- keys

  const keys = group("keys", "the accounts of this machine: make, list, move, delete").addHelpText("after", examples("dcmd keys add operator", "dcmd keys show operator --address", "dcmd keys export operator > operator.json"));
  command(keys, "add", "makes a new key, or takes one from its mnemonic")
    .argument("<name>")
    .option("--recover", "from a mnemonic, asked on the terminal or read from standard input")
    .option("--mnemonic-file <file>", "with --recover: read the mnemonic from this file")
    .option("--show-mnemonic", "prints the new key's words once; otherwise `keys export --mnemonic` shows them")
    .option("--account <n>", "account number of the derivation path", "0")
    .option("--index <n>", "address index of the derivation path", "0")
    .option("--coin-type <n>", "coin type of the derivation path", "118")
    .addOption(backend())
    .addOption(passphraseFile())
    .addHelpText("after", examples("dcmd keys add operator", "dcmd keys add operator --recover", "dcmd keys add faucet --keyring-backend test --json"))
    .action(async (name, options) => (await import("./keys.ts")).add(io, globals(options), name, options));
  command(keys, "list", "all keys").addOption(backend())
    .action(async (options) => (await import("./keys.ts")).list(io, globals(options), options));
  command(keys, "show", "one key, by name or address")
    .argument("<name>")
    .option("-a, --address", "the address alone")
    .option("-p, --pubkey", "the public key alone")
    .addOption(new Option("--bech <prefix>", "which address: acc, val, cons").choices(["acc", "val", "cons"] as const).default("acc" as const))
    .addOption(backend())
    .addHelpText("after", examples("dcmd keys show operator -a", "dcmd keys show operator -a --bech val"))
    .action(async (name, options) => (await import("./keys.ts")).show(io, globals(options), name, options));
  command(keys, "export", "the key as a file that `keys import` takes, sealed under a passphrase of its own")
    .argument("<name>")
    .option("--mnemonic", "prints the words instead: whoever sees them owns the account")
    .option("--unarmored-hex", "prints the bare private key instead; needs --unsafe")
    .option("--unsafe", "confirms that the private key may be shown")
    .option("--export-passphrase-file <file>", "the passphrase of the exported file; default: asked")
    .addOption(backend())
    .addOption(passphraseFile())
    .addHelpText("after", examples("dcmd keys export operator > operator.json", "dcmd keys export operator --mnemonic"))
    .action(async (name, options) => (await import("./keys.ts")).exportKey(io, globals(options), name, options));
  command(keys, "import", "takes an exported key")
    .argument("<name>")
    .argument("<file>")
    .option("--export-passphrase-file <file>", "the passphrase of the exported file; default: asked")
    .addOption(backend())
    .addOption(passphraseFile())
    .addHelpText("after", examples("dcmd keys import operator operator.json"))
    .action(async (name, file, options) => (await import("./keys.ts")).importKey(io, globals(options), name, file, options));
  command(keys, "import-hex", "takes a bare private key from the terminal or standard input")
    .argument("<name>")
    .addOption(backend())
    .addOption(passphraseFile())
    .action(async (name, options) => (await import("./keys.ts")).importHex(io, globals(options), name, options));
  command(keys, "delete", "forgets a key for good")
    .argument("<name>")
    .option("-y, --yes", "without asking")
    .addOption(backend())
    .action(async (name, options) => (await import("./keys.ts")).remove(io, globals(options), name, options));

  // ---- genesis

  const genesis = group("genesis", "the first state of a network").addHelpText(
    "after",
    examples("dcmd genesis add-genesis-account operator 1000000000udcm", "dcmd genesis gentx operator 500000000udcm --chain-id dcm-1", "dcmd genesis collect-gentxs", "dcmd genesis validate"),
  );
  command(genesis, "add-genesis-account", "gives an account coins in genesis.json")
    .argument("<address-or-key>")
    .argument("<coins>", "e.g. 1000000udcm, several joined by commas")
    .option("--append", "adds to an account that is there already")
    .option("--vesting-amount <coins>", "of these coins, what vests")
    .option("--vesting-start-time <seconds>", "Unix time; with an end time the amount vests continuously")
    .option("--vesting-end-time <seconds>", "Unix time")
    .addOption(backend())
    .addHelpText("after", examples("dcmd genesis add-genesis-account operator 1000000000udcm", "dcmd genesis add-genesis-account dcm1... 5000000udcm --vesting-amount 5000000udcm --vesting-end-time 1893456000"))
    .action(async (who, coins, options) => (await import("./genesis-account.ts")).addGenesisAccount(io, globals(options), who, coins, options));
  command(genesis, "gentx", "signs the transaction that makes this node a validator at genesis, with its beacon key")
    .argument("<key>", "the operator's key")
    .argument("<amount>", "what it stakes, e.g. 500000000udcm")
    .option("--chain-id <id>", "default: the genesis file's; another one is an error")
    .option("--moniker <name>", "default: config.toml's")
    .option("--commission-rate <rate>", "share of delegators' rewards", "0.1")
    .option("--commission-max-rate <rate>", "the rate never goes above", "0.2")
    .option("--commission-max-change-rate <rate>", "change a day at most", "0.01")
    .option("--min-self-delegation <amount>", "the validator leaves below it", "1")
    .option("--pubkey <json>", "consensus key as `dcmd comet show-validator` prints it; default: this home's")
    .option("--no-beacon-key", "without a beacon key: the validator cannot take its turn in the beacon")
    .option("--node-id <id>", "default: this home's")
    .option("--ip <host>", "where others reach this node", "127.0.0.1")
    .option("--p2p-port <port>", "default: the port of p2p.laddr in config.toml")
    .option("--identity <text>", "e.g. a Keybase id", "")
    .option("--website <url>", "", "")
    .option("--security-contact <mail>", "", "")
    .option("--details <text>", "", "")
    .option("--output-document <file>", "default: config/gentx/gentx-NODE-ID.json")
    .addOption(backend())
    .addOption(passphraseFile())
    .addHelpText("after", examples("dcmd genesis gentx operator 500000000udcm --chain-id dcm-1", "dcmd genesis gentx operator 500000000udcm --ip 203.0.113.7 --commission-rate 0.05"))
    .action(async (key, amount, options) => (await import("./gentx.ts")).gentx(io, globals(options), key, amount, options));
  command(genesis, "collect-gentxs", "puts the gentxs of a directory into genesis.json and their nodes into persistent_peers")
    .option("--gentx-dir <dir>", "default: config/gentx")
    .action(async (options) => (await import("./collect-gentxs.ts")).collectGentxs(io, globals(options), options));
  command(genesis, "validate", "builds the first state in memory and says what is wrong with the file, or what it makes")
    .argument("[file]", "default: config/genesis.json")
    .action(async (file, options) => (await import("./validate.ts")).validate(io, globals(options), file));

  // ---- a running node

  command(program, "start", "runs the node: the application, what it serves, and its CometBFT")
    .option("--app-only", "without CometBFT: listens at proxy_app of config.toml for one that you run")
    .option("--proxy-app <address>", "with --app-only: where to listen, tcp://HOST:PORT or unix:///PATH")
    .option("--comet <file>", "the CometBFT to run; default: COMETBFT, PATH, this project's cache, or installed now")
    .option("--rpc-laddr <address>", "CometBFT's RPC, e.g. tcp://127.0.0.1:26657")
    .option("--p2p-laddr <address>", "peer-to-peer listener, e.g. tcp://0.0.0.0:26656")
    .option("--persistent-peers <peers>", "ID@HOST:PORT, several joined by commas")
    .option("--api-address <address>", "REST, HOST:PORT; \"off\" switches it off")
    .option("--grpc-address <address>", "gRPC, HOST:PORT; \"off\" switches it off")
    .option("--metrics-address <address>", "Prometheus, HOST:PORT; \"off\" switches it off")
    .option("--minimum-gas-prices <prices>", "e.g. 0.001udcm")
    .option("--halt-height <height>", "stop after this height")
    .option("--unsafe-skip-upgrades <heights...>", "go on without the upgrade that is due at these heights; the network forks unless most validators do the same", [] as string[])
    .addOption(new Option("--log-level <level>", "debug, info, warn, error").choices(["debug", "info", "warn", "error"] as const).default("info" as const))
    .addHelpText(
      "after",
      `${examples("dcmd start", "dcmd start --home /srv/dcm --rpc-laddr tcp://0.0.0.0:26657 --api-address 0.0.0.0:1317", "dcmd start --app-only --proxy-app tcp://127.0.0.1:26658")}\nSIGTERM and Ctrl-C end both processes cleanly. CometBFT's settings: config/config.toml; the application's: config/app.toml.\n`,
    )
    .action(async (options) => (await import("./start.ts")).start(io, globals(options), options));
  command(program, "status", "height, sync and identity of a running node")
    .option("-n, --node <url>", "CometBFT's RPC; default: client.toml")
    .action(async (options) => (await import("./status.ts")).status(io, globals(options), options));
  command(program, "export", "the state as a genesis.json, on standard output")
    .option("--height <height>", "default: the latest")
    .option("--output-document <file>", "instead of standard output")
    .addHelpText("after", examples("dcmd export > exported.json", "dcmd export --height 1200 --output-document exported.json"))
    .action(async (options) => (await import("./export.ts")).exportGenesis(io, globals(options), options));
  command(program, "rollback", "takes back the last height, of the application and of CometBFT; the node must be stopped")
    .option("--hard", "also removes the last block, which is then fetched again")
    .action(async (options) => (await import("./rollback.ts")).rollback(io, globals(options), options));

  // ---- transactions

  const tx = group("tx", "transactions of operators and delegators; wallets send everything else").addHelpText(
    "after", examples("dcmd tx staking create-validator 500000000udcm --from operator", "dcmd tx staking unbond dcmvaloper1... 1000000udcm --from operator --dry-run"),
  );
  const txCommand = <N extends string>(parent: Command, name: N, description: string) =>
    command(parent, name, description)
      .requiredOption("--from <key>", "the key that signs and pays")
      .option("-n, --node <url>", "CometBFT's RPC; default: client.toml")
      .option("--chain-id <id>", "default: the node's; another one is an error")
      .option("--gas <gas>", "a number, or auto: as the node reckons it, with a margin", "auto")
      .option("--fees <coins>", "e.g. 2000udcm; default: gas times its price")
      .option("--gas-prices <prices>", "e.g. 0.001udcm; default: the node's least")
      .option("--note <text>", "the transaction's memo", "")
      .option("--dry-run", "says what it would cost, and sends nothing")
      .addOption(backend())
      .addOption(passphraseFile());
  const staking = tx.command("staking").description("validators and delegations").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(staking, "create-validator", "makes this node a validator of the running network, with its beacon key")
    .argument("<amount>", "what it stakes, e.g. 500000000udcm")
    .option("--moniker <name>", "default: config.toml's")
    .option("--commission-rate <rate>", "share of delegators' rewards", "0.1")
    .option("--commission-max-rate <rate>", "the rate never goes above", "0.2")
    .option("--commission-max-change-rate <rate>", "change a day at most", "0.01")
    .option("--min-self-delegation <amount>", "the validator is jailed below it", "1")
    .option("--pubkey <json>", "consensus key as `dcmd comet show-validator` prints it; default: this home's")
    .option("--no-beacon-key", "without a beacon key: the validator cannot take its turn in the beacon")
    .option("--identity <text>", "e.g. a Keybase id", "")
    .option("--website <url>", "", "")
    .option("--security-contact <mail>", "", "")
    .option("--details <text>", "", "")
    .addHelpText("after", examples("dcmd tx staking create-validator 500000000udcm --from operator --dry-run", "dcmd tx staking create-validator 500000000udcm --from operator --commission-rate 0.05"))
    .action(async (amount, options) => (await import("./tx.ts")).createValidator(io, globals(options), amount, options));
  const unchanged = "[do-not-modify]";
  txCommand(staking, "edit-validator", "changes the validator's description, commission or least own stake; what is not given stays")
    .option("--new-moniker <name>", "", unchanged)
    .option("--identity <text>", "", unchanged)
    .option("--website <url>", "", unchanged)
    .option("--security-contact <mail>", "", unchanged)
    .option("--details <text>", "", unchanged)
    .option("--commission-rate <rate>", "once in 24 hours")
    .option("--min-self-delegation <amount>", "only upwards", "")
    .action(async (options) => (await import("./tx.ts")).editValidator(io, globals(options), options));
  txCommand(staking, "delegate", "stakes with a validator")
    .argument("<validator>", "dcmvaloper1...")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (validator, amount, options) => (await import("./tx.ts")).delegate(io, globals(options), validator, amount, options));
  txCommand(staking, "unbond", "takes stake back, paid after the unbonding time")
    .argument("<validator>", "dcmvaloper1...")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (validator, amount, options) => (await import("./tx.ts")).unbond(io, globals(options), validator, amount, options));
  txCommand(staking, "cancel-unbond", "gives back to the validator what still waits to be paid")
    .argument("<validator>", "dcmvaloper1...")
    .argument("<amount>", "e.g. 1000000udcm")
    .argument("<height>", "of the block in which it was unbonded")
    .action(async (validator, amount, height, options) => (await import("./tx.ts")).cancelUnbond(io, globals(options), validator, amount, height, options));
  txCommand(staking, "redelegate", "moves stake to another validator at once")
    .argument("<from-validator>", "dcmvaloper1...")
    .argument("<to-validator>", "dcmvaloper1...")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (source, destination, amount, options) => (await import("./tx.ts")).redelegate(io, globals(options), source, destination, amount, options));
  const distribution = tx.command("distribution").description("rewards of stake, and the community pool").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(distribution, "withdraw-rewards", "takes what the stake of --from earned with a validator")
    .argument("<validator>", "dcmvaloper1...")
    .option("--commission", "also the validator's commission; --from is its operator")
    .addHelpText("after", examples("dcmd tx distribution withdraw-rewards dcmvaloper1... --from operator --commission"))
    .action(async (validator, options) => (await import("./tx.ts")).withdrawRewards(io, globals(options), validator, options));
  txCommand(distribution, "withdraw-all-rewards", "takes what the stake of --from earned with all validators")
    .addHelpText("after", examples("dcmd tx distribution withdraw-all-rewards --from operator"))
    .action(async (options) => (await import("./tx.ts")).withdrawAllRewards(io, globals(options), options));
  txCommand(distribution, "withdraw-validator-commission", "takes the commission of the validator of --from")
    .argument("<validator>", "dcmvaloper1...")
    .action(async (validator, options) => (await import("./tx.ts")).withdrawCommission(io, globals(options), validator, options));
  txCommand(distribution, "set-withdraw-addr", "pays later rewards of --from to another account")
    .argument("<address>", "dcm1...")
    .action(async (address, options) => (await import("./tx.ts")).setWithdrawAddress(io, globals(options), address, options));
  txCommand(distribution, "fund-community-pool", "gives coins to the community pool")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (amount, options) => (await import("./tx.ts")).fundCommunityPool(io, globals(options), amount, options));
  const slashing = tx.command("slashing").description("validators that were punished").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(slashing, "unjail", "brings the validator of --from back into the set once its time in jail is over")
    .addHelpText("after", examples("dcmd tx slashing unjail --from operator"))
    .action(async (options) => (await import("./tx.ts")).unjail(io, globals(options), options));
  const beacon = tx.command("beacon").description("the random beacon").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(beacon, "register-key", "registers this home's beacon key for the validator of --from")
    .action(async (options) => (await import("./tx.ts")).registerBeaconKey(io, globals(options), options));

  const gov = tx.command("gov").description("proposals, deposits and votes").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(gov, "submit-proposal", "proposes what a file says: messages that run once enough stake agrees")
    .argument("<file>", '{"messages":[{"@type":"..."}],"deposit":"10000000udcm","title":"...","summary":"...","metadata":"","expedited":false}')
    .addHelpText("after", examples("dcmd tx gov submit-proposal proposal.json --from operator --dry-run"))
    .action(async (file, options) => (await import("./tx-gov.ts")).submitProposal(io, globals(options), file, options));
  txCommand(gov, "deposit", "adds to a proposal's deposit, which opens the vote once there is enough")
    .argument("<proposal-id>")
    .argument("<coins>", "e.g. 10000000udcm")
    .action(async (id, coins, options) => (await import("./tx-gov.ts")).deposit(io, globals(options), id, coins, options));
  txCommand(gov, "vote", "votes with all stake that --from had when the voting period began")
    .argument("<proposal-id>")
    .argument("<option>", "yes, no, abstain or no_with_veto")
    .action(async (id, option, options) => (await import("./tx-gov.ts")).vote(io, globals(options), id, option, options));
  txCommand(gov, "weighted-vote", "splits the vote; weights sum up to 1")
    .argument("<proposal-id>")
    .argument("<options>", "e.g. yes=0.6,no=0.3,abstain=0.1")
    .action(async (id, split, options) => (await import("./tx-gov.ts")).weightedVote(io, globals(options), id, split, options));
  txCommand(gov, "cancel-proposal", "takes back a proposal of --from; a share of its deposits is lost")
    .argument("<proposal-id>")
    .action(async (id, options) => (await import("./tx-gov.ts")).cancelProposal(io, globals(options), id, options));

  const disputes = tx.command("dispute").description("cases over pay that is held, and votes of their juries").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr }).addHelpText(
    "after", examples("dcmd tx dispute open --task 65536 --claim \"it answers another question\" --file asked.json --url https://files.example/asked.json --from consumer", "dcmd tx dispute commit 7 provider --from juror", "dcmd tx dispute reveal --from juror"),
  );
  txCommand(disputes, "open", "disputes what is held of a task, or of a period of an instance, and pays for the first jury")
    .option("--task <id>", "the task")
    .option("--instance <id>", "the instance of a service")
    .option("--period <number>", "with --instance: which of its periods, one that is over")
    .option("--claim <text>", "what it complains of: up to 200 characters", "")
    .option("--file <file>", "the first evidence: its SHA-256 goes on chain")
    .option("--sha256 <hex>", "the same of a file that is elsewhere")
    .option("--url <url>", "where jurors fetch it", "")
    .addHelpText("after", examples("dcmd tx dispute open --task 65536 --claim \"all pixels are black\" --file frames.tar --url https://files.example/frames.tar --from consumer", "dcmd tx dispute open --instance 131072 --period 3 --claim \"every answer is empty\" --from consumer --dry-run"))
    .action(async (options) => (await import("./tx-dispute.ts")).open(io, globals(options), options));
  txCommand(disputes, "evidence", "shows the jury something: its hash goes on chain, the address says where it is fetched")
    .argument("<case-id>")
    .option("--file <file>", "its SHA-256 goes on chain; the file stays where it is")
    .option("--sha256 <hex>", "the same of a file that is elsewhere")
    .option("--url <url>", "where jurors fetch it", "")
    .addHelpText("after", examples("dcmd tx dispute evidence 7 --file log.txt --url https://files.example/log.txt --from provider"))
    .action(async (id, options) => (await import("./tx-dispute.ts")).evidence(io, globals(options), id, options));
  txCommand(disputes, "commit", "commits to a vote; it and its salt are kept in the home until reveal opens it")
    .argument("<case-id>")
    .argument("<side>", "consumer: what is held goes back; provider: it is paid")
    .addHelpText("after", examples("dcmd tx dispute commit 7 consumer --from juror"))
    .action(async (id, side, options) => (await import("./tx-dispute.ts")).commit(io, globals(options), id, side, options));
  txCommand(disputes, "reveal", "opens the vote that this home committed to; without a case all that can be opened now")
    .argument("[case-id]")
    .addHelpText("after", examples("dcmd tx dispute reveal --from juror", "dcmd tx dispute reveal 7 --from juror"))
    .action(async (id, options) => (await import("./tx-dispute.ts")).reveal(io, globals(options), id, options));
  txCommand(disputes, "appeal", "asks for a larger jury, behind the last one for a vote of everybody, and pays for it")
    .argument("<case-id>")
    .addHelpText("after", examples("dcmd tx dispute appeal 7 --from provider --dry-run"))
    .action(async (id, options) => (await import("./tx-dispute.ts")).appeal(io, globals(options), id, options));
  const jurors = tx.command("juror").description("jurors and their bonds").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  txCommand(jurors, "register", "makes --from a juror, drawn by its bond")
    .argument("<bond>", "e.g. 10000000udcm")
    .option("--moniker <name>", "shown to others", "")
    .option("--url <url>", "", "")
    .addHelpText("after", examples("dcmd tx juror register 10000000udcm --moniker \"Judge Me\" --from juror"))
    .action(async (amount, options) => (await import("./tx-juror.ts")).register(io, globals(options), amount, options));
  txCommand(jurors, "edit", "changes what is shown of the juror")
    .option("--moniker <name>", "", "")
    .option("--url <url>", "", "")
    .action(async (options) => (await import("./tx-juror.ts")).edit(io, globals(options), options));
  txCommand(jurors, "bond", "bonds more")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (amount, options) => (await import("./tx-juror.ts")).bond(io, globals(options), amount, options));
  txCommand(jurors, "unbond", "takes free bond back, paid after the unbonding time")
    .argument("<amount>", "e.g. 1000000udcm")
    .action(async (amount, options) => (await import("./tx-juror.ts")).unbond(io, globals(options), amount, options));
  txCommand(jurors, "exit", "takes everything out: what seats lock as their cases close")
    .action(async (options) => (await import("./tx-juror.ts")).exit(io, globals(options), options));

  // ---- queries

  const query = group("query", "what the state of a running node says").alias("q").addHelpText("after", examples("dcmd query staking validators", "dcmd query distribution rewards dcm1...", "dcmd query slashing signing-infos -o json", "dcmd query gov proposals", "dcmd query gov tally 1", "dcmd query juror seats juror", "dcmd query dispute case 7", "dcmd query upgrade plan", "dcmd query upgrade applied v2"));
  const queryCommand = <N extends string>(parent: Command, name: N, description: string) => command(parent, name, description).option("-n, --node <url>", "CometBFT's RPC; default: client.toml");
  const govQuery = query.command("gov").description("proposals, deposits and votes").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  queryCommand(govQuery, "params", "the parameters of governance")
    .action(async (options) => (await import("./query-gov.ts")).params(io, globals(options), options));
  queryCommand(govQuery, "proposals", "the newest proposals, newest first")
    .option("--status <status>", "deposit_period, voting_period, passed, rejected or failed")
    .option("--limit <number>", "how many", "20")
    .action(async (options) => (await import("./query-gov.ts")).proposals(io, globals(options), options));
  queryCommand(govQuery, "proposal", "one proposal with its messages")
    .argument("<proposal-id>")
    .action(async (id, options) => (await import("./query-gov.ts")).proposal(io, globals(options), id, options));
  queryCommand(govQuery, "tally", "the votes on a proposal so far, or its result")
    .argument("<proposal-id>")
    .action(async (id, options) => (await import("./query-gov.ts")).tally(io, globals(options), id, options));
  queryCommand(govQuery, "votes", "who voted, while the vote is open")
    .argument("<proposal-id>")
    .option("--limit <number>", "how many", "100")
    .action(async (id, options) => (await import("./query-gov.ts")).votes(io, globals(options), id, options));
  queryCommand(govQuery, "deposits", "who paid towards a proposal, until it is paid back")
    .argument("<proposal-id>")
    .option("--limit <number>", "how many", "100")
    .action(async (id, options) => (await import("./query-gov.ts")).deposits(io, globals(options), id, options));
  const disputesQuery = query.command("dispute").description("cases, their juries and evidence").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  queryCommand(disputesQuery, "params", "the parameters of disputes")
    .action(async (options) => (await import("./query-dispute.ts")).params(io, globals(options), options));
  queryCommand(disputesQuery, "cases", "cases by number")
    .option("--party <address>", "who opened it, its consumer, payer or provider")
    .option("--state <state>", "evidence, drawing, commit, reveal, appeal, vote or closed")
    .option("--limit <number>", "how many", "100")
    .addHelpText("after", examples("dcmd query dispute cases --state appeal", "dcmd query dispute cases --party dcm1... --json"))
    .action(async (options) => (await import("./query-dispute.ts")).cases(io, globals(options), options));
  queryCommand(disputesQuery, "case", "one case: what it is about, where it stands, what comes next and until when")
    .argument("<case-id>")
    .action(async (id, options) => (await import("./query-dispute.ts")).oneCase(io, globals(options), id, options));
  queryCommand(disputesQuery, "holds", "what is held of a job or service, and until when it can be disputed")
    .argument("<job-or-service-id>")
    .option("--limit <number>", "how many", "100")
    .action(async (id, options) => (await import("./query-dispute.ts")).holds(io, globals(options), id, options));
  queryCommand(disputesQuery, "seats", "the juries of a case")
    .argument("<case-id>")
    .option("--limit <number>", "how many", "100")
    .action(async (id, options) => (await import("./query-dispute.ts")).seats(io, globals(options), id, options));
  queryCommand(disputesQuery, "evidence", "what the jury was shown: fetch it, and compare its SHA-256")
    .argument("<case-id>")
    .option("--limit <number>", "how many", "100")
    .action(async (id, options) => (await import("./query-dispute.ts")).evidence(io, globals(options), id, options));
  const jurorsQuery = query.command("juror").description("jurors, their bonds and seats").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  queryCommand(jurorsQuery, "params", "the parameters of jurors")
    .action(async (options) => (await import("./query-juror.ts")).params(io, globals(options), options));
  queryCommand(jurorsQuery, "list", "all jurors")
    .option("--active", "only those that may be drawn")
    .option("--limit <number>", "how many", "100")
    .action(async (options) => (await import("./query-juror.ts")).list(io, globals(options), options));
  queryCommand(jurorsQuery, "show", "one juror's bond")
    .argument("<juror>", "dcm1..., or a key of this home")
    .addOption(backend())
    .action(async (juror, options) => (await import("./query-juror.ts")).show(io, globals(options), juror, options));
  queryCommand(jurorsQuery, "unbondings", "bond that is on its way out, and when it is paid")
    .argument("<juror>", "dcm1..., or a key of this home")
    .option("--limit <number>", "how many", "100")
    .addOption(backend())
    .action(async (juror, options) => (await import("./query-juror.ts")).unbondings(io, globals(options), juror, options));
  queryCommand(jurorsQuery, "seats", "where a juror sits, what it has to do next and until when; the most urgent first")
    .argument("<juror>", "dcm1..., or a key of this home")
    .option("--all", "closed cases too, with what came of them")
    .option("--limit <number>", "how many", "100")
    .addOption(backend())
    .addHelpText("after", examples("dcmd query juror seats juror", "dcmd query juror seats dcm1... --json"))
    .action(async (juror, options) => (await import("./query-juror.ts")).seats(io, globals(options), juror, options));
  const upgrade = query.command("upgrade").description("upgrades of the network").exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  queryCommand(upgrade, "plan", "the upgrade that is scheduled")
    .action(async (options) => (await import("./query-upgrade.ts")).plan(io, globals(options), options));
  queryCommand(upgrade, "applied", "the height at which an upgrade was applied, and its block")
    .argument("<name>")
    .action(async (name, options) => (await import("./query-upgrade.ts")).applied(io, globals(options), name, options));
  queryCommand(upgrade, "module_versions", "consensus versions of the modules")
    .alias("module-versions")
    .argument("[module]")
    .action(async (name, options) => (await import("./query-upgrade.ts")).moduleVersions(io, globals(options), name, options));
  queryCommand(upgrade, "authority", "who schedules and cancels upgrades")
    .action(async (options) => (await import("./query-upgrade.ts")).authority(io, globals(options), options));
  for (const module of queryGroups) {
    const parent = query.command(module.name).description(module.about).exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
    for (const one of module.commands) {
      const line = queryCommand(parent, one.name, one.about).option("--height <height>", "as it was then; default: the latest");
      if (one.alias !== undefined) line.alias(one.alias);
      for (const { name, about } of one.words ?? []) line.argument(`<${name}>`, about);
      if (one.more !== undefined) line.argument(`[${one.more.word.name}]`, one.more.word.about);
      for (const [name, , about] of one.flags ?? []) line.option(`--${name} <${name}>`, about);
      if (one.paged === true) {
        line.option("--page-limit <number>", "how many", "100").option("--page-offset <number>", "how many are left out first").option("--page-key <base64>", "next_key of the page before").option("--page-reverse", "the last first")
          .option("--page-count-total", "also says how many there are");
      }
      line.addHelpText("after", examples(`dcmd query ${module.name} ${one.name}${one.example === undefined ? (one.words ?? []).map(({ about }) => ` ${about.split(/[ ,]/)[0]!}`).join("") : ` ${one.example}`}`));
      line.action(async () => (await import("./query.ts")).query(io, globals(line.opts()), module, one, line.args, line.opts()));
    }
  }

  // ---- snapshots

  const snapshots = group("snapshots", "state snapshots for new nodes").addHelpText("after", examples("dcmd snapshots list", "dcmd snapshots create"));
  command(snapshots, "list", "the snapshots of this home").action(async (options) => (await import("./snapshots.ts")).list(io, globals(options)));
  command(snapshots, "create", "one of the latest version; the node must be stopped").action(async (options) => (await import("./snapshots.ts")).create(io, globals(options)));
  command(snapshots, "delete", "removes one")
    .argument("<height>")
    .action(async (height, options) => (await import("./snapshots.ts")).remove(io, globals(options), height));
  command(snapshots, "restore", "fills an empty application with one; CometBFT's state must be brought to the same height (state sync does both)")
    .argument("<height>")
    .action(async (height, options) => (await import("./snapshots.ts")).restore(io, globals(options), height));

  // ---- CometBFT

  const comet = group("comet", "this node's CometBFT").alias("tendermint").alias("cometbft");
  command(comet, "show-node-id", "the peer-to-peer identity, as in ID@HOST:PORT").action(async (options) => (await import("./comet.ts")).showNodeId(io, globals(options)));
  command(comet, "show-validator", "the consensus public key").action(async (options) => (await import("./comet.ts")).showValidator(io, globals(options)));
  command(comet, "show-address", "the consensus address, dcmvalcons1...").action(async (options) => (await import("./comet.ts")).showAddress(io, globals(options)));
  command(comet, "version", "the CometBFT that start would run").action(async (options) => (await import("./comet.ts")).cometVersion(io, globals(options)));
  command(comet, "unsafe-reset-all", "removes blocks and state; keys and configuration stay. A validator that signed on this network may sign twice after it")
    .option("--keep-addr-book", "keeps the known peers")
    .action(async (options) => (await import("./comet.ts")).unsafeResetAll(io, globals(options), options));

  // ---- configuration, version

  const config = group("config", "reads and changes the configuration files").addHelpText("after", examples("dcmd config get app api.address", "dcmd config set config consensus.timeout_commit 500ms"));
  command(config, "get", "one value")
    .argument("<file>", "config, app or client")
    .argument("<key>", "e.g. api.address")
    .action(async (file, key, options) => (await import("./config.ts")).get(io, globals(options), file, key));
  command(config, "set", "changes one value; comments stay")
    .argument("<file>", "config, app or client")
    .argument("<key>", "e.g. consensus.timeout_commit")
    .argument("<value>", "a text, or true, false, a number, a list such as [\"*\"] where the key holds one")
    .action(async (file, key, value, options) => (await import("./config.ts")).set(io, globals(options), file, key, value));
  command(program, "pre-upgrade", "run by a supervisor before this build takes over: whether it has the upgrade that data/upgrade-info.json asks for")
    .addHelpText("after", "\nExit codes: 0 it has, 30 it has not.\n")
    .action(async (options) => (await import("./pre-upgrade.ts")).preUpgrade(io, globals(options)));
  command(program, "version", "this program's version")
    .option("--long", "with the runtime's, the modules' and the build's")
    .action(async (options) => (await import("./version.ts")).version(io, globals(options), options));
  return program as unknown as Command;
}
