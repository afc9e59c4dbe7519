package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// environment lists the flags that an AGENTSEC_* variable can set. What approves
// a change (--yes) or names a place to write to is not among them: it must stand
// in the command.
var environment = []string{
	"config", "fail-on", "baseline", "join-key-file", "format", "no-color",
	"vault-addr", "vault-token-file", "vault-bin",
}

func environmentName(flag string) string {
	return "AGENTSEC_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func environmentNames() string {
	names := make([]string, len(environment))
	for i, flag := range environment {
		names[i] = environmentName(flag)
	}
	return strings.Join(names, ", ")
}

// settle gives the flags that were not given on the command line the values of
// the environment, or else of the file. Only plain settings go through viper: it
// folds case and splits keys at dots, which would garble selectors.
func settle(flags *pflag.FlagSet, file map[string]any) error {
	v := viper.New()
	v.SetEnvPrefix("AGENTSEC")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	if err := v.MergeConfigMap(file); err != nil {
		return err
	}
	for _, name := range environment {
		flag := flags.Lookup(name)
		if flag == nil {
			continue
		}
		if err := v.BindEnv(name); err != nil {
			return err
		}
		if flag.Changed || !v.IsSet(name) {
			continue
		}
		if err := flag.Value.Set(v.GetString(name)); err != nil {
			return usageError{fmt.Errorf("setting --%s from %s or the configuration: not a valid value", name, environmentName(name))}
		}
	}
	return nil
}
