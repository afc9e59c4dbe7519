package scanner

import (
	"gopkg.in/yaml.v3"
)

// syncedTargets are custom resources of operators that copy a stored key into a
// Secret, with the place of that Secret's name; "" the object's own.
var syncedTargets = map[string][]string{
	"VaultStaticSecret":   {"spec", "destination", "name"},
	"HCPVaultSecretsApp":  {"spec", "destination", "name"},
	"OnePasswordItem":     {"metadata", "name"},
	"InfisicalSecret":     {"spec", "managedSecretReference", "secretName"},
	"DopplerSecret":       {"spec", "managedSecret", "name"},
	"BitwardenSecret":     {"spec", "secretName"},
	"AzureKeyVaultSecret": {"spec", "output", "secret", "name"},
}

// safeForm reads the objects that keep values out of manifests; false for any
// other.
func (k *kubeReader) safeForm(kind string, n *yaml.Node) bool {
	switch kind {
	case "SealedSecret":
		for _, f := range k.fields(k.get(n, "spec", "encryptedData")) {
			k.add(f.key, "", Candidate{Mechanism: Dynamic, Name: f.name(), Detail: "sealed"})
			k.reach(f.value)
		}
	case "ExternalSecret":
		k.externalSecret(k.get(n, "spec"))
	case "ClusterExternalSecret":
		k.externalSecret(k.get(n, "spec", "externalSecretSpec"))
	case "VaultDynamicSecret", "VaultPKISecret", "HCPVaultDynamicSecret":
		k.inventory(n, "issued by the Vault operator")
	case "SecretStore", "ClusterSecretStore", "VaultAuth", "VaultConnection", "VaultAuthGlobal", "PushSecret":
	case "SecretProviderClass":
		k.inventory(n, "files of the secrets store CSI driver")
		for _, object := range k.items(k.get(n, "spec", "secretObjects")) {
			target := yamlText(k.get(object, "secretName"))
			for _, data := range k.items(k.get(object, "data")) {
				if key := k.get(data, "key"); key != nil {
					k.synced(key, yamlText(key), target, "copied into a Secret by the secrets store CSI driver")
				}
			}
		}
	default:
		path, ok := syncedTargets[kind]
		if !ok {
			return false
		}
		at := k.get(n, path...)
		if at == nil {
			at = k.get(n, "metadata", "name")
		}
		if at != nil {
			k.synced(at, yamlText(at), yamlText(at), "copied into a Secret by an operator")
		}
	}
	return true
}

// inventory records an object that hands out secrets the right way.
func (k *kubeReader) inventory(n *yaml.Node, detail string) {
	if name := k.get(n, "metadata", "name"); name != nil {
		k.add(name, "", Candidate{Mechanism: Dynamic, Name: yamlText(name), Detail: detail,
			Ref: Ref{Store: Manager, Namespace: k.object.Namespace, Name: yamlText(name)}})
	}
}

// synced records a key that an operator copies into a Secret; key "" or the
// target's name stands for all of it.
func (k *kubeReader) synced(at *yaml.Node, key, target, detail string) {
	ref := Ref{Store: KubernetesSecret, Namespace: k.object.Namespace, Name: target, Key: key}
	if key == target {
		ref.Key = ""
	}
	k.add(at, "", Candidate{Mechanism: SyncedStatic, Name: key, Ref: ref, Detail: detail})
}

// externalSecret reads the External Secrets Operator's spec (external-secrets.io).
// What a generator makes is issued, not copied.
func (k *kubeReader) externalSecret(spec *yaml.Node) {
	target := yamlText(k.get(spec, "target", "name"))
	if target == "" {
		target = k.object.Name
	}
	for _, data := range k.items(k.get(spec, "data")) {
		if key := k.get(data, "secretKey"); key != nil {
			k.synced(key, yamlText(key), target, "copied into a Secret by External Secrets")
		}
	}
	for _, from := range k.items(k.get(spec, "dataFrom")) {
		if k.get(from, "sourceRef", "generatorRef") != nil {
			k.add(from, "", Candidate{Mechanism: Dynamic, Name: target, Detail: "issued by a generator of External Secrets"})
			continue
		}
		k.synced(from, target, target, "copied into a Secret by External Secrets")
	}
}
