"""The filter `word` of our templates, for Ansible's jinja2; deploy/render.py says what it is for."""


def word(value):
    """Return any text as one word of a unit file's line."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\";") else escaped


class FilterModule:
    """What Ansible looks for."""

    def filters(self):
        """Return the filters by name."""
        return {"word": word}
