"""Host configuration with pyinfra; imported only by the worker and by tests.

Start in roles/: one module per service, with the stages install, configure and activate. install and configure neither
start nor enable anything; activate does.

Roles use pyinfra's operations where these meet our requirements, otherwise those in operations/
(docs/decisions/023-pyinfra-operations.md). Roles run on the host itself (connector.py). prepare.py reads the facts of
many operations at once.
"""
