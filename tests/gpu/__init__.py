"""What only a machine with a GPU can show.

Start in __main__.py: `python -m tests.gpu` needs torch, numpy and a model folder, no network, no pytest.
"""
