"""Asking a server for pages and files: passing trouble is tried again, lasting trouble becomes an ``EngineError``."""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar, cast

from unearth.auth import MultiDomainBasicAuth
from unearth.collector import SUPPORTED_CONTENT_TYPES
from unearth.fetchers import Fetcher, PyPIClient, Response
from unearth.preparer import HTTPErrors

from ..errors import EngineError
from .sources import Sources, redacted

ATTEMPTS = 4
FIRST_PAUSE = 0.5
PASSING = (429, 500, 502, 503, 504)  # answers that a second try may change
ABSENT = (404, 410)
Result = TypeVar("Result")


class PassingError(Exception):
    """An answer that may be different next time."""


TROUBLE: tuple[type[Exception], ...] = (*HTTPErrors, PassingError)


class PatientFetcher:
    """What unearth asks for pages. Its own client passes over an index that fails, as if a project had no files there.

    ``get`` and ``head`` raise ``EngineError`` unless the server answers that it has, or has not, what was asked for.
    """

    def __init__(self, sources: Sources) -> None:
        client = PyPIClient(
            trusted_hosts=sources.trusted_hosts,
            verify=_trust(sources.certificate),
            timeout=sources.timeout,
            follow_redirects=True,
        )
        client.auth = MultiDomainBasicAuth(prompting=False, index_urls=sources.index_urls)
        self.close = client.close
        self._client = cast("Fetcher", client)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the page at a URL, or the answer that there is none."""
        return with_attempts(url, lambda: self._page(url, headers))

    def head(self, url: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the headers of a page."""
        return with_attempts(url, lambda: self._client.head(url, headers=headers))

    def get_stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Response]:
        """Return the answer as a stream; the caller checks it."""
        return self._client.get_stream(url, headers=headers)

    def iter_secure_origins(self) -> Iterable[tuple[str, str, str]]:
        """Return what unearth may ask without https."""
        return self._client.iter_secure_origins()

    def _page(self, url: str, headers: Mapping[str, str] | None) -> Response:
        response = self._client.get(url, headers=headers)
        if response.status_code in ABSENT:
            return response
        check(response, url)
        kind = response.headers.get("Content-Type", "nothing")
        if not kind.lower().startswith(SUPPORTED_CONTENT_TYPES):
            raise EngineError(f"The index page '{redacted(url)}' cannot be read: it is '{kind}', not a list of files.")
        return response


def _trust(certificate: str) -> ssl.SSLContext:
    try:
        if certificate and Path(certificate).is_dir():
            return ssl.create_default_context(capath=certificate)
        return ssl.create_default_context(cafile=certificate or None)
    except OSError as error:
        raise EngineError(
            f"The certificates in '{certificate}', as pip is configured, cannot be read: {error}."
        ) from error


def with_attempts(url: str, ask: Callable[[], Result]) -> Result:
    """Ask until there is a lasting answer; the pauses double.

    Raises:
        EngineError: there was none in ``ATTEMPTS`` tries, or the answer cannot be kept on this machine.
    """
    reason = ""
    for attempt in range(ATTEMPTS):
        time.sleep(FIRST_PAUSE * 2 ** (attempt - 1) if attempt else 0)
        try:
            return ask()
        except TROUBLE as error:
            reason = str(error) or type(error).__name__
        except OSError as error:
            raise EngineError(f"'{redacted(url)}' cannot be kept in the cache: {error.strerror or error}.") from error
    raise EngineError(f"'{redacted(url)}' cannot be read: {reason}. The lab tried {ATTEMPTS} times.")


def check(response: Response, url: str) -> None:
    """Raise for an answer that is not what was asked for: ``PassingError`` where another try may help."""
    status = response.status_code
    if status in PASSING:
        raise PassingError(f"the server answers {status}")
    if status >= 400:
        raise EngineError(f"'{redacted(url)}' cannot be read: the server answers {status} {response.reason_phrase}.")
