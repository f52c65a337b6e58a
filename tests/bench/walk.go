// SPDX-License-Identifier: MIT
// A Go program as it comes: walks over a tree, reads every file, prints how many bytes there were. Static, with system
// calls of its own. Run by tests/bench/run. It must print the same wherever the tree lies.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	files, bytes := 0, 0
	err := filepath.WalkDir(os.Args[1], func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && int64(len(text)) != info.Size() {
			err = fmt.Errorf("%s has %d bytes", path, len(text))
		}
		files++
		bytes += len(text)
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(files, bytes)
}
