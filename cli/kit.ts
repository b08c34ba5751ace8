/** What the descriptions of commands share: the same options under the same names, examples, errors with a way on. */
import { Option, type Command, type OptionValues } from "@commander-js/extra-typings";
import type { Io } from "./io.ts";

/** What `describe/` gets: where commands act, and to what they are added. */
export interface Kit {
  readonly io: Io;
  readonly program: Command;
  /** Wrong usage is told by whoever runs the program, as JSON. */
  readonly quiet?: boolean;
}

export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

/** A command that says what it takes, where it is used wrongly. */
export function common<Args extends unknown[], Options extends OptionValues, Globals extends OptionValues>({ io, quiet = false }: Pick<Kit, "io" | "quiet">, command: Command<Args, Options, Globals>): Command<Args, Options, Globals> {
  return command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: quiet ? () => undefined : io.stderr, outputError: (text, write) => write(text.replace(/^error: /, "dcm: ").replace(/^(?=\()/gm, "     ")) }).showHelpAfterError("     (add --help for what this command takes)").showSuggestionAfterError();
}

export const nodeOption = () => new Option("--node <url>", "CometBFT RPC of the node to ask (or DCM_NODE); default: the profile's");
export const profileOption = () => new Option("--profile <name>", "which profile (or DCM_PROFILE); default: the one of the last dcm init");

/** A command that asks a node. */
export function reading(kit: Kit, parent: Command, name: string, description: string) {
  return common(kit, parent.command(name)).description(description).addOption(nodeOption()).addOption(profileOption()).option("--json", "data as JSON on stdout, for machines");
}

/** A command that uses a key, whose passphrase it may have to ask for. */
export function keyed(kit: Kit, parent: Command, name: string, description: string) {
  return reading(kit, parent, name, description)
    .option("--key <name>", "which key signs; default: the profile's")
    .option("--passphrase-file <file>", "its first line opens the key (or DCM_PASSPHRASE_FILE); default: asked for on the terminal")
    .option("--no-input", "asks nothing: what is missing is an error");
}

/** A word that is given several times: each adds to the list. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}
