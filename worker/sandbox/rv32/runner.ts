/** The child process that runs one program of the refereed machine. Started by child.ts with no environment and no rights. */
import { answer } from "../answer.ts";
import { execute } from "./execute.ts";
import { decodeTask, encodeOutcome } from "./frames.ts";

await answer((frame) => encodeOutcome(execute(decodeTask(frame))));
