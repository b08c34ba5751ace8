/**
 * One store's Merkle tree: an AVL tree whose hashes are those of Go's IAVL v1, node for node and rotation for rotation.
 *
 * A node of the working version changes in place; any other is copied once at its first touch, and its number goes to the
 * working version's orphans. What version v orphaned was last used by the version before v: when no version before v is kept
 * any more, v's orphans are freed. So pruning costs what changed, never the size of the state.
 *
 * A set with an equal value still rewrites the leaf (its version is hashed); a failed delete changes nothing. An inner node's
 * key is always the smallest key of its right subtree.
 */
import { type Arena, KEY, LEFT, lengthMask, META, NONE, PREFIX, PREFIX2, RIGHT, SIZE, VERSION } from "./arena.ts";

const wordBits = 4;

interface Orphans {
  readonly nodes: number[];
  /** Slab reference and length of each deleted leaf's key, in turns. */
  readonly keys: number[];
}

export class Tree {
  readonly arena: Arena;
  /** The working version's root. */
  #root = NONE;
  /** The version being written. */
  #working = 0;
  #committedRoot = NONE;
  #orphans: Orphans = { nodes: [], keys: [] };
  /** Keys that the working version put into the slab: reference and length in turns. */
  #newKeys: number[] = [];
  /** By the version that orphaned them, oldest first. */
  readonly #history: (Orphans & { readonly version: number })[] = [];

  // Carried through the recursion instead of result objects.
  #key: Uint8Array = new Uint8Array(0);
  #prefix = 0;
  #prefix2 = 0;
  #value: Uint8Array = new Uint8Array(0);
  /** The sought key's leaf before the write. */
  #found = NONE;
  /** A leaf whose key takes the place of a deleted one in an inner node above. */
  #successor = NONE;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** The root of the last kept version; NONE where the tree is empty. */
  get committedRoot(): number {
    return this.#committedRoot;
  }

  /** The root as the working version has it; the same as the committed one where nothing is being written. */
  get root(): number {
    return this.#root;
  }

  // ---- versions

  /** Begins (or goes on with) the working version: the writes that follow belong to it. */
  begin(version: number): void {
    this.#working = version;
  }

  /** Appends the nodes that version `since` or a later one wrote to `byHeight`, for `Arena.hashAll`. */
  collect(byHeight: number[][], since: number): void {
    if (this.#root !== NONE && this.arena.field(this.#root, VERSION) >= since) this.#collect(this.#root, byHeight, since);
  }

  #collect(node: number, byHeight: number[][], since: number): void {
    const f = this.arena.fields;
    const at = node << wordBits;
    const height = f[at + META]! >>> 24;
    while (byHeight.length <= height) byHeight.push([]);
    byHeight[height]!.push(node);
    if (height === 0) return;
    const left = f[at + LEFT]!;
    const right = f[at + RIGHT]!;
    if (f[(left << wordBits) + VERSION]! >= since) this.#collect(left, byHeight, since);
    if (f[(right << wordBits) + VERSION]! >= since) this.#collect(right, byHeight, since);
  }

  /** Makes the working version the committed one; it must be hashed. */
  commit(): void {
    this.#committedRoot = this.#root;
    if (this.#orphans.nodes.length > 0 || this.#orphans.keys.length > 0) {
      this.#history.push({ version: this.#working, ...this.#orphans });
      this.#orphans = { nodes: [], keys: [] };
    }
    this.#newKeys = [];
  }

  /** Takes back all that was written since the last commit. */
  discard(): void {
    if (this.#root !== NONE && this.arena.field(this.#root, VERSION) === this.#working) this.#release(this.#root);
    for (let i = 0; i < this.#newKeys.length; i += 2) this.arena.slab.release(this.#newKeys[i]!, this.#newKeys[i + 1]!);
    this.#newKeys = [];
    this.#orphans = { nodes: [], keys: [] };
    this.#root = this.#committedRoot;
  }

  #release(node: number): void {
    const f = this.arena.fields;
    const at = node << wordBits;
    if (f[at + META]! >>> 24 !== 0) {
      const left = f[at + LEFT]!;
      const right = f[at + RIGHT]!;
      if (f[(left << wordBits) + VERSION] === this.#working) this.#release(left);
      if (f[(right << wordBits) + VERSION] === this.#working) this.#release(right);
    }
    this.arena.release(node);
  }

  /** Frees what only versions below `oldest` used. Gives the number of nodes freed. */
  prune(oldest: number): number {
    let freed = 0;
    let lists = 0;
    while (lists < this.#history.length && this.#history[lists]!.version <= oldest) {
      const { nodes, keys } = this.#history[lists++]!;
      for (let i = 0; i < nodes.length; i++) this.arena.release(nodes[i]!);
      for (let i = 0; i < keys.length; i += 2) this.arena.slab.release(keys[i]!, keys[i + 1]!);
      freed += nodes.length;
    }
    this.#history.splice(0, lists);
    return freed;
  }

  /** Takes a rebuilt root (`rebuild.ts`) as the committed version. The tree must be empty. */
  adopt(root: number): void {
    this.#root = root;
    this.#committedRoot = root;
  }

  // ---- writes

  /** Writes a key of the working version. Gives its leaf before, NONE where it was not there. */
  set(key: Uint8Array, value: Uint8Array): number {
    this.#seek(key);
    this.#value = value;
    this.#found = NONE;
    this.#root = this.#root === NONE ? this.#newLeaf() : this.#set(this.#root);
    return this.#found;
  }

  #set(node: number): number {
    const f = this.arena.fields;
    let at = node << wordBits;
    if (f[at + META]! >>> 24 === 0) {
      const order = this.#compare(at);
      if (order === 0) return this.#rewrite(node);
      const leaf = this.#newLeaf();
      return order < 0 ? this.pair(leaf, node, node, this.#working) : this.pair(node, leaf, leaf, this.#working);
    }
    const own = this.#own(node);
    at = own << wordBits;
    const side = this.#compare(at) < 0 ? LEFT : RIGHT;
    const child = this.#set(this.arena.fields[at + side]!);
    this.arena.fields[at + side] = child;
    if (this.#found !== NONE) return own;
    this.#measure(own);
    return this.#balance(own);
  }

  /** The leaf with the new value. */
  #rewrite(leaf: number): number {
    const { slab } = this.arena;
    const f = this.arena.fields;
    const at = leaf << wordBits;
    this.#found = leaf;
    if (f[at + VERSION] === this.#working) {
      slab.release(f[at + LEFT]!, f[at + RIGHT]!);
      f[at + LEFT] = slab.store(this.#value);
      f[at + RIGHT] = this.#value.length;
      return leaf;
    }
    this.#orphans.nodes.push(leaf);
    return this.leaf(f[at + KEY]!, this.#key, this.#value, this.#working);
  }

  #newLeaf(): number {
    const reference = this.arena.slab.store(this.#key);
    this.#newKeys.push(reference, this.#key.length);
    return this.leaf(reference, this.#key, this.#value, this.#working);
  }

  /** A new leaf whose key is in the slab already. */
  leaf(keyReference: number, key: Uint8Array, value: Uint8Array, version: number): number {
    const valueReference = this.arena.slab.store(value);
    const node = this.arena.allocate();
    const f = this.arena.fields;
    const at = node << wordBits;
    f[at + LEFT] = valueReference;
    f[at + RIGHT] = value.length;
    f[at + KEY] = keyReference;
    f[at + META] = key.length;
    f[at + SIZE] = 1;
    f[at + VERSION] = version;
    f[at + PREFIX] = prefixAt(key, 0);
    f[at + PREFIX2] = prefixAt(key, 4);
    return node;
  }

  /** A new inner node over two subtrees, named by the key of `smallest`, the leaf farthest left in the right one. */
  pair(left: number, right: number, smallest: number, version: number): number {
    const node = this.arena.allocate();
    const f = this.arena.fields;
    const at = node << wordBits;
    f[at + LEFT] = left;
    f[at + RIGHT] = right;
    f[at + META] = 0;
    f[at + VERSION] = version;
    this.#name(node, smallest);
    this.#measure(node);
    return node;
  }

  /** Gives an inner node the key of another node. */
  #name(node: number, from: number): void {
    const f = this.arena.fields;
    const at = node << wordBits;
    const source = from << wordBits;
    f[at + KEY] = f[source + KEY]!;
    f[at + META] = (f[at + META]! & ~lengthMask) | (f[source + META]! & lengthMask);
    f[at + PREFIX] = f[source + PREFIX]!;
    f[at + PREFIX2] = f[source + PREFIX2]!;
  }

  /** Deletes a key of the working version. Gives its leaf before; NONE, with nothing changed, where it was not there. */
  delete(key: Uint8Array): number {
    const leaf = this.find(key, this.#root);
    if (leaf === NONE) return NONE;
    this.#orphans.keys.push(this.arena.field(leaf, KEY), key.length);
    this.#successor = NONE;
    this.#root = this.#delete(this.#root);
    return leaf;
  }

  #delete(node: number): number {
    let f = this.arena.fields;
    let at = node << wordBits;
    if (f[at + META]! >>> 24 === 0) {
      this.#drop(node);
      return NONE;
    }
    const side = this.#compare(at) < 0 ? LEFT : RIGHT;
    const child = f[at + side]!;
    if (f[(child << wordBits) + META]! >>> 24 === 0) {
      // The child is the leaf itself: its sibling takes this node's place as it is.
      if (side === LEFT) this.#successor = this.smallest(f[at + RIGHT]!);
      const sibling = f[at + (side === LEFT ? RIGHT : LEFT)]!;
      this.#drop(child);
      this.#drop(node);
      return sibling;
    }
    const own = this.#own(node);
    const below = this.#delete(this.arena.fields[(own << wordBits) + side]!);
    f = this.arena.fields;
    at = own << wordBits;
    f[at + side] = below;
    if (side === RIGHT && this.#successor !== NONE) {
      this.#name(own, this.#successor);
      this.#successor = NONE;
    }
    this.#measure(own);
    return this.#balance(own);
  }

  /** The node itself where the working version wrote it, else a copy that the working version owns. */
  #own(node: number): number {
    if (this.arena.field(node, VERSION) === this.#working) return node;
    const copy = this.arena.allocate();
    const f = this.arena.fields;
    const at = node << wordBits;
    const to = copy << wordBits;
    f[to] = f[at]!;
    f[to + 1] = f[at + 1]!;
    f[to + 2] = f[at + 2]!;
    f[to + 3] = f[at + 3]!;
    f[to + 4] = f[at + 4]!;
    f[to + VERSION] = this.#working;
    f[to + 6] = f[at + 6]!;
    f[to + 7] = f[at + 7]!;
    this.#orphans.nodes.push(node);
    return copy;
  }

  /** Lets go of a node that the working version no longer reaches. */
  #drop(node: number): void {
    if (this.arena.field(node, VERSION) === this.#working) this.arena.release(node);
    else this.#orphans.nodes.push(node);
  }

  /** Height and size from the children. */
  #measure(node: number): void {
    const f = this.arena.fields;
    const at = node << wordBits;
    const left = f[at + LEFT]! << wordBits;
    const right = f[at + RIGHT]! << wordBits;
    const leftHeight = f[left + META]! >>> 24;
    const rightHeight = f[right + META]! >>> 24;
    f[at + META] = (f[at + META]! & lengthMask) | (((leftHeight > rightHeight ? leftHeight : rightHeight) + 1) << 24);
    f[at + SIZE] = f[left + SIZE]! + f[right + SIZE]!;
  }

  #tilt(node: number): number {
    const f = this.arena.fields;
    const at = node << wordBits;
    return this.arena.height(f[at + LEFT]!) - this.arena.height(f[at + RIGHT]!);
  }

  #balance(node: number): number {
    const tilt = this.#tilt(node);
    if (tilt > 1) return this.#lean(node, LEFT);
    if (tilt < -1) return this.#lean(node, RIGHT);
    return node;
  }

  /** Restores the balance of a node whose `heavy` side is two higher. */
  #lean(node: number, heavy: 0 | 1): number {
    const at = node << wordBits;
    const child = this.arena.fields[at + heavy]!;
    const tilt = this.#tilt(child);
    if (heavy === LEFT ? tilt < 0 : tilt > 0) {
      const turned = this.#rotate(this.#own(child), heavy);
      this.arena.fields[at + heavy] = turned;
    }
    return this.#rotate(node, heavy === LEFT ? RIGHT : LEFT);
  }

  /** Rotates an owned node towards `side`; the child of the other side becomes the top. */
  #rotate(node: number, side: 0 | 1): number {
    const other = 1 - side;
    const at = node << wordBits;
    const top = this.#own(this.arena.fields[at + other]!);
    const f = this.arena.fields;
    const topAt = top << wordBits;
    f[at + other] = f[topAt + side]!;
    f[topAt + side] = node;
    this.#measure(node);
    this.#measure(top);
    return top;
  }

  // ---- reads, from any root that is kept

  #seek(key: Uint8Array): void {
    this.#key = key;
    this.#prefix = prefixAt(key, 0);
    this.#prefix2 = prefixAt(key, 4);
  }

  /** Byte order of the sought key against a node's key: negative, zero, positive. */
  #compare(at: number): number {
    const f = this.arena.fields;
    const p = f[at + PREFIX]!;
    if (this.#prefix !== p) return this.#prefix < p ? -1 : 1;
    const p2 = f[at + PREFIX2]!;
    if (this.#prefix2 !== p2) return this.#prefix2 < p2 ? -1 : 1;
    const key = this.#key;
    const length = f[at + META]! & lengthMask;
    const n = key.length < length ? key.length : length;
    if (n > 8) {
      const reference = f[at + KEY]!;
      const bytes = this.arena.slab.chunk(reference);
      const start = this.arena.slab.offset(reference);
      for (let i = 8; i < n; i++) {
        const d = key[i]! - bytes[start + i]!;
        if (d !== 0) return d;
      }
    }
    return key.length - length;
  }

  /** The key's leaf, or NONE. */
  find(key: Uint8Array, root: number): number {
    if (root === NONE) return NONE;
    this.#seek(key);
    const f = this.arena.fields;
    let at = root << wordBits;
    while (f[at + META]! >>> 24 !== 0) at = f[at + (this.#compare(at) < 0 ? LEFT : RIGHT)]! << wordBits;
    return this.#compare(at) === 0 ? at >>> wordBits : NONE;
  }

  /** Nodes from the root down to the leaf where `key` is or would be. */
  path(key: Uint8Array, root: number): number[] {
    this.#seek(key);
    const f = this.arena.fields;
    const out = [root];
    let at = root << wordBits;
    while (f[at + META]! >>> 24 !== 0) {
      const node = f[at + (this.#compare(at) < 0 ? LEFT : RIGHT)]!;
      out.push(node);
      at = node << wordBits;
    }
    return out;
  }

  /** The leaf with the smallest key below a node. */
  smallest(node: number): number {
    while (this.arena.height(node) > 0) node = this.arena.field(node, LEFT);
    return node;
  }

  /** The leaf with the greatest key below a node. */
  greatest(node: number): number {
    while (this.arena.height(node) > 0) node = this.arena.field(node, RIGHT);
    return node;
  }

  /** Byte order of `key` against a leaf's or inner node's key. */
  compare(key: Uint8Array, node: number): number {
    this.#seek(key);
    return this.#compare(node << wordBits);
  }

  /**
   * A walk over the leaves from `root` with `start <= key < end`: each call of the function returned gives the next leaf, then
   * NONE. The caller sees to it that the root is still kept at each call.
   */
  leaves(root: number, start: Uint8Array | undefined, end: Uint8Array | undefined, reverse: boolean): () => number {
    // Subtrees still to visit, the next one on top; all lie in the range but for the far bound, which each leaf is checked for.
    const stack: number[] = [];
    const near = reverse ? end : start;
    const far = reverse ? start : end;
    const [first, second] = reverse ? [RIGHT, LEFT] : [LEFT, RIGHT];
    const descend = (from: number): number => {
      let node = from;
      while (this.arena.height(node) > 0) {
        stack.push(this.arena.field(node, second));
        node = this.arena.field(node, first);
      }
      return node;
    };
    let next = NONE;
    if (root !== NONE) next = near === undefined ? descend(root) : this.#toBound(root, near, reverse, stack);
    return () => {
      const leaf = next !== NONE ? next : stack.length === 0 ? NONE : descend(stack.pop()!);
      next = NONE;
      if (leaf === NONE) return NONE;
      if (far !== undefined && (reverse ? this.compare(far, leaf) > 0 : this.compare(far, leaf) <= 0)) {
        stack.length = 0;
        return NONE;
      }
      return leaf;
    };
  }

  /** A walk over all nodes under `root`, children before parents, left before right: each call gives the next node, then NONE. */
  postOrder(root: number): () => number {
    // An inner node whose children are on their way is listed as its complement.
    const stack = root === NONE ? [] : [root];
    return () => {
      for (;;) {
        const node = stack.pop();
        if (node === undefined) return NONE;
        if (node < 0) return ~node;
        const f = this.arena.fields;
        const at = node << wordBits;
        if (f[at + META]! >>> 24 === 0) return node;
        stack.push(~node, f[at + RIGHT]!, f[at + LEFT]!);
      }
    };
  }

  /** Goes down to the first leaf at or behind the near bound, leaving what follows on the stack; NONE where that is on top of it. */
  #toBound(root: number, near: Uint8Array, reverse: boolean, stack: number[]): number {
    let node = root;
    while (this.arena.height(node) > 0) {
      // Left of an inner node's key are smaller keys, right of it are that key and greater ones.
      const order = this.compare(near, node);
      if (reverse) {
        if (order > 0) {
          stack.push(this.arena.field(node, LEFT));
          node = this.arena.field(node, RIGHT);
        } else node = this.arena.field(node, LEFT);
      } else if (order < 0) {
        stack.push(this.arena.field(node, RIGHT));
        node = this.arena.field(node, LEFT);
      } else node = this.arena.field(node, RIGHT);
    }
    const order = this.compare(near, node);
    return (reverse ? order > 0 : order <= 0) ? node : NONE;
  }
}

/** Four bytes of a key as a signed integer that orders as they do. */
function prefixAt(key: Uint8Array, at: number): number {
  return ((((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0)) ^ 0x80000000) | 0;
}
