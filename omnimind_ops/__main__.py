"""python -m omnimind_ops."""

from omnimind_ops.cli import main

main()
