/** Completion in shells: a script for each, which asks the command itself what may stand next. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

export const shells = ["bash", "zsh", "fish", "powershell"] as const;
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
  powershell: `Register-ArgumentCompleter -Native -CommandName dcm -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  # Older ones leave an empty argument out.
  $last = if ($wordToComplete -or $PSNativeCommandArgumentPassing -eq 'Standard') { "$wordToComplete" } else { '""' }
  dcm complete -- @words $last | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`,
  fish: `complete -c dcm -a '(dcm complete -- (commandline -opc)[2..] (commandline -ct))'
`,
};

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

/** Commands whose first argument is the number of a job, or of a service. */
const numbered: Readonly<Record<string, "job" | "service">> = {
  attach: "job", job: "job", receipt: "job", cancel: "job", scancel: "job", logs: "job", cp: "job",
  "service call": "service", "service close": "service", "service keep": "service", "service top-up": "service",
};

/** What may stand in the place of the last word, which may be begun. `ordered` gives the numbers of what was ordered from here; it is asked where one may stand. */
export async function candidates(program: CommandUnknownOpts, words: readonly string[], ordered: (kind: "job" | "service") => Promise<readonly string[]>): Promise<string[]> {
  const begun = words.at(-1) ?? "";
  let command = program;
  let before: string | undefined;
  const path: string[] = [];
  for (const word of words.slice(0, -1)) {
    const next = command.commands.find((one) => one.name() === word);
    if (next !== undefined) path.push(word);
    command = next ?? command;
    before = word;
  }
  const option = command.options.find(({ long, short }) => before !== undefined && (long === before || short === before));
  const fits = (all: readonly string[]): string[] => all.filter((one) => one.startsWith(begun));
  if (option !== undefined && (option.required || option.optional)) return fits(option.argChoices ?? []);
  if (begun.startsWith("-")) return fits([...command.options.flatMap(({ long, hidden }) => (long === undefined || long === null || hidden ? [] : [long])), "--help"]);
  const visible = command.createHelp().visibleCommands(command).map((one) => one.name()).filter((name) => name !== "help");
  const kind = numbered[path.join(" ")];
  const isFirst = words.length === path.length + 1 || command.registeredArguments[0]?.variadic === true;
  return fits([...visible, ...(kind === undefined || !isFirst ? [] : await ordered(kind)), ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])]);
}
