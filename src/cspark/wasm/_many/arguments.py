"""The arguments of `execute_many`: check them, and prepare the run."""

from __future__ import annotations

import codecs
import inspect
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from .._calls import executions
from .._calls.input_names import check_input_names, input_names
from .._calls.observing import RunWatch, observer_of
from .._calls.steps import Flow
from .._codec.compression import ENCODINGS
from ..config import Config
from ..errors import SparkSdkError
from ..inputs import columnar
from ..options import LAYOUTS, ManyOptions, check_options, joined, one_of, split_names
from ..records import BESIDE
from ..results import ServiceExecuted
from ..uri import Uri, UriLike
from .chunk import Chunk
from .planner import MAX_BYTES, EndOfRunError, Planner, check_settings
from .reading import Reading
from .run import CallChunk, RecordBar, Run
from .sources import identity_of

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

__all__ = ['prepare', 'reading_of']

OF_READING: Final = frozenset({'delimiter', 'file_encoding', 'columns', 'missing', 'sheet'})
"""The options that say how records are read; `Reading` has them."""

DEFAULTS: Final[dict[str, Any]] = {
    'chunk_size': 'auto',
    'concurrency': 'auto',
    'ordered': True,
    'on_error': 'raise',
    'progress': False,
    'checkpoint': None,
    'keep': None,
    'max_bytes': MAX_BYTES,
    'strict_inputs': False,
}


def reading_of(options: ManyOptions) -> Reading:
    """How the options say that records are read.

    Raises:
        SparkSdkError: One of them is unknown or not valid.
    """
    check_options('services.execute_many', options, ManyOptions)
    encoding, given = options.get('file_encoding'), options.get('encoding')
    if encoding is None and isinstance(given, str) and given.lower() not in ENCODINGS and _is_text_encoding(given):
        encoding = given
    return Reading.of(
        options.get('delimiter'), encoding, options.get('columns'), options.get('missing'), options.get('sheet')
    )


def _is_text_encoding(name: str) -> bool:
    try:
        found = codecs.lookup(name)
    except LookupError:
        return False
    return bool(getattr(found, '_is_text_encoding', True))  # and not one of bytes to bytes, such as zip


class ChunkCalls:
    """Executes the chunks of a run.

    Args:
        config: The client's configuration.
        uri: The service.
        options: The options for the execution.

    Attributes:
        watch: What watches the run, if anybody does.
    """

    def __init__(self, config: Config, uri: UriLike, options: Mapping[str, Any]) -> None:
        self._config = config
        self._uri = uri
        self._options = options
        self._is_columnar = one_of('layout', options.get('layout'), LAYOUTS) == 'columnar'
        self._accepted: frozenset[str] | None = None
        self.watch: RunWatch | None = None

    def ask_for_names(self) -> Flow[None]:
        """Ask which inputs the service has; records with others are refused from then on."""
        self._accepted = yield from input_names(self._config, self._uri)

    def __call__(
        self, chunk: Chunk, where: Config | None = None, correlation_id: str | None = None
    ) -> Flow[ServiceExecuted[Any]]:
        """Execute a chunk; on another runner and with another correlation id, if they are given."""
        if self._accepted is not None:
            check_input_names(chunk.inputs, self._accepted)
        try:
            inputs = columnar(chunk.inputs) if self._is_columnar else chunk.inputs
        except SparkSdkError as error:
            raise EndOfRunError(error) from None
        options: Any = {**self._options, 'inputs': inputs}
        if correlation_id is not None:
            options['correlation_id'] = correlation_id
        flow = executions.execute(where or self._config, self._uri, 'alike', options, chunk.known)
        if self.watch is None:
            return (yield from flow)
        with self.watch.chunk(len(chunk.rows)):
            return (yield from flow)


def prepare(
    config: Config, uri: UriLike, inputs: Any, total: int | None, options: ManyOptions, reading: Reading
) -> tuple[Run, CallChunk]:
    """Check the arguments of `execute_many`; return the run and a function that executes a chunk. Nothing is sent.

    Raises:
        SparkSdkError: An argument is not valid, or the checkpoint cannot be used.
    """
    settings, given = _separate(options, reading)
    keep = _read_keep(settings['keep'])
    size, concurrency = check_settings(settings['chunk_size'], settings['concurrency'], settings['on_error'])
    progress = settings['progress']
    _check_progress(progress)
    call = ChunkCalls(config, uri, given)
    execute_options: Any = given
    executions.check_many_options(config, uri, execute_options)
    planner = Planner(
        size,
        concurrency,
        bool(settings['ordered']),
        settings['on_error'],
        max_bytes=_check_bytes(settings['max_bytes']),
        keep=keep,
    )
    path, open_checkpoint = settings['checkpoint'], None
    if path is not None:
        open_checkpoint = _checkpoint_opener(path, _describe_run(config, uri, given), total, inputs, reading)
    before = call.ask_for_names() if settings['strict_inputs'] else None
    if observer := observer_of(config):
        call.watch = observer.run(config)
    # Last, because a bar is on the terminal at once, and nothing would remove it after an error.
    report = RecordBar(' records', total) if progress is True else progress or None
    return Run(planner, total, report, open_checkpoint, keep=keep, before=before, watch=call.watch), call


def _separate(options: ManyOptions, reading: Reading) -> tuple[dict[str, Any], dict[str, Any]]:
    """Separate the settings of a run from the options for the execution."""
    given: dict[str, Any] = {name: value for name, value in options.items() if name not in OF_READING}
    if reading.encoding is not None and given.get('encoding') == reading.encoding:
        del given['encoding']
    settings = {name: given.pop(name, default) for name, default in DEFAULTS.items()}
    return settings, given


def _read_keep(names: Any) -> tuple[str, ...]:
    keep = split_names('keep', names)
    for name in keep:
        if name in BESIDE:
            raise SparkSdkError(f'keep names {name!r}, which is a column of the results; rename it in the inputs')
    return keep


def _check_progress(progress: Any) -> None:
    if not (isinstance(progress, bool) or progress is None or callable(progress)):
        raise SparkSdkError(f'progress must be True, False or a function, not {type(progress).__name__}')
    if inspect.iscoroutinefunction(progress):
        raise SparkSdkError('progress must be a plain function, not an async one')


def _check_bytes(size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise SparkSdkError(f'max_bytes must be a whole number of bytes from 1 on, not {size!r}')
    return size


def _checkpoint_opener(
    path: Any, what: str, total: int | None, inputs: Any, reading: Reading
) -> Callable[[], Checkpoint]:
    """Return a function that opens the checkpoint.

    The file is opened once here, so that errors are raised at once, and closed again: results that are never read must
    not lock it.
    """
    if not (isinstance(path, str) or hasattr(path, '__fspath__')) or not os.fspath(path):
        raise SparkSdkError(f'checkpoint must be the path of a file, not {path!r}')
    from .checkpoint import Checkpoint  # here: it imports SQLite, which few programs need

    place: str = os.fspath(path)
    Checkpoint(place, what, total).close()
    return lambda: Checkpoint(place, what, total, identity_of(inputs, reading))


def _describe_run(config: Config, uri: UriLike, options: Mapping[str, Any]) -> str:
    """Describe what a run computes; a checkpoint is refused for another one. The runner's address is no part of it."""
    parts = {name: joined(name, options.get(name)) for name in ('selected_outputs', 'subservices')}
    parts = {'active_since': options.get('active_since'), **parts}
    asked = ''.join(f', {name}={value!r}' for name, value in parts.items() if value)
    return f'{Uri.to_params(uri).service_uri} of {config.base_url.tenant}{asked}'
