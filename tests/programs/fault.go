// SPDX-License-Identifier: MIT
// Says how calls of a static Go program on files in the directory os.Args[1] end: what `fault` rules are to change.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func say(what string, n int, err error) {
	var number syscall.Errno
	if errors.As(err, &number) {
		fmt.Printf("%s: %d %s\n", what, n, number.Error())
		return
	}
	fmt.Printf("%s: %d\n", what, n)
}

func open(name string) *os.File {
	file, err := os.OpenFile(os.Args[1]+"/"+name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return file
}

func main() {
	text := make([]byte, 25)
	file := open("third")
	for i := 0; i < 4; i++ {
		n, err := file.Write(text)
		say("write", n, err)
	}
	file = open("short")
	n, err := syscall.Write(int(file.Fd()), text)
	say("short write", n, err)
	n, err = file.ReadAt(text[:5], 0)
	say("read of less", n, err)
	n, err = syscall.Pread(int(file.Fd()), text, 0)
	say("short pread", n, err)
	say("sync", 0, open("sync").Sync())
	say("close", 0, open("close").Close())
	say("remove", 0, syscall.Unlink(os.Args[1]+"/keep"))
	say("rename", 0, os.Rename(os.Args[1]+"/keep", os.Args[1]+"/other"))
	_, err = os.OpenFile(os.Args[1]+"/noopen", os.O_RDWR, 0)
	say("open", 0, err)
	_, err = open("lines").Read(text)
	say("read", 0, err)
}
