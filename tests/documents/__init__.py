"""README.md and docs/guide.md say what to type, and it is typed here as it stands there.

Start at `blocks.py`: a command block's class is the second word of its fence, as in ```` ```sh host ````.
"""
