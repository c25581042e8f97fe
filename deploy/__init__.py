"""pyinfra's world, imported by the worker and by tests only. Start in roles/: each service has install, configure and activate.

install and configure start nothing and enable nothing; activate does. Every operation here reads one fact and yields
nothing when the host already is as wanted. Roles run on the host itself (connector @local): one brain, on the host.
"""
