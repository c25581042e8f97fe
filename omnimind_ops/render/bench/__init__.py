"""A benchmark's document as a table, Markdown, a plot or JSON. Start with output.py."""
