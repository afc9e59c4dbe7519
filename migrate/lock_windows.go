package migrate

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process, or fails at once if another has it. The
// range lies far beyond the text, since Windows' locks keep readers out too.
func lock(f *os.File) error {
	at := &windows.Overlapped{OffsetHigh: math.MaxInt32}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
}
