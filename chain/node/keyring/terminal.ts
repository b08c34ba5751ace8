/** Reading from people and pipes: bounded, and without echo where it is a secret. */
import type { ReadStream } from "node:tty";
import type { Writable } from "node:stream";

/** What a command reads from standard input at most: words, keys, passphrases. */
const maxInputBytes = 1 << 20;

/** Everything on a stream, as text. Throws a RangeError above 1 MiB. */
export async function readStdin(input: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of input) {
    const bytes = Buffer.from(part as string | Buffer);
    length += bytes.length;
    if (length > maxInputBytes) throw new RangeError("standard input is longer than 1 MiB");
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** One line from the terminal; what is typed is not shown. Ctrl-C ends the process as everywhere. */
export function promptSecret(question: string, input: ReadStream, output: Writable): Promise<string> {
  return new Promise((resolve) => {
    output.write(question);
    let line = "";
    input.setRawMode(true);
    input.resume();
    input.setEncoding("utf8");
    const onData = (text: string): void => {
      for (const character of text) {
        if (character === "\r" || character === "\n" || character === "\u0004") {
          input.off("data", onData);
          input.setRawMode(false);
          input.pause();
          output.write("\n");
          resolve(line);
          return;
        }
        if (character === "\u0003") {
          input.setRawMode(false);
          output.write("\n");
          process.exit(130);
        }
        if (character === "\u007f" || character === "\b") line = line.slice(0, -1);
        else line += character;
      }
    };
    input.on("data", onData);
  });
}
