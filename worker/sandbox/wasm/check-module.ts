/** Whether bytes are a module that the sandbox runs, before anybody pays for finding out. */
import { InvalidModule } from "./binary.ts";
import { engine } from "./engine.ts";
import { instrument } from "./instrument.ts";

/** Throws InvalidModule where they are no module, or one outside "dcm wasm v1"; MemoryTooLarge where it starts with more than `mostPages`. */
export function checkModule(bytes: Uint8Array, mostPages: number): void {
  if (!engine.validate(bytes)) {
    try {
      new engine.Module(bytes);
    } catch (error) {
      throw new InvalidModule(error instanceof Error ? error.message : String(error));
    }
  }
  instrument(bytes, 0n, mostPages);
}
