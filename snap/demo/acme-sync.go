// SPDX-License-Identifier: MIT
// The static Go part of the demo's vendor application, built with CGO_ENABLED=0: every system call is direct.
// Run by acme. It sums up the files of the share in parallel and saves what it found.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

const (
	config = "/etc/acme.conf"
	share  = "/usr/share/acme"
	state  = "/var/lib/acme/sync.json"
)

func say(path, text string) {
	fmt.Printf("acme-sync[%d]: %-26s %s\n", os.Getpid(), path, text)
}

func fail(path string, err error) {
	if inner, ok := err.(*os.PathError); ok {
		err = inner.Err
	}
	say(path, "FAILED: "+err.Error())
	os.Exit(1)
}

func main() {
	if _, err := os.ReadFile(config); err != nil {
		fail(config, err)
	}
	entries, err := os.ReadDir(share)
	if err != nil {
		fail(share, err)
	}
	var wait sync.WaitGroup
	var lock sync.Mutex
	sums := map[string]string{}
	for _, entry := range entries {
		wait.Add(1)
		go func(name string) {
			defer wait.Done()
			data, err := os.ReadFile(filepath.Join(share, name))
			if err != nil {
				fail(name, err)
			}
			lock.Lock()
			sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
			lock.Unlock()
		}(entry.Name())
	}
	wait.Wait()
	text, _ := json.MarshalIndent(sums, "", "  ")
	if err := os.WriteFile(state+".new", append(text, '\n'), 0o644); err != nil {
		fail(state, err)
	}
	if err := os.Rename(state+".new", state); err != nil {
		fail(state, err)
	}
	say(state, fmt.Sprintf("written, %d checksums", len(sums)))
}
