"""Where files come from: indexes, further folders and pages, and how to reach them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import UsageError
from .pip_configuration import read_pip_configuration

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_TIMEOUT = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Indexes and ``find_links`` (folders, files or pages) in the order they are asked.

    ``trusted_hosts`` are reached without checking certificates, ``certificate`` is a file or folder of authorities
    (empty: the system's), ``timeout`` is seconds for an answer. ``notes`` say what of pip's configuration was left out.
    """

    index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    certificate: str = ""
    timeout: float = DEFAULT_TIMEOUT
    notes: tuple[str, ...] = ()


def find_sources(
    environment: Mapping[str, str],
    home: Path,
    *,
    index_url: str = "",
    extra_index_urls: Sequence[str] = (),
    find_links: Sequence[str] = (),
    trusted_hosts: Sequence[str] = (),
) -> Sources:
    """Return pip's sources with those that the user names: an index in place of pip's, the others in addition.

    Raises:
        UsageError: a source that the user names does not exist or cannot be used, or pip's configuration is damaged.
    """
    for url in (index_url, *extra_index_urls, *find_links):
        if url and (fault := _fault(url, trusted_hosts)):
            raise UsageError(f"{fault}.")
    configured = _configured(read_pip_configuration(environment, home))
    index_urls = (index_url, *configured.index_urls[1:]) if index_url else configured.index_urls
    hosts = (*configured.trusted_hosts, *trusted_hosts)
    sources = Sources(
        index_urls=(*index_urls, *extra_index_urls),
        find_links=(*configured.find_links, *find_links),
        trusted_hosts=hosts,
        certificate=configured.certificate or environment.get("REQUESTS_CA_BUNDLE", ""),
        timeout=configured.timeout,
    )
    return _without_faults(sources)


@cache
def default_index() -> str:
    """Return the index that is asked where nothing names another: unearth's, which is pip's."""
    from unearth import PackageFinder

    return str(PackageFinder().sources[0]["url"])


def redacted(url: str) -> str:
    """Return a URL without user name and password, for messages."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _configured(options: Mapping[str, str]) -> Sources:
    index_urls = (options.get("index-url") or default_index(), *options.get("extra-index-url", "").split())
    try:
        timeout = float(options.get("timeout", DEFAULT_TIMEOUT))
    except ValueError as error:
        raise UsageError(f"pip's configuration has the timeout '{options['timeout']}', which is no number.") from error
    return Sources(
        index_urls=() if options.get("no-index", "").lower() in ("1", "true", "yes", "on") else index_urls,
        find_links=tuple(options.get("find-links", "").split()),
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        certificate=options.get("cert", ""),
        timeout=timeout,
    )


def _without_faults(sources: Sources) -> Sources:
    """Leave out what pip would pass over with a warning, and note it."""
    urls = dict.fromkeys((*sources.index_urls, *sources.find_links))
    faults = {url: fault for url in urls if (fault := _fault(url, sources.trusted_hosts))}
    return replace(
        sources,
        index_urls=tuple(url for url in dict.fromkeys(sources.index_urls) if url not in faults),
        find_links=tuple(url for url in dict.fromkeys(sources.find_links) if url not in faults),
        notes=tuple(f"{fault}; it was left out." for fault in faults.values()),
    )


def _fault(url: str, trusted_hosts: Sequence[str]) -> str:
    """Return why a source cannot be used, without a full stop, or an empty string."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return f"The index '{url}' is no URL ({error})"
    if parts.scheme in ("", "file"):
        path = Path(unquote(parts.path) if parts.scheme else url)
        return "" if path.exists() else f"The folder '{path}' that is named as a source of wheels does not exist"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"The index '{redacted(url)}' is no http, https or file URL"
    hosts = {host.partition(":")[0] for host in trusted_hosts} | set(LOOPBACK)
    if parts.scheme == "http" and parts.hostname not in hosts:
        return f"The index '{redacted(url)}' is not https and '{parts.hostname}' is not one of pip's trusted hosts"
    return ""
