/** A bar on the terminal for work that takes a while. */
import type { Io } from "./io.ts";

const cells = 30;

/** Draws over itself on stderr, and only where that is a terminal; `done` leaves the line empty. */
export class ProgressBar {
  readonly #io: Io;
  readonly #what: string;
  #width = 0;

  constructor(io: Io, what: string) {
    this.#io = io;
    this.#what = what;
  }

  /** `note` is what stands behind the bar. */
  draw(at: number, of: number, note: string): void {
    if (!this.#io.isTerminal) return;
    const share = of <= 0 ? 1 : Math.min(1, Math.max(0, at / of));
    const full = Math.floor(share * cells);
    const line = `${this.#what} [${"#".repeat(full)}${".".repeat(cells - full)}] ${String(Math.floor(share * 100)).padStart(3)}% ${note}`;
    this.#io.stderr(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  done(): void {
    if (this.#width > 0) this.#io.stderr(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }
}
