"""Faults: kill, freeze and block everything in turn on an embedded cluster under load, and measure.

`nox -s bench -- faults`; start at __main__.py.
"""
