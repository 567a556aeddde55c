"""Whether a runner is reached through a proxy; by the environment, which has `HTTP_PROXY`, `NO_PROXY` and the like."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

from .wire import target

__all__ = ['Proxies']


class Proxies:
    """The proxies as they were when the client was built."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], bool] = {}
        self._proxies = {scheme for scheme, proxy in getproxies().items() if proxy}

    def lead_to(self, url: str) -> bool:
        """Whether requests to this URL go through a proxy."""
        if not self._proxies:
            return False
        where = target(url)
        origin = (where.scheme, where.host, where.port)
        if origin not in self._known:
            concerned = where.scheme in self._proxies or 'all' in self._proxies
            self._known[origin] = concerned and not proxy_bypass(f'{where.host}:{where.port}')
        return self._known[origin]
