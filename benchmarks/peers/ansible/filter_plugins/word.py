"""The filters `word` and `assign` of omnimind's templates, for Ansible's jinja2; see omnimind_ops/tools/template.py."""


def word(value):
    """Return a text quoted as one word of a line in a unit file."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\";") else escaped


def assign(variables, *names):
    """Return variables as words of a line Environment=."""
    return " ".join(word(f"{name}={variables[name]}") for name in names)


class FilterModule:
    """The class that Ansible loads."""

    def filters(self):
        """Return the filters by name."""
        return {"word": word, "assign": assign}
