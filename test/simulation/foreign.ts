/** A replica in another process, under another time zone and locale, where consensus code that asks for time or chance throws. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BlockRequest, GenesisInputs } from "../../chain/runtime/machine.ts";
import type { Outcome, Replica } from "./replica.ts";

export type Order = { readonly kind: "genesis"; readonly genesis: GenesisInputs } | { readonly kind: "block"; readonly block: BlockRequest } | { readonly kind: "end" };
export type Answer = { readonly kind: "done" } | { readonly kind: "outcome"; readonly outcome: Outcome } | { readonly kind: "error"; readonly stack: string };

/** One process serves run after run: starting it takes longer than a short run. */
export class ForeignProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor() {
    this.#child = fork(fileURLToPath(new URL("foreign-process.ts", import.meta.url)), [], {
      env: { ...process.env, TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }, serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#ended = once(this.#child, "exit").then(([code]): never => {
      throw new Error(`the process of the foreign replica ended with ${String(code)}`);
    });
    this.#ended.catch(() => undefined);
  }

  async ask(order: Order): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.#child.once("message", (message) => { resolve(message as Answer); }));
    this.#child.send(order);
    const answer = await Promise.race([answered, this.#ended]);
    if (answer.kind === "error") throw new Error(`under another time zone and locale: ${answer.stack}`);
    return answer;
  }

  async replica(genesis: GenesisInputs): Promise<Replica> {
    await this.ask({ kind: "genesis", genesis });
    return {
      name: "foreign",
      execute: async (block) => {
        const answer = await this.ask({ kind: "block", block });
        if (answer.kind !== "outcome") throw new Error(`unexpected answer ${answer.kind}`);
        return answer.outcome;
      },
      stop: async () => void (await this.ask({ kind: "end" })),
    };
  }

  stop(): void {
    this.#child.disconnect();
  }
}
