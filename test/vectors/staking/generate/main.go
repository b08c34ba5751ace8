// Writes the golden vectors of staking: what the Cosmos SDK's keepers (staking, distribution, slashing, evidence, mint) make of seeded random
// histories, to the last digit. Usage, in this folder: go run . SEED BLOCKS > ../SEED.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

type block struct {
	Seconds    int64            `json:"seconds"`
	Votes      [][3]any         `json:"votes"`              // validator, power, signed
	Evidence   [][3]any         `json:"evidence,omitempty"` // validator, height, power
	Operations [][]any          `json:"operations"`         // outcome, kind, arguments
	Updates    map[string]int64 `json:"updates,omitempty"`
	State      any              `json:"state"` // a merge patch (RFC 7396) of the state before
}

type history struct {
	Seed    int64                      `json:"seed"`
	Genesis map[string]json.RawMessage `json:"genesis"`
	Blocks  []block                    `json:"blocks"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func argument(i int) int64 {
	n, err := strconv.ParseInt(os.Args[i], 10, 64)
	must(err)
	return n
}

func main() {
	seed, blocks := argument(1), argument(2)
	c := newChain(seed)
	out, err := json.Marshal(c.genesis)
	must(err)
	fmt.Printf("{\"seed\":%d,\"genesis\":%s,\"blocks\":[", seed, out)
	before := map[string]any{}
	for i := int64(0); i < blocks; i++ {
		made := c.block()
		after := c.state()
		made.State = patch(before, after)
		before = after
		line, err := json.Marshal(made)
		must(err)
		if i > 0 {
			fmt.Print(",")
		}
		fmt.Printf("\n%s", line)
	}
	fmt.Println("\n]}")
	c.report()
}
