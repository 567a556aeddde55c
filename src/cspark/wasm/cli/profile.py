"""Profiles: named sets of options in a file of the user."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .._suggestion import suggest
from ..errors import SparkConfigError

__all__ = ['KEYS', 'profile_path', 'read_profile']

KEYS: Final = ('url', 'tenant', 'token', 'api_key', 'ca', 'timeout', 'retries', 'headers')
"""What a profile may hold."""


def profile_path() -> Path:
    """The file of profiles: `CSPARK_CONFIG`, or `cspark-wasm/config.toml` in the user's folder for configuration."""
    if given := os.environ.get('CSPARK_CONFIG'):
        return Path(given)
    if sys.platform == 'win32':
        base = Path(os.environ.get('APPDATA') or Path.home() / 'AppData' / 'Roaming')
    else:
        base = Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config')
    return base / 'cspark-wasm' / 'config.toml'


def read_profile(name: str | None) -> Mapping[str, Any]:
    """Read a profile: a table of the file with that name. Without a name it is `default`, which may be missing.

    Raises:
        SparkConfigError: The file cannot be read, or it has no such profile, or the profile has an unknown key.
    """
    path = profile_path()
    try:
        profiles: dict[str, Any] = tomllib.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        profiles = {}
    except (OSError, ValueError) as error:
        # The parser's words may quote a line that has a credential.
        reason = error.strerror if isinstance(error, OSError) else 'it is not valid TOML'
        raise SparkConfigError(f'the profiles in {str(path)!r} cannot be read: {reason}') from None
    if name is not None and name not in profiles:
        known = ', '.join(map(repr, profiles)) or 'none'
        raise SparkConfigError(f'{str(path)!r} has no profile {name!r}; it has {known}')
    profile: Any = profiles.get(name or 'default', {})
    if not isinstance(profile, dict):
        raise SparkConfigError(f'{name or "default"!r} in {str(path)!r} is not a table of options')
    found: dict[str, Any] = profile  # pyright: ignore[reportUnknownVariableType]
    for key in found:
        if key not in KEYS:
            hint = suggest(key, KEYS, 'it takes')
            raise SparkConfigError(f'{name or "default"!r} in {str(path)!r} has an unknown key {key!r}; {hint}')
    return found
