// Writes the golden vectors of the state tree: root hashes and proofs of Go's iavl and of the SDK's multistore over seeded
// histories. Usage, in this folder: go run . SEED VERSIONS OPERATIONS KEYS > ../SEED.json
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"

	stypes "cosmossdk.io/store/types"
	"github.com/cosmos/iavl"
	dbm "github.com/cosmos/iavl/db"
)

// xorshift32: the test replays it.
type random struct{ state uint32 }

func (r *random) next() uint32 {
	r.state ^= r.state << 13
	r.state ^= r.state >> 17
	r.state ^= r.state << 5
	return r.state
}

func (r *random) bytes(n uint32) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.next() >> 8)
	}
	return out
}

// Key i is a function of i alone: 1 to 24 bytes.
func keyOf(i uint32) []byte {
	r := random{i*2654435761 + 1}
	return r.bytes(1 + r.next()%24)
}

type version struct {
	Root string `json:"root"`
	Size int64  `json:"size"`
	// By key in hexadecimal, present or absent: the proof's SHA-256. The last is given whole as well.
	Proofs map[string]string `json:"proofs,omitempty"`
	Key    string            `json:"key,omitempty"`
	Proof  string            `json:"proof,omitempty"`
	// Of a multistore in which this tree is "market".
	AppHash    string `json:"appHash,omitempty"`
	StoreProof string `json:"storeProof,omitempty"`
}

type history struct {
	Seed       int       `json:"seed"`
	Operations int       `json:"operations"`
	Keys       int       `json:"keys"`
	Versions   []version `json:"versions"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func argument(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	must(err)
	return n
}

func main() {
	seed, versions, operations, keys := argument(1), argument(2), argument(3), argument(4)
	out := history{Seed: seed, Operations: operations, Keys: keys}
	tree := iavl.NewMutableTree(dbm.NewMemDB(), 10000, true, iavl.NewNopLogger())
	r := &random{uint32(seed)}
	for v := 1; v <= versions; v++ {
		count := r.next() % uint32(operations+1)
		if v%7 == 0 {
			count = 0 // an empty version
		}
		deletes := uint32(25) // of 100; growth and shrinking take turns
		if v/5%2 == 1 {
			deletes = 75
		}
		for ; count > 0; count-- {
			key := keyOf(r.next() % uint32(keys))
			var err error
			if r.next()%100 < deletes {
				_, _, err = tree.Remove(key)
			} else {
				_, err = tree.Set(key, r.bytes(1+r.next()%300))
			}
			must(err)
		}
		root, number, err := tree.SaveVersion()
		must(err)
		entry := version{Root: hex.EncodeToString(root), Size: tree.Size()}
		if v%5 == 0 && tree.Size() > 0 {
			prove(tree, number, r, keys, &entry)
			multistore(root, number, &entry)
		}
		out.Versions = append(out.Versions, entry)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	must(encoder.Encode(out))
}

func prove(tree *iavl.MutableTree, number int64, r *random, keys int, entry *version) {
	entry.Proofs = map[string]string{}
	for i := 0; i < 12; i++ {
		key := keyOf(r.next() % uint32(keys+keys/4))
		proof, err := tree.GetVersionedProof(key, number)
		must(err)
		encoded, err := proof.Marshal()
		must(err)
		digest := sha256.Sum256(encoded)
		entry.Proofs[hex.EncodeToString(key)] = hex.EncodeToString(digest[:])
		entry.Key, entry.Proof = hex.EncodeToString(key), base64.StdEncoding.EncodeToString(encoded)
	}
}

func multistore(root []byte, number int64, entry *version) {
	info := stypes.CommitInfo{Version: number}
	for _, name := range []string{"staking", "bank", "market", "auth", "gov"} {
		hash := root
		if name != "market" {
			digest := sha256.Sum256([]byte(name))
			hash = digest[:]
		}
		info.StoreInfos = append(info.StoreInfos, stypes.StoreInfo{Name: name, CommitId: stypes.CommitID{Version: number, Hash: hash}})
	}
	entry.AppHash = hex.EncodeToString(info.Hash())
	entry.StoreProof = base64.StdEncoding.EncodeToString(info.ProofOp("market").Data)
}
