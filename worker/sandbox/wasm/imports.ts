/** Every function that a module may import, with its exact type. WASI names that would reach outside the sandbox answer ENOTCAPABLE. */

const i32 = 0x7f;
const i64 = 0x7e;

export interface Signature {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

/** "iIi:i": i is i32, I is i64; results after the colon. */
function signature(text: string): Signature {
  const [params, results] = text.split(":") as [string, string];
  const types = (letters: string): number[] => [...letters].map((letter) => (letter === "I" ? i64 : i32));
  return { params: types(params), results: types(results) };
}

const dcm: Record<string, string> = {
  input_size: ":i", input_read: "iii:i", output_write: "ii:", log_write: "ii:", args_count: ":i", arg_size: "i:i", arg_read: "ii:i", exit: "i:",
};

const wasi: Record<string, string> = {
  args_get: "ii:i", args_sizes_get: "ii:i", environ_get: "ii:i", environ_sizes_get: "ii:i", clock_res_get: "ii:i", clock_time_get: "iIi:i",
  fd_advise: "iIIi:i", fd_allocate: "iII:i", fd_close: "i:i", fd_datasync: "i:i", fd_fdstat_get: "ii:i", fd_fdstat_set_flags: "ii:i",
  fd_fdstat_set_rights: "iII:i", fd_filestat_get: "ii:i", fd_filestat_set_size: "iI:i", fd_filestat_set_times: "iIIi:i", fd_pread: "iiiIi:i",
  fd_prestat_get: "ii:i", fd_prestat_dir_name: "iii:i", fd_pwrite: "iiiIi:i", fd_read: "iiii:i", fd_readdir: "iiiIi:i", fd_renumber: "ii:i",
  fd_seek: "iIii:i", fd_sync: "i:i", fd_tell: "ii:i", fd_write: "iiii:i", path_create_directory: "iii:i", path_filestat_get: "iiiii:i",
  path_filestat_set_times: "iiiiIIi:i", path_link: "iiiiiii:i", path_open: "iiiiiIIii:i", path_readlink: "iiiiii:i", path_remove_directory: "iii:i",
  path_rename: "iiiiii:i", path_symlink: "iiiii:i", path_unlink_file: "iii:i", poll_oneoff: "iiii:i", proc_exit: "i:", proc_raise: "i:i",
  random_get: "ii:i", sched_yield: ":i", sock_accept: "iii:i", sock_recv: "iiiiii:i", sock_send: "iiiii:i", sock_shutdown: "ii:i",
};

/** AssemblyScript's assert and throw. */
const env: Record<string, string> = { abort: "iiii:" };

const modules: Record<string, Record<string, string>> = { dcm, env, wasi_snapshot_preview1: wasi };

/** Undefined where "dcm wasm v1" has no such import. */
export function importSignature(module: string, name: string): Signature | undefined {
  if (!Object.hasOwn(modules, module) || !Object.hasOwn(modules[module]!, name)) return undefined;
  return signature(modules[module]![name]!);
}

/** Names of all imports of one module, in no order that matters. */
export function importNames(module: string): readonly string[] {
  return Object.keys(modules[module] ?? {});
}
