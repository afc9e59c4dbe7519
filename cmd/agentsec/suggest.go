package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func unknownCommand(c *cobra.Command, name string) error {
	err := usagef("unknown command %q for %q", name, c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return errorWithHint(err, fmt.Sprintf("Did you mean %q?", c.CommandPath()+" "+near[0]))
	}
	return errorWithHint(err, fmt.Sprintf("%q lists the commands.", c.CommandPath()+" --help"))
}

// flagError adds the flag that was probably meant.
func flagError(c *cobra.Command, err error) error {
	advice := fmt.Sprintf("%q shows the flags.", c.CommandPath()+" --help")
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		if near := nearestFlag(c, unknown.GetSpecifiedName()); near != "" {
			advice = fmt.Sprintf("Did you mean --%s?", near)
		}
	}
	return errorWithHint(usageError{err}, advice)
}

func nearestFlag(c *cobra.Command, name string) (near string) {
	best := 3 // more edits than two are another word
	c.Flags().VisitAll(func(f *pflag.Flag) {
		d := edits(name, f.Name)
		if strings.HasPrefix(f.Name, name) {
			d = min(d, 1)
		}
		if d < best {
			best, near = d, f.Name
		}
	})
	return near
}

// edits is the Levenshtein distance between a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
