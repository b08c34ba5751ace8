import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { decodeChanges, encodeChanges, type Entry } from "../bundle.ts";
import { FileCalls } from "./file-calls.ts";
import { FileError, Files } from "./files.ts";
import { errno, Guest, Stop } from "./guest.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const file = (path: string, content: string): Entry => ({ kind: "file", path, content: new Uint8Array(Buffer.from(content)) });
const folder = (path: string): Entry => ({ kind: "directory", path });
const reads = 2n;
const writes = 64n;

/** The calls with a memory of one page, as a program would make them. Text goes to 1,024, results come to 0. */
function calls(entries: readonly Entry[], room = 100_000, fuel = 1n << 40n) {
  const guest = new Guest();
  const memory = { buffer: new ArrayBuffer(65_536) };
  const left = { value: fuel };
  guest.attach(memory, left);
  const files = new FileCalls(guest, { argv: [], env: {}, entries }, room);
  const wasi = files.calls() as unknown as Record<string, (...args: (number | bigint)[]) => number>;
  const view = new DataView(memory.buffer);
  const put = (value: string): [number, number] => {
    const bytes = Buffer.from(value);
    new Uint8Array(memory.buffer).set(bytes, 1_024);
    return [1_024, bytes.length];
  };
  return {
    wasi, view, left, files, memory,
    open: (path: string, { how = 0, rights = reads, flags = 0 } = {}): number => {
      const failed = wasi.path_open!(3, 0, ...put(path), how, rights, 0n, flags, 0);
      return failed === 0 ? view.getUint32(0, true) : -failed;
    },
    at: (name: string, path: string, ...rest: (number | bigint)[]): number => wasi[name]!(3, ...(name === "path_filestat_get" || name === "path_filestat_set_times" ? [0] : []), ...put(path), ...rest),
    rename: (from: string, to: string): number => {
      const [, length] = put(from);
      new Uint8Array(memory.buffer).copyWithin(8_000, 1_024, 1_024 + length);
      return wasi.path_rename!(3, 8_000, length, 3, ...put(to));
    },
    write: (fd: number, value: string, from?: bigint): number => {
      const [at, length] = put(value);
      view.setUint32(16, at, true);
      view.setUint32(20, length, true);
      return from === undefined ? wasi.fd_write!(fd, 16, 1, 0) : wasi.fd_pwrite!(fd, 16, 1, from, 0);
    },
    read: (fd: number, length = 100, from?: bigint): string | number => {
      view.setUint32(16, 2_048, true);
      view.setUint32(20, length, true);
      const failed = from === undefined ? wasi.fd_read!(fd, 16, 1, 0) : wasi.fd_pread!(fd, 16, 1, from, 0);
      return failed === 0 ? text(new Uint8Array(memory.buffer, 2_048, view.getUint32(0, true))) : -failed;
    },
    changed: (): Record<string, string> => Object.fromEntries(files.changes(Infinity)!.map((entry) => [entry.path, entry.kind === "file" ? text(entry.content) : entry.kind])),
  };
}

describe("WASI's calls on files", () => {
  it("open as their flags say", () => {
    const { open, wasi } = calls([folder("/d"), file("/d/f", "x"), file("/g", "")]);
    assert.equal(open("none"), -errno.noent);
    assert.equal(open("g/x"), -errno.notdir);
    assert.equal(open("d/f", { how: 2 }), -errno.notdir);
    assert.equal(open("d/f", { how: 1 | 4 }), -errno.exist);
    assert.equal(open("d", { rights: writes }), -errno.isdir);
    assert.equal(open("d", { how: 2 }), 4);
    assert.equal(open("/d/../d/./f"), 5);
    assert.equal(open("../../d/f"), 6);
    assert.equal(wasi.fd_close!(5), errno.ok);
    assert.equal(open("d/new", { how: 1, rights: writes }), 5, "the lowest that is free");
    assert.equal(wasi.fd_close!(9), errno.badf);
    assert.equal(open("a\0b"), -errno.inval);
    assert.equal(open("x".repeat(256)), -errno.nametoolong);
    assert.equal(open("f/", { how: 1, rights: writes }), -errno.isdir);
    while (open("g") > 0);
    assert.equal(open("g"), -errno.mfile);
  });

  it("read and write where they are told, and only where they may", () => {
    const { open, read, write, wasi, view, changed } = calls([file("/f", "hello world")]);
    const f = open("f", { rights: reads | writes });
    assert.equal(read(f, 5), "hello");
    assert.equal(read(f, 3, 6n), "wor");
    assert.equal(read(f), " world");
    assert.equal(write(f, "J", 0n), errno.ok);
    assert.equal(wasi.fd_seek!(f, -1n, 2, 8), errno.ok);
    assert.equal(view.getBigUint64(8, true), 10n);
    assert.equal(write(f, "D!"), errno.ok);
    assert.equal(wasi.fd_seek!(f, 3n, 2, 8), errno.ok);
    assert.equal(write(f, "."), errno.ok);
    const appends = open("f", { rights: writes, flags: 1 });
    assert.equal(write(appends, "end"), errno.ok);
    assert.deepEqual(changed(), { "/f": "Jello worlD!\0\0\0.end" });
    assert.equal(wasi.fd_filestat_set_size!(f, 5n), errno.ok);
    assert.equal(wasi.fd_allocate!(f, 6n, 1n), errno.ok);
    assert.deepEqual(changed(), { "/f": "Jello\0\0" });
    assert.equal(read(appends), -errno.badf);
    assert.equal(write(open("f"), "no"), errno.badf);
    assert.equal(wasi.fd_seek!(f, -1n, 0, 8), errno.inval);
    assert.equal(wasi.fd_seek!(f, 0n, 7, 8), errno.inval);
    assert.equal(wasi.fd_read!(f, 65_530, 1, 0), errno.fault);
    assert.equal(open("f", { how: 8, rights: writes }), 7);
    assert.deepEqual(changed(), { "/f": "" });
  });

  it("list a directory from any cookie, in a buffer of any size, while it is emptied", () => {
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
    const { wasi, view, memory, at } = calls(names.map((name) => file(`/${name}`, "")).sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))));
    const seen: string[] = [];
    for (let cookie = 0n, end = false; !end; ) {
      assert.equal(wasi.fd_readdir!(3, 4_096, 200, cookie, 0), errno.ok);
      const used = view.getUint32(0, true);
      end = used < 200;
      for (let place = 4_096; place + 24 <= 4_096 + used; ) {
        const length = view.getUint32(place + 16, true);
        if (place + 24 + length > 4_096 + used) break;
        cookie = view.getBigUint64(place, true);
        const name = text(new Uint8Array(memory.buffer, place + 24, length).slice());
        seen.push(name);
        place += 24 + length;
        if (name.startsWith("n")) assert.equal(at("path_unlink_file", name), errno.ok);
      }
    }
    assert.deepEqual(seen, [".", "..", ...[...names].sort()]);
    assert.equal(wasi.fd_readdir!(3, 65_500, 200, 0n, 0), errno.fault);
  });

  it("say what is there", () => {
    const { at, view, wasi, open } = calls([folder("/d"), file("/d/f", "four")]);
    assert.equal(at("path_filestat_get", "d/f", 0), errno.ok);
    assert.deepEqual([view.getUint8(16), view.getBigUint64(32, true), view.getBigUint64(40, true)], [4, 4n, 0n]);
    assert.equal(at("path_filestat_get", "d/", 0), errno.ok);
    assert.equal(view.getUint8(16), 3);
    assert.equal(at("path_filestat_get", "d/f/", 0), errno.notdir);
    assert.equal(at("path_filestat_get", "d/g", 0), errno.noent);
    assert.equal(wasi.fd_filestat_get!(open("d/f"), 0), errno.ok);
    assert.equal(wasi.fd_fdstat_get!(3, 0), errno.ok);
    assert.equal(wasi.fd_prestat_get!(3, 0), errno.ok);
    assert.equal(view.getUint32(4, true), 1);
    assert.equal(wasi.fd_prestat_get!(4, 0), errno.badf);
    assert.equal(at("path_readlink", "d/f", 0, 10, 0), errno.inval);
    assert.equal(at("path_symlink", "x", 3, 1_024, 1), errno.notsup);
  });

  it("make, move and remove by POSIX's rules", () => {
    const { at, rename, changed, open, write, read } = calls([folder("/d"), folder("/d/e"), file("/d/f", "f"), file("/g", "g")]);
    assert.equal(at("path_create_directory", "d"), errno.exist);
    assert.equal(at("path_create_directory", "x/y"), errno.noent);
    assert.equal(at("path_remove_directory", "d"), errno.notempty);
    assert.equal(at("path_remove_directory", "g"), errno.notdir);
    assert.equal(at("path_remove_directory", "/"), errno.inval);
    assert.equal(at("path_unlink_file", "d"), errno.isdir);
    assert.equal(at("path_unlink_file", "none"), errno.noent);
    assert.equal(rename("d", "d/e/x"), errno.inval);
    assert.equal(rename("g", "d"), errno.isdir);
    assert.equal(rename("d", "g"), errno.notdir);
    assert.equal(rename("d/e", "d"), errno.notempty);
    assert.equal(rename("g", "g"), errno.ok);
    assert.deepEqual(changed(), {});
    const held = open("g", { rights: reads | writes });
    assert.equal(rename("d/f", "g"), errno.ok);
    assert.equal(write(held, "still there"), errno.ok);
    assert.equal(read(held, 20, 0n), "still there");
    assert.equal(rename("d/e", "e"), errno.ok);
    assert.equal(at("path_remove_directory", "d"), errno.ok);
    assert.deepEqual(changed(), { "/d": "removed", "/d/e": "removed", "/d/f": "removed", "/e": "directory", "/g": "f" });
  });

  it("give no more room than there is, and give back what is freed, once nobody holds it", () => {
    const { open, write, wasi, at } = calls([file("/a", "x".repeat(100))], 1_500);
    const a = open("a", { rights: writes });
    assert.equal(write(a, "y".repeat(1_000), 100n), errno.ok);
    assert.equal(write(a, "z".repeat(300), 1_100n), errno.nospc);
    assert.equal(wasi.fd_filestat_set_size!(a, 1_300n), errno.nospc);
    assert.equal(open("b", { how: 1, rights: writes }), -errno.nospc);
    assert.equal(at("path_unlink_file", "a"), errno.ok);
    assert.equal(open("b", { how: 1, rights: writes }), 5);
    assert.equal(write(5, "z".repeat(300)), errno.nospc, "the unlinked file is still held");
    assert.equal(wasi.fd_close!(a), errno.ok);
    assert.equal(write(5, "z".repeat(300)), errno.ok);
    assert.equal(wasi.fd_filestat_set_size!(5, 1n << 40n), errno.fbig);
    assert.equal(write(5, "z", 1n << 63n), errno.fbig);
  });

  it("know how deep a directory is after a move for which there was no room", () => {
    const deepest = Array.from({ length: 64 }, (_, i) => "/d".repeat(i + 1));
    const { at, rename } = calls(deepest.map(folder), 0);
    assert.equal(at("path_create_directory", `${deepest[63]!}/x`), errno.nametoolong);
    assert.equal(rename(deepest[63]!, "/longer"), errno.nospc);
    assert.equal(at("path_create_directory", `${deepest[63]!}/x`), errno.nametoolong);
  });

  it("make no path for which the changes have no room", () => {
    const { files, open } = calls([folder("/kept"), folder("/kept/deep"), file("/kept/deep/f", "x")]);
    assert.deepEqual(files.changes(0), []);
    open("new", { how: 1, rights: writes });
    assert.equal(files.changes(3), undefined);
    assert.deepEqual(files.changes(4)!.map(({ path }) => path), ["/new"]);
  });

  it("count what a stream's file takes, removed or not", () => {
    const guest = new Guest();
    guest.attach({ buffer: new ArrayBuffer(65_536) }, { value: 1n << 40n });
    const files = new FileCalls(guest, { argv: [], env: {}, stdout: "/out", entries: [] }, 1_000);
    const wasi = files.calls() as unknown as Record<string, (...args: (number | bigint)[]) => number>;
    assert.equal(files.emit(1, new Uint8Array(700)), true);
    guest.span(0, 4).set(Buffer.from("/out"));
    assert.equal(wasi.path_unlink_file!(3, 0, 4), errno.ok);
    assert.throws(() => files.emit(1, new Uint8Array(700)), (error) => error instanceof Stop && error.end === "output-too-large");
  });

  it("end the run where the fuel is out, and where an address lies outside the memory", () => {
    const { open, left } = calls([file("/a", "")]);
    left.value = 2_500n;
    assert.throws(() => open("a"), (error) => error instanceof Stop && error.end === "out-of-fuel");
    const { wasi } = calls([]);
    assert.throws(() => wasi.path_unlink_file!(3, 65_530, 100), (error) => error instanceof Stop);
  });
});

describe("WASI's calls on files, whatever they are given", () => {
  it("give a number or end the run, never more room than there is, and leave changes that can travel", () => {
    const argument = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(1_024, 1_030, 2_000, 65_530), fc.integer());
    const call = fc.record({ name: fc.nat(), numbers: fc.array(argument, { minLength: 9, maxLength: 9 }), text: fc.constantFrom("a", "a/b", "../a", "/", "a/", "b", "d/f", ".", "", "ü", "d") });
    fc.assert(fc.property(fc.array(call, { maxLength: 60 }), (all) => {
      const { wasi, files, memory, open } = calls([folder("/d"), file("/d/f", "x")], 5_000, 1n << 32n);
      open("d/f", { rights: reads | writes });
      const names = Object.keys(wasi).sort();
      for (const { name, numbers, text: path } of all) {
        const target = names[name % names.length]!;
        new Uint8Array(memory.buffer).set(Buffer.from(path), 1_024);
        // Where WASI has 64 bits.
        const wide: Record<string, readonly number[]> = { fd_allocate: [1, 2], fd_filestat_set_size: [1], fd_pread: [3], fd_pwrite: [3], fd_seek: [1], fd_readdir: [3], path_open: [5, 6] };
        const given = numbers.map((one, i) => (wide[target]?.includes(i) === true ? BigInt(one) : one));
        if (target.startsWith("path_") && name % 3 > 0) [given[0], given[target === "path_open" || target.includes("filestat") ? 2 : 1], given[target === "path_open" || target.includes("filestat") ? 3 : 2]] = [3, 1_024, Buffer.byteLength(path)];
        try {
          assert.equal(typeof wasi[target]!(...given), "number", target);
        } catch (error) {
          assert.ok(error instanceof Stop, `${target}: ${String(error)}`);
        }
      }
      const entries = files.changes(Infinity)!;
      assert.ok(entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.content.length : 0), 0) <= 5_000);
      assert.deepEqual(decodeChanges(encodeChanges({ stdout: new Uint8Array(0), stderr: new Uint8Array(0), entries })).entries.length, entries.length);
    }), { numRuns: 1_000 });
  });
});

describe("the tree of files", () => {
  it("agrees with a plain table of paths, whatever is done to it", () => {
    const names = fc.constantFrom("a", "b", "c");
    const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    const deed = fc.oneof(
      fc.record({ kind: fc.constant("make" as const), path }), fc.record({ kind: fc.constant("write" as const), path, content: fc.string({ maxLength: 5 }) }),
      fc.record({ kind: fc.constant("remove" as const), path }), fc.record({ kind: fc.constant("move" as const), path, to: path }),
    );
    fc.assert(fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const before = [folder("/a"), file("/a/a", "old"), folder("/b")];
      const files = new Files(before, 1 << 20);
      let table = new Map<string, string>([["/a", "directory"], ["/a/a", "=old"], ["/b", "directory"]]);
      const isDirectory = (one: string): boolean => one === "" || table.get(one) === "directory";
      const up = (one: string): string => one.slice(0, one.lastIndexOf("/"));
      const below = (one: string): [string, string][] => [...table].filter(([key]) => key.startsWith(`${one}/`));
      for (const one of deeds) {
        const expected = ((): boolean => {
          const there = table.get(one.path);
          switch (one.kind) {
            case "make":
              if (there !== undefined || !isDirectory(up(one.path))) return false;
              table.set(one.path, "directory");
              return true;
            case "write":
              if (there === "directory" || !isDirectory(up(one.path))) return false;
              table.set(one.path, `=${one.content}`);
              return true;
            case "remove":
              if (there === undefined || below(one.path).length > 0) return false;
              table.delete(one.path);
              return true;
            case "move": {
              const target = table.get(one.to);
              if (there === undefined || !isDirectory(up(one.to)) || one.to.startsWith(`${one.path}/`)) return false;
              if (one.to === one.path) return true;
              if (target !== undefined && ((there === "directory") !== (target === "directory") || below(one.to).length > 0)) return false;
              const moved = [[one.path, there] as [string, string], ...below(one.path)];
              table = new Map([...table].filter(([key]) => !moved.some(([from]) => from === key)));
              for (const [key, value] of moved) table.set(one.to + key.slice(one.path.length), value);
              return true;
            }
          }
        })();
        let done = true;
        try {
          const place = files.find(files.root, one.path);
          if (one.kind === "make") files.createDirectory(place);
          else if (one.kind === "remove") (place.node?.kind === "directory" ? () => files.removeDirectory(place) : () => files.removeFile(place))();
          else if (one.kind === "move") files.rename(place, files.find(files.root, one.to));
          else {
            if (place.node?.kind === "directory") throw new FileError("isdir");
            const target = place.node ?? files.createFile(place);
            files.resize(target, 0);
            files.write(target, 0, new Uint8Array(Buffer.from(one.content)));
          }
        } catch (error) {
          assert.ok(error instanceof FileError, String(error));
          done = false;
        }
        assert.equal(done, expected, `${JSON.stringify(one)} on ${JSON.stringify([...table])}`);
      }
      const was = new Map(before.map((entry) => [entry.path, entry.kind === "file" ? `=${text(entry.content)}` : "directory"]));
      const after = new Map(was);
      for (const entry of files.changes(Infinity)!) {
        if (entry.kind === "removed") after.delete(entry.path);
        else after.set(entry.path, entry.kind === "file" ? `=${text(entry.content)}` : "directory");
      }
      assert.deepEqual([...after].sort(), [...table].sort());
    }), { numRuns: 500 });
  });
});
