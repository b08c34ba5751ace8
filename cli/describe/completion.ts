import { Argument } from "@commander-js/extra-typings";
import { common, examples, type Kit } from "../kit.ts";

export function describeCompletion(kit: Kit): void {
  const { io, program } = kit;
  common(kit, program.command("completion")).description("a script by which a shell completes commands and options").addArgument(new Argument("<shell>", "which").choices(["bash", "zsh", "fish"] as const))
    .addHelpText("after", examples("dcm completion bash > ~/.local/share/bash-completion/completions/dcm", "dcm completion zsh > ~/.zfunc/_dcm", "dcm completion fish > ~/.config/fish/completions/dcm.fish"))
    .action(async (shell) => io.stdout((await import("../completion.ts")).completionScript(shell)));
  common(kit, program.command("complete", { hidden: true })).description("what may stand in the place of the last word; shells ask it").argument("[words...]", "the line up to there")
    .addHelpText("after", examples("dcm complete -- keys a"))
    .action(async (words) => {
      const found = (await import("../completion.ts")).candidates(program, words);
      io.stdout(found.length === 0 ? "" : `${found.join("\n")}\n`);
    });
}
