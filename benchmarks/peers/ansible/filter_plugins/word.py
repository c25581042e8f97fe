"""The filter `word` of omnimind's templates, for Ansible's jinja2; see omnimind_ops/tools/template.py."""


def word(value):
    """Return a text quoted as one word of a line in a unit file."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\";") else escaped


class FilterModule:
    """The class that Ansible loads."""

    def filters(self):
        """Return the filters by name."""
        return {"word": word}
