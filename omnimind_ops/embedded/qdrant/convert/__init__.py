"""Conversion between JSON and engine types; pure. One file per noun; the others use `filters` and `vectors`."""
