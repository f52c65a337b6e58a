// SPDX-License-Identifier: MIT
// What Go programs do with files, with the runtime's own direct system calls: built with CGO_ENABLED=0 and run by
// the integration tests as `files-go DIR CONFIG [CAT]...`. It must print nothing that differs from run to run.
package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

func check(what string, err error) bool {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
	}
	return err == nil
}

func walk(dir string) {
	var names []string
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			names = append(names, fmt.Sprintf("%s %v", path, entry.Type()))
		}
		return err
	})
	sort.Strings(names)
	fmt.Println("walk:", strings.Join(names, ", "))
}

// Many goroutines in system calls at once, so that the runtime starts threads.
func crowd(dir string) {
	var wait sync.WaitGroup
	var lock sync.Mutex
	good := 0
	for i := 0; i < 64; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			path := filepath.Join(dir, fmt.Sprintf("crowd-%d", i))
			for j := 0; j < 20; j++ {
				if os.WriteFile(path, []byte(path), 0o600) != nil {
					return
				}
				text, err := os.ReadFile(path)
				if err != nil || string(text) != path {
					return
				}
				if _, err := os.Stat(path + "-missing"); !os.IsNotExist(err) {
					return
				}
			}
			if os.Remove(path) == nil {
				lock.Lock()
				good++
				lock.Unlock()
			}
		}(i)
	}
	wait.Wait()
	fmt.Println("crowd:", good)
}

func talk(path string) {
	server, err := net.Listen("unix", path)
	if !check("listen", err) {
		return
	}
	go func() {
		if peer, err := server.Accept(); err == nil {
			io.WriteString(peer, "spoken")
			peer.Close()
		}
	}()
	client, err := net.Dial("unix", path)
	if check("dial", err) {
		text, _ := io.ReadAll(client)
		fmt.Println("socket:", string(text), client.RemoteAddr())
		client.Close()
	}
	server.Close()
}

func main() {
	dir, config := os.Args[1], os.Args[2]
	text, err := os.ReadFile(config)
	if check("config", err) {
		fmt.Printf("config: %q\n", text)
	}
	if check("chdir", os.Chdir(dir)) {
		cwd, _ := os.Getwd()
		fmt.Println("cwd:", cwd)
	}
	check("mkdir", os.MkdirAll(filepath.Join(dir, "made/deep"), 0o755))
	check("write", os.WriteFile("made/new", []byte("new\n"), 0o644))
	check("rename", os.Rename("made/new", filepath.Join(dir, "made/deep/renamed")))
	check("symlink", os.Symlink(config, "made/link"))
	link, _ := os.Readlink(filepath.Join(dir, "made/link"))
	real, err := filepath.EvalSymlinks("made/link")
	fmt.Println("link:", link, real, err)
	info, err := os.Lstat("made/link")
	if check("lstat", err) {
		fmt.Println("lstat:", info.Mode())
	}
	walk(dir)
	crowd(dir)
	talk(filepath.Join(dir, "socket"))
	for _, program := range os.Args[3:] {
		command := exec.Command(program)
		command.Args = []string{"cat", config}
		out, err := command.CombinedOutput()
		fmt.Printf("%s: %q %v\n", program, out, err)
	}
	self, err := os.Executable()
	fmt.Println("self:", filepath.Base(self), err)
}
