package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// canSeeProcesses: /proc shows what every process of the same user can read.
const canSeeProcesses = true

// A seen process is what /proc tells about it.
type seen struct {
	pid              int
	environ, cmdline []byte
}

// processTree reads the process root and all that descend from it. A process
// that ends meanwhile is left out; one that cannot be read is an error.
func processTree(root int) ([]seen, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		// pid (comm) state ppid …: comm may hold anything, also ")".
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 {
			return nil, fmt.Errorf("%s: unknown format", path)
		}
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
	}
	var tree []seen
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, children[queue[0]]...)
		process, err := readProcess(queue[0])
		if os.IsNotExist(err) || strings.Contains(fmt.Sprint(err), "no such process") {
			continue
		}
		if err != nil {
			return nil, err
		}
		tree = append(tree, process)
	}
	return tree, nil
}

func readProcess(pid int) (p seen, err error) {
	p.pid = pid
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	if p.environ, err = os.ReadFile(filepath.Join(folder, "environ")); err != nil {
		return p, err
	}
	p.cmdline, err = os.ReadFile(filepath.Join(folder, "cmdline"))
	return p, err
}

// variable returns the value of an environment variable, "" if there is none.
func (p seen) variable(name string) string {
	for entry := range bytes.SplitSeq(p.environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, []byte(name+"=")); ok {
			return string(value)
		}
	}
	return ""
}
