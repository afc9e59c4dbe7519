package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/schema"
)

func schemaCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:       "schema NAME",
		Short:     "Print the JSON Schema of a document",
		Long:      "Schema prints the JSON Schema of a document: " + strings.Join(schema.Names, ", ") + ".",
		Example:   "  agentsec schema scan > scan.v1.json",
		Args:      cobra.ExactArgs(1),
		ValidArgs: schema.Names,
	}
	return s.leaf(c, func(_ context.Context, args []string) error {
		text, ok := schema.Read(args[0])
		if !ok {
			return usagef("no schema called %q: there are %s", args[0], strings.Join(schema.Names, ", "))
		}
		_, err := s.out.Write(text)
		return err
	})
}
