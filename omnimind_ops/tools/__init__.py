"""Pure builders of argument lists and parsers of tool output; only shell.py runs commands."""
