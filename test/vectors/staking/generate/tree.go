package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// Fields that say which record of a list it is, beside addresses.
var identities = map[string]bool{"period": true, "height": true, "denom": true, "index": true}

// tree makes lists of JSON into objects, by what identifies a record, and addresses into short names. The test does the same.
func tree(value any, names map[string]string) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			out[key] = tree(inner, names)
		}
		return out
	case []any:
		out := map[string]any{}
		for i, inner := range v {
			record, ok := tree(inner, names).(map[string]any)
			if !ok {
				out[fmt.Sprint(i)] = tree(inner, names)
				continue
			}
			id := identity(inner.(map[string]any), record, names)
			if id == "" {
				id = fmt.Sprint(i)
			}
			if _, found := out[id]; found {
				panic("two records " + id)
			}
			out[id] = record
		}
		return out
	case string:
		if name, ok := names[v]; ok {
			return name
		}
	}
	return value
}

// identity takes the fields that identify a record out of it.
func identity(source, record map[string]any, names map[string]string) string {
	keys := make([]string, 0, len(source))
	for key := range source {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var parts []string
	for _, key := range keys {
		text, ok := source[key].(string)
		if _, named := names[text]; ok && (named || identities[key]) {
			parts = append(parts, record[key].(string))
			delete(record, key)
		}
	}
	return strings.Join(parts, " ")
}

func decoded(data []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	must(decoder.Decode(&value))
	return value
}

func encoded(value any) []byte {
	out, err := json.Marshal(value)
	must(err)
	return out
}

// patch gives the merge patch that makes `before` into `after`.
func patch(before, after map[string]any) map[string]any {
	out := map[string]any{}
	for key := range before {
		if _, stays := after[key]; !stays {
			out[key] = nil
		}
	}
	for key, value := range after {
		old, was := before[key]
		if was && reflect.DeepEqual(old, value) {
			continue
		}
		oldMap, a := old.(map[string]any)
		newMap, b := value.(map[string]any)
		if a && b {
			out[key] = patch(oldMap, newMap)
		} else {
			out[key] = value
		}
	}
	return out
}
