"""The resulting state of this host, as JSON: packages, units, files, environment, database, answers on the ports.

Standard library only, for Python 3.9 and later. Secrets differ between hosts: in files, each secret and its digest are
replaced by their names.
"""

import grp
import hashlib
import http.client
import json
import pathlib
import pwd
import socket
import stat
import subprocess
import sys

SECRETS = pathlib.Path("/etc/omnimind/secrets")
NAMES = ("postgres.password", "redis.password", "redis-app.password", "qdrant.key")


def run(*command, **more):
    """Return a command's output, even if it fails."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more
    ).stdout


def packages():
    """Return package → version and state."""
    return dict(
        line.split(" ", 1)
        for line in run("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n").splitlines()
    )


def units(names):
    """Return unit → whether it is loaded, active and enabled."""
    result = {}
    for block in (
        run("systemctl", "show", "-p", "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload", *names)
        .strip()
        .split("\n\n")
    ):
        facts = dict(line.split("=", 1) for line in block.splitlines())
        result[facts.pop("Id")] = facts
    return result


def files(paths):
    """Return path → kind, mode, owner, and a file's digest (without secrets) or a link's target."""
    return {path: facts_of(pathlib.Path(path)) for path in paths}


def facts_of(path):
    """Return the facts of one path."""
    if not path.exists() and not path.is_symlink():
        return None
    status = path.lstat()
    facts = [
        oct(stat.S_IMODE(status.st_mode)),
        pwd.getpwuid(status.st_uid).pw_name,
        grp.getgrgid(status.st_gid).gr_name,
    ]
    if path.is_symlink():
        return ["link", str(path.readlink())]
    if path.is_dir():
        return ["folder", *facts]
    return ["file", *facts, hashlib.sha256(plain(path.read_bytes())).hexdigest()]


def plain(data):
    """Return a file's bytes without secrets."""
    for name in NAMES:
        secret = (SECRETS / name).read_text().strip()
        for value, word in ((secret, name), (hashlib.sha256(secret.encode()).hexdigest(), f"sha256 of {name}")):
            data = data.replace(value.encode(), f"<{word}>".encode())
    return data


def environment():
    """Return the packages installed in the services' environment."""
    return sorted(
        path.name
        for path in pathlib.Path("/opt/omnimind/venv").resolve().glob("lib/python3*/site-packages/*.dist-info")
    )


def database():
    """Return the role, the database and its tables, without the table that the first health check creates."""
    query = "SELECT rolname, rolcanlogin, rolsuper, left(rolpassword, 18) FROM pg_authid WHERE rolname = 'omnimind'"
    shape = "SELECT datname, pg_encoding_to_char(encoding), pg_get_userbyid(datdba), datcollate, datctype FROM pg_database WHERE datname = 'omnimind'"
    tables = "SELECT schemaname, tablename, tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'omnimind_health' ORDER BY 2"
    queries = ((query, "postgres"), (shape, "postgres"), (tables, "omnimind"))
    return [
        run("runuser", "-u", "postgres", "--", "psql", "-XAtqd", user, "-c", statement, cwd="/").splitlines()
        for statement, user in queries
    ]


def answers():
    """Return the answers on the ports."""
    key, password = ((SECRETS / name).read_text().strip() for name in ("qdrant.key", "redis.password"))
    result = {
        f"{port}{path}": get(port, path)
        for port, path in ((8000, "/health/"), (8080, "/health/"), (3001, "/health/"), (3000, "/"))
    }
    result["6333/collections"] = get(6333, "/collections", {"api-key": key})
    with socket.create_connection(("127.0.0.1", 6379), 5) as redis:
        redis.sendall(f"AUTH default {password}\r\nPING\r\nQUIT\r\n".encode())
        result["6379"] = redis.makefile().read().split()
    return result


def get(port, path, headers=None):
    """Return the status of a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status
    except OSError as error:
        return type(error).__name__


def main():
    """Print the state. Units and paths are read as JSON from stdin."""
    request = json.load(sys.stdin)
    state = {
        "packages": packages(),
        "units": units(request["units"]),
        "files": files(request["paths"]),
        "environment": environment(),
        "database": database(),
        "answers": answers(),
    }
    json.dump(state, sys.stdout)


if __name__ == "__main__":
    main()
