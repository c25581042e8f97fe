"""What is measured, pure: texts, stages, figures, noise, requirements, comparison, and the document that all of it ends
in (schema.json).

Start in document.py. What talks to servers is in flows/bench/, what a person sees in render/bench/.
"""
