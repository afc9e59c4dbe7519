package scanner

import (
	"strings"
)

// shortOptions gives letters their meaning, by command. A name with "=" in front
// takes its value attached only (mysql -pX; a lone -p asks).
var shortOptions = map[string]map[byte]string{
	"mysql":        {'p': "=password"},
	"redis-cli":    {'a': "password", 'u': "url"},
	"valkey-cli":   {'a': "password", 'u': "url"},
	"sqlcmd":       {'P': "password"},
	"bcp":          {'P': "password"},
	"sshpass":      {'p': "password"},
	"mongo":        {'p': "password"},
	"mongosh":      {'p': "password"},
	"mongodump":    {'p': "password"},
	"mongorestore": {'p': "password"},
	"cqlsh":        {'p': "password"},
	"ldapsearch":   {'w': "password"},
	"ldapadd":      {'w': "password"},
	"ldapmodify":   {'w': "password"},
	"ldapwhoami":   {'w': "password"},
	"ldappasswd":   {'w': "password", 's': "new-password"},
	"twine":        {'p': "password"},
	"az":           {'p': "password"},
	"zip":          {'P': "password"},
	"unzip":        {'P': "password"},
	"7z":           {'p': "=password"},
	"curl":         {'u': userOption, 'H': headerOption, 'U': userOption},
	"docker":       {'p': loginPassword, 'e': assignOption},
	"podman":       {'p': loginPassword, 'e': assignOption},
	"nerdctl":      {'p': loginPassword, 'e': assignOption},
	"buildah":      {'p': loginPassword},
	"skopeo":       {'p': loginPassword},
	"crane":        {'p': loginPassword},
	"oras":         {'p': loginPassword},
	"helm":         {'p': loginPassword},
}

// singleDash are the long options that are read behind one dash (Go, Java and
// OpenSSL programs). It is a list because -pX of a command that is not known here
// must not pass for a name: names are shown.
var singleDash = map[string]bool{
	"password": true, "passwd": true, "pass": true, "passphrase": true, "passin": true, "passout": true,
	"token": true, "auth-token": true, "access-token": true, "api-key": true, "apikey": true, "api-token": true,
	"secret": true, "secret-key": true, "client-secret": true, "key": true, "requirepass": true, "masterauth": true,
	"storepass": true, "keypass": true, "srcstorepass": true, "deststorepass": true, "db-password": true,
	"admin-password": true, "root-password": true, "header": true, "var": true, "dsn": true, "database-url": true,
}

// optionsOf are the short options of a command; tools of the MySQL family share
// theirs.
func optionsOf(command string) map[byte]string {
	if options, ok := shortOptions[command]; ok {
		return options
	}
	if strings.HasPrefix(command, "mysql") || strings.HasPrefix(command, "mariadb") {
		return shortOptions["mysql"]
	}
	return nil
}

// Meanings of an option that name a form of value instead of a name.
const (
	userOption    = ":user"   // user:password
	headerOption  = ":header" // Name: value
	assignOption  = ":assign" // NAME=value
	loginPassword = ":login"  // the password, if the command is a login
)

// keyedOptions take key=value; their key is the name. The text is the separator
// between several pairs, "" for one.
var keyedOptions = map[string]string{
	"set": ",", "set-string": ",", "set-literal": "", "set-json": "",
	"from-literal": "", "build-arg": "", "env": "", "var": "", "extra-vars": " ",
	"annotation": "", "label": "", "opt": "build-arg:",
}

// runsOthers are commands whose arguments hold another command ("" none yet, as
// behind an unknown wrapper). "helm install mysql …" runs no mysql.
var runsOthers = map[string]bool{
	"": true, "docker": true, "podman": true, "nerdctl": true, "kubectl": true, "oc": true, "docker-compose": true,
	"sudo": true, "env": true, "timeout": true, "exec": true, "time": true, "nohup": true, "xargs": true,
	"tini": true, "dumb-init": true, "gosu": true, "su-exec": true, "retry": true, "watch": true, "sshpass": true, "ssh": true,
	"command": true, "until": true, "while": true, "if": true, "wait-for-it.sh": true, "nice": true, "ionice": true, "stdbuf": true,
}
