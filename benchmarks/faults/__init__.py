"""Fault injection: kill, freeze and block every process of a system under load, and measure the recovery.

`nox -s bench -- faults`; start at __main__.py.
"""
