package broker

import "os"

var forwarded = []os.Signal{os.Interrupt}

func codeOf(state *os.ProcessState) (int, bool) {
	if state == nil {
		return 0, false
	}
	return state.ExitCode(), state.Exited()
}
