/** The child process that runs one WebAssembly module. Started by child.ts with no environment and no rights. */
import { answer } from "../answer.ts";
import { decodeTask, encodeOutcome } from "../frames.ts";
import { execute } from "./execute.ts";

await answer((frame) => encodeOutcome(execute(decodeTask(frame))));
