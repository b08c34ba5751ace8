/** Completion in shells: a script for each, which asks the command itself what may stand next. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, string>> = {
  bash: `_dcm() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(dcm complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _dcm dcm
`,
  zsh: `#compdef dcm
_dcm() {
  local -a found
  found=("\${(@f)$(dcm complete -- "\${(@)words[2,CURRENT]}")}")
  compadd -- $found || _files
}
compdef _dcm dcm
`,
  fish: `complete -c dcm -a '(dcm complete -- (commandline -opc)[2..] (commandline -ct))'
`,
};

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

/** What may stand in the place of the last word, which may be begun. */
export function candidates(program: CommandUnknownOpts, words: readonly string[]): string[] {
  const begun = words.at(-1) ?? "";
  let command = program;
  let before: string | undefined;
  for (const word of words.slice(0, -1)) {
    command = command.commands.find((one) => one.name() === word) ?? command;
    before = word;
  }
  const option = command.options.find(({ long, short }) => before !== undefined && (long === before || short === before));
  const fits = (all: readonly string[]): string[] => all.filter((one) => one.startsWith(begun));
  if (option !== undefined && (option.required || option.optional)) return fits(option.argChoices ?? []);
  if (begun.startsWith("-")) return fits([...command.options.flatMap(({ long, hidden }) => (long === undefined || long === null || hidden ? [] : [long])), "--help"]);
  const visible = command.createHelp().visibleCommands(command).map((one) => one.name()).filter((name) => name !== "help");
  return fits([...visible, ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])]);
}
