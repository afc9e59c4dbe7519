package scanner

import (
	"path"
	"strings"
)

// contextOf says how much a file counts, by its path below the scanned path:
// whoever points the scan at a tests folder means what is in it.
func contextOf(below string) Context {
	parts := strings.Split(strings.ToLower(below), "/")
	folders, name := parts[:len(parts)-1], parts[len(parts)-1]
	for _, dir := range folders {
		if c := folderContexts[dir]; c != Deployed {
			return c
		}
		if strings.HasSuffix(dir, "-example") || strings.HasSuffix(dir, "-examples") || strings.HasPrefix(dir, "example-") {
			return Example
		}
	}
	return nameContext(name)
}

var folderContexts = map[string]Context{
	"example": Example, "examples": Example, "sample": Example, "samples": Example,
	"tutorial": Example, "tutorials": Example, "cookbook": Example, "cookbooks": Example,
	"test": Test, "tests": Test, "testing": Test, "testdata": Test, "__tests__": Test, "__mocks__": Test,
	"spec": Test, "specs": Test, "fixture": Test, "fixtures": Test, "e2e": Test, "mocks": Test, "test-data": Test,
	"doc": Docs, "docs": Docs, "documentation": Docs,
}

func nameContext(name string) Context {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' || r == '_' })
	for i, w := range words {
		switch w {
		case "example", "examples", "sample", "template", "tpl", "dist":
			// ".env.example", "example.env", "config.sample.yaml"; not
			// "template.yaml" alone, which is what SAM deploys.
			if len(words) > 1 && (w != "template" && w != "dist" && w != "tpl" || i == len(words)-1) {
				return Example
			}
		}
	}
	switch ext {
	case ".md", ".mdx", ".rst", ".adoc", ".markdown":
		return Docs
	}
	if strings.HasPrefix(stem, "readme") || strings.HasPrefix(stem, "changelog") || strings.HasPrefix(stem, "contributing") {
		return Docs
	}
	if strings.HasPrefix(name, "test_") || strings.HasSuffix(stem, "_test") || strings.HasSuffix(stem, "_tests") ||
		strings.HasSuffix(stem, ".test") || strings.HasSuffix(stem, ".spec") || name == "conftest.py" || name == ".env.test" || name == ".env.testing" {
		return Test
	}
	return Deployed
}
