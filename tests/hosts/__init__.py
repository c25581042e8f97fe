"""Disposable real hosts for tests: systemd as PID 1, Docker as one of its services, and the user's Compose stack
inside.

Start at `sample.py` (`boot_sample`: a host with the stack up and seeded) or `host.py` (`Host.boot`: a bare host).
`python -m tests.hosts boot` gives a developer one to look at by hand.

`recipe.py` and `image.py` make the host's image, `stack/` the Compose stack, `seed.py` and `probe.py` run inside the
host, `wheelhouse.py` makes an offline package folder, `cache.py` keeps all of it in `~/.cache/omnimind/hosts`.
"""
