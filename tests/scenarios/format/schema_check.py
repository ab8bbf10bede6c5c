#!/usr/bin/env python3
"""Checks good-*.yaml and bad-*.yaml of a folder against its schema.json.

Exits 77 where PyYAML or jsonschema is missing, 1 where a file is judged wrongly.
"""

import json
import sys
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError:
    sys.exit(77)


def main() -> int:
    folder = Path(sys.argv[1])
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        errors = list(validator.iter_errors(document))
        if bool(errors) != path.name.startswith("bad-"):
            wrong += 1
            print(f"{path.name}: {errors[0].message[:300] if errors else 'was accepted'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
