"""Benchmark data, pure: texts, stages, figures, noise, requirements, comparison, and the result document (schema.json).

Start in document.py. flows/bench/ talks to servers, render/bench/ shows results.
"""
