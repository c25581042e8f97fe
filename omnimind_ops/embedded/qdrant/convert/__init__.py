"""JSON to engine types and back; pure. One file per noun; `filters` and `vectors` are used by the others."""
