package planner

import "slices"

// A blocker is a reason why a step cannot be carried out as it stands.
type blocker struct {
	status Status
	text   string
}

func codeChange(text string) blocker { return blocker{NeedsCodeChange, text} }
func input(text string) blocker      { return blocker{NeedsInput, text} }

// gravity orders statuses: what no edit of the code can solve comes first.
var gravity = []Status{NeedsBroker, NeedsInput, NeedsCodeChange}

// verdict folds blockers into the status of a step and its texts.
func verdict(list []blocker) (Status, []string) {
	var texts []string
	for _, b := range list {
		texts = append(texts, b.text)
	}
	texts = unique(texts)
	for _, s := range gravity {
		if slices.ContainsFunc(list, func(b blocker) bool { return b.status == s }) {
			return s, texts
		}
	}
	return Ready, texts
}
