import { Argument } from "@commander-js/extra-typings";
import { common, examples, type Kit } from "../kit.ts";

export function describeCompletion(kit: Kit): void {
  const { io, program } = kit;
  common(kit, program.command("completion")).description("a script by which a shell completes commands, options and the numbers of jobs and services ordered from here").addArgument(new Argument("<shell>", "which").choices(["bash", "zsh", "fish", "powershell"] as const))
    .addHelpText("after", examples("dcm completion bash > ~/.local/share/bash-completion/completions/dcm", "dcm completion zsh > ~/.zfunc/_dcm", "dcm completion fish > ~/.config/fish/completions/dcm.fish", "dcm completion powershell >> $PROFILE"))
    .action(async (shell) => io.stdout((await import("../completion.ts")).completionScript(shell)));
  common(kit, program.command("complete", { hidden: true })).description("what may stand in the place of the last word; shells ask it").argument("[words...]", "the line up to there")
    .addHelpText("after", examples("dcm complete -- keys a"))
    .action(async (words) => {
      const found = await (await import("../completion.ts")).candidates(program, words, async (kind) => (await import("../ordered.ts")).orderedHere(io, kind));
      io.stdout(found.length === 0 ? "" : `${found.join("\n")}\n`);
    });
}
