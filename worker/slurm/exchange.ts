/**
 * The worker's folder under the shared directory: in it a folder for each task, which holds the order, the claim of the job that took it, the job's log and, at last, the
 * outcome. All calls wait without holding up the process: a shared file system may hang.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

export const orderFile = "order";
export const claimFile = "claim";
export const outcomeFile = "outcome";
export const logFile = "log";
const draft = ".new";
const taskName = /^[0-9a-f]{64}-[0-9a-f]{8}$/;
/** Compiled code of the runner, kept between jobs. Not under a temporary folder, where another user of the node could put some. */
const cacheFolder = "compiled";

export class Exchange {
  readonly #directory: string;
  /** Of this worker alone. */
  readonly folder: string;

  constructor(directory: string, worker: string) {
    this.#directory = directory;
    this.folder = join(directory, worker);
  }

  /** Makes the worker's folder. The shared directory itself must be there: else a share that is not mounted would look like an empty one. */
  async open(): Promise<void> {
    const found = await stat(this.#directory).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) throw new Error(`backend.directory ${this.#directory} cannot be used (${found.code}): make it, or mount the share`);
    await mkdir(this.folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      throw new Error(`backend.directory ${this.#directory}: cannot make the worker's folder in it (${error.code}): give this user the right to write there`);
    });
    const { mode, uid } = await stat(this.folder);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) throw new Error(`${this.folder} is another user's or open to others: it must belong to this user with mode 0700`);
  }

  /** Names of the folders of tasks; drafts of a worker that was killed are removed. */
  async names(): Promise<string[]> {
    const all = await readdir(this.folder);
    await Promise.all(all.filter((name) => name.endsWith(draft)).map((name) => this.remove(name)));
    return all.filter((name) => taskName.test(name));
  }

  /** A new folder with an order, there as a whole or not at all. Its name begins with the order's digest. */
  async put(key: string, order: Uint8Array): Promise<string> {
    const name = `${key}-${randomBytes(4).toString("hex")}`;
    const made = this.path(name) + draft;
    await mkdir(made, { mode: 0o700 });
    try {
      await write(join(made, orderFile), order);
      await rename(made, this.path(name));
    } catch (error) {
      await rm(made, { recursive: true, force: true });
      throw error;
    }
    return name;
  }

  /** What a task's folder holds. Reading the folder, not asking for one file, is what makes a network file system look again. */
  list(name: string): Promise<string[]> {
    return readdir(this.path(name));
  }

  /** A file of at most so many bytes. */
  async read(name: string, file: string, most: number): Promise<Buffer> {
    return reading(join(this.path(name), file), async (handle) => {
      const { size } = await handle.stat();
      if (size > most) throw new Error(`${file} has ${size} bytes; at most ${most} belong there`);
      return handle.readFile();
    });
  }

  /** What a job complained of: a line of its log's end, for a message. */
  async complaint(name: string): Promise<string> {
    const said = await reading(join(this.path(name), logFile), async (handle) => {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(size, 2_000));
      await handle.read(bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString("latin1");
    }).catch(() => "");
    const lines = said.split("\n").map((line) => line.replace(/[^\x20-\x7e]+/g, " ").trim()).filter((line) => line !== "");
    return (lines.findLast((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? "").slice(0, 300);
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { recursive: true, force: true, maxRetries: 3 });
  }

  get cache(): string {
    return this.path(cacheFolder);
  }

  path(name: string): string {
    return join(this.folder, name);
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function reading<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, "r");
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
