"""Serve a folder of models, as production mounts it: TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

from ...errors import SparkSdkError
from ..errors import PackageError
from ..logger import logger
from .catalog import Served

__all__ = ['ModelsFolder']

LOOKED_AT_EVERY: Final = 1.0
"""The interval between two scans of the folder, in seconds. It is polled because network mounts and container volumes
report no changes."""

Seen: TypeAlias = tuple[tuple[str, int, int], ...]
"""The files of one version: their names, sizes and modification times."""


class ModelsFolder:
    """A folder of models that are served. Changes are followed: added or replaced models are loaded, others removed.

    Files are loaded when they have not changed between two scans, so that no partial copy is read. A model that does
    not load is skipped with a warning, and tried again when its files change.

    Args:
        folder: The folder.
        load: Serves a package, given its content and its name.
        remove: Stops serving what `load` returned.

    Raises:
        SparkSdkError: The folder does not exist.
    """

    def __init__(
        self,
        folder: Path,
        load: Callable[[bytes, str], list[Served]],
        remove: Callable[[Iterable[Served]], None],
    ) -> None:
        if not folder.is_dir():
            raise SparkSdkError(f'the folder for models, {str(folder)!r}, does not exist')
        self.folder = folder
        self._load, self._remove = load, remove
        self._settled: dict[Path, Seen] = {}
        self._served: dict[Path, list[Served]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name='runner-models', daemon=True)

    def start(self) -> None:
        """Load the models in the folder, then watch it for changes."""
        self._before = self._look()
        self._follow(self._before)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching the folder; loaded models stay served."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOKED_AT_EVERY):
            try:
                now = self._look()
            except OSError as error:
                logger.warning('the folder for models cannot be read: %s', error)
                continue
            self._follow({version: seen for version, seen in now.items() if self._before.get(version) == seen}, now)
            self._before = now

    def _look(self) -> dict[Path, Seen]:
        """Scan the folder: return the folder of each version and its files."""
        found: dict[Path, Seen] = {}
        for model in self.folder.glob('*/*/*/*/*.zip'):
            if model.parent not in found and not model.name.startswith('.'):
                files = sorted(path for path in model.parent.iterdir() if path.is_file())
                stats = [(path.name, path.stat()) for path in files]
                found[model.parent] = tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
        return found

    def _follow(self, settled: dict[Path, Seen], there: Iterable[Path] | None = None) -> None:
        for version in set(self._settled) - set(settled if there is None else there):
            del self._settled[version]
            self._remove(self._served.pop(version, []))
        for version, seen in sorted(settled.items()):
            if self._settled.get(version) != seen:
                self._settled[version] = seen
                self._replace(version)

    def _replace(self, version: Path) -> None:
        earlier = self._served.pop(version, [])
        try:
            self._served[version] = self._load(self._packed(version), str(version))
        except (PackageError, OSError) as error:
            logger.warning('%s is not served: %s', version, error)
        loaded = self._served.get(version, [])
        names = {served.version.version_id for served in loaded}
        # If nothing was loaded, the earlier version stays served. The catalog has replaced one that has the same id.
        if loaded:
            self._remove(served for served in earlier if served.version.version_id not in names)
        elif earlier:
            self._served[version] = earlier

    def _packed(self, version: Path) -> bytes:
        """Pack the files of a version into a package, so that they are read and checked like any other."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, 'w', zipfile.ZIP_STORED) as archive:
            for path in sorted(version.iterdir()):
                if path.is_file() and path.suffix in ('.zip', '.json') and not path.name.startswith('.'):
                    archive.write(path, path.relative_to(self.folder).as_posix())
            manifest = version.parents[2] / 'manifest.json'
            if manifest.is_file():
                archive.write(manifest, manifest.relative_to(self.folder).as_posix())
        return content.getvalue()
