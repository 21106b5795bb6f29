"""Drop folders on other machines, over SFTP or S3.

Data flow: FiledropSettings -> connect() -> fsspec file system -> RemoteFolder -> source.py.

An S3 object's ETag follows its content. An SFTP server only tells size and time of change, which a
correction can leave as they were: source.py does not go by them alone.

The packages come with the extra `files`; they are imported when a folder is first used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from connectors.errors import AuthenticationError, ConfigurationError, SourceError
from connectors.sources.filedrop.access import FolderAccess
from connectors.sources.filedrop.folders import CHUNK, Found, numbered, wanted
from connectors.sources.filedrop.settings import FiledropSettings

_EXTRA = "Install it with the extra `files`: pip install 'member-journey[files]'."
_REFUSED = {
    "AuthenticationException",
    "BadAuthenticationType",
    "NoCredentialsError",
    "PasswordRequiredException",
    "PermissionError",
}


class RemoteFolder:
    """A folder behind fsspec. Nothing is asked of it before its first use."""

    remembers = True

    def __init__(self, settings: FiledropSettings) -> None:
        self._settings = settings
        self.place = settings.folder
        self._root = path_of(settings.folder)
        self._archive = path_of(settings.archive) if settings.archive else None
        self._connected: Any = None

    def problem(self) -> str | None:
        with self._in_words():
            found = self._files().isdir(self._root)
        # A prefix of S3 begins to exist with its first object.
        if found or self._settings.scheme == "s3":
            return None
        return f"{self.place} does not exist; create it, or correct `folder`."

    def files(self, glob: str) -> Sequence[Found]:
        with self._in_words():
            files = self._files()
            files.invalidate_cache()
            told = files.glob(f"{self._root}/{glob}", detail=True)
        return [
            found
            for path, info in told.items()
            if info["type"] == "file" and not self._is_archived(path)
            for found in [self._found(path, info)]
            if wanted(found.name)
        ]

    def look(self, name: str) -> Found | None:
        return self._look(f"{self._root}/{name}")

    def read(self, name: str) -> Iterator[bytes]:
        with self._in_words(), self._files().open(f"{self._root}/{name}", "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def put_away(self, found: Found) -> str | None:
        if self._archive is None:
            return None
        source = f"{self._root}/{found.name}"
        with self._in_words():
            files = self._files()
            name = next(
                n for n in numbered(found.name) if not files.exists(self._archive + "/" + n)
            )
            target = f"{self._archive}/{name}"
            if self._look(source) != found:
                return None
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            if found.exact:
                return self._copied(source, target, found) and name
            files.mv(source, target)
            moved = self._look(target)
            if moved and (moved.size, moved.modified) == (found.size, found.modified):
                return name
            # Written at this very moment: back with it, unless a newer one took its name.
            free = next(n for n in numbered(found.name) if self.look(n) is None)
            files.mv(target, f"{self._root}/{free}")
        return None

    def _copied(self, source: str, target: str, found: Found) -> str | None:
        """S3 has no move: the object goes when its copy is there and it is still the same."""
        files = self._files()
        files.cp_file(source, target)
        copy = self._look(target)
        if copy is None or copy.size != found.size or self._look(source) != found:
            files.rm_file(target)
            return None
        files.rm_file(source)
        return target

    def _look(self, path: str) -> Found | None:
        with self._in_words():
            files = self._files()
            files.invalidate_cache()
            try:
                return self._found(path, files.info(path))
            except FileNotFoundError:
                return None

    def _found(self, path: str, info: dict[str, Any]) -> Found:
        # File systems differ in whether their paths begin with a /.
        name = path.lstrip("/").removeprefix(self._root.lstrip("/")).lstrip("/")
        size = int(info["size"])
        modified = _unix(info.get("mtime") or info.get("LastModified") or info.get("created"))
        tag = info.get("ETag")
        if tag:
            return Found(name, size, f"{tag}".strip('"'), exact=True, modified=modified)
        return Found(name, size, f"{modified}-{size}", modified=modified)

    def _is_archived(self, path: str) -> bool:
        archive = (self._archive or "").lstrip("/")
        return bool(archive) and path.lstrip("/").startswith(f"{archive}/")

    def _files(self) -> Any:
        if self._connected is None:
            self._connected = connect(self._settings)
        return self._connected

    def _in_words(self) -> AbstractContextManager[None]:
        return in_words(self.place)


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Whatever the packages raise, as an error that names the place and never a payload."""
    try:
        yield
    except (FileNotFoundError, ConfigurationError, SourceError, GeneratorExit):
        raise
    except Exception as error:
        kind = type(error).__name__
        if kind in _REFUSED:
            raise AuthenticationError(
                f"{place} refuses the credentials ({kind}).",
                todo="Check the user's name, the secrets, and what they may read and move.",
            ) from error
        raise SourceError(
            f"{place} can not be used ({kind}).",
            todo="Check that the server can be reached and run again.",
        ) from error


def connect(settings: FolderAccess) -> Any:
    """The fsspec file system of a remote folder; ConfigurationError when a package is missing."""
    fsspec = _package("fsspec")
    address = urlsplit(settings.folder)
    if settings.scheme == "s3":
        _package("s3fs")
        return fsspec.filesystem(
            "s3",
            key=_told(settings.access_key_id),
            secret=_told(settings.secret_access_key),
            token=_told(settings.session_token),
            endpoint_url=settings.endpoint_url,
            client_kwargs={"region_name": settings.region} if settings.region else {},
            skip_instance_cache=True,
            use_listings_cache=False,
        )
    paramiko = _package("paramiko")
    return fsspec.filesystem(
        "sftp",
        host=address.hostname,
        port=address.port or 22,
        username=settings.username,
        password=_told(settings.password),
        key_filename=_told(settings.key_file),
        passphrase=_told(settings.key_passphrase),
        host_key_policy=_known_hosts(paramiko, settings),
        allow_agent=False,
        look_for_keys=False,
        timeout=30,
        skip_instance_cache=True,
    )


def _known_hosts(paramiko: Any, settings: FolderAccess) -> Any:
    """A server proves itself by `host_key`, else by this user's known_hosts; no other is trusted.

    fsspec would trust whoever answers, and send it the password.
    """
    known = paramiko.HostKeys()
    own = Path.home() / ".ssh" / "known_hosts"
    if settings.host_key is None and own.is_file():
        known.load(str(own))
    told = [_decoded(part) for part in (settings.host_key or "").split()]

    class Policy(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # the package has no types
        def missing_host_key(self, _client: Any, hostname: str, key: Any) -> None:
            good = known.check(hostname, key) or key.asbytes() in told
            if not good:
                raise ConfigurationError(
                    f"the server {hostname} shows a key that is not the known one.",
                    todo="Set `host_key` to the server's own (ssh-keyscan shows it; compare it"
                    " with what its keeper tells you).",
                )

    return Policy()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"folders on other machines need the package {name}.", todo=_EXTRA
        ) from error


def _told(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _unix(moment: Any) -> float | None:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment) if isinstance(moment, int | float) else None


def path_of(url: str) -> str:
    """The path as fsspec knows it: bucket/prefix for S3, from / on for SFTP."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    return f"{parts.netloc}{path}" if parts.scheme == "s3" else path
