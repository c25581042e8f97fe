"""pyinfra's world, imported by the worker and by tests only.

Start in roles/: one module per service, with its stages install, configure and activate.

install and configure start nothing and enable nothing; activate does. Roles call pyinfra's operations where these keep
our promises, and those in operations/ where they do not (docs/decisions/023-pyinfra-operations.md). Roles run on the
host itself (connector.py): one brain, on the host. prepare.py reads the facts of many operations at once.
"""
