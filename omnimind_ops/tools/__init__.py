"""Pure builders of argument lists and parsers of tool output; shell.py is the only place that runs anything."""
