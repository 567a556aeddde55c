"""The arguments of the command, and the help that it prints."""

from __future__ import annotations

import argparse
from typing import Any, Final, NoReturn

from .._about import about
from .connection import add_connection
from .printing import print_error
from .serve import add_serve

__all__ = ['build_parser']

DESCRIPTION: Final = 'Call a Hybrid Runner, or start one on this machine.'
EPILOG: Final = """examples:
  cspark-wasm serve term-life.zip
  cspark-wasm execute insurance/term-life -p smoker=no -p term_years=20
  cspark-wasm execute insurance/term-life book.csv -o premiums.parquet
  cspark-wasm --profile uat status --watch

exit codes: 0 success, 1 an error, 2 wrong usage, 3 records with errors"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that leaves room for long options."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the way out."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Parse the arguments. An error names unknown options without their values, which may be credentials."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            names = [one.partition('=')[0] for one in unknown if one.startswith('-')]
            self.error(f'there is no option {", ".join(names)}' if names else f'{len(unknown)} arguments too many')
        return options

    def error(self, message: str) -> NoReturn:
        print_error(f'{message}; see {self.prog} --help')
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser. The module that runs a command is imported only when the command is chosen."""
    parser = _Parser(
        prog='cspark-wasm',
        usage='cspark-wasm [OPTIONS] COMMAND ...',
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=_Help,
    )
    parser.add_argument('--version', action='version', version=about)
    add_connection(parser)
    _add_printing(parser)
    parser.set_defaults(json=False, quiet=False)
    commands = parser.add_subparsers(required=True, metavar='COMMAND', title='commands', parser_class=_Parser)
    _add_probes(commands)
    _add_services(commands)
    add_serve(commands)
    _add_aliases(commands)
    completion = commands.add_parser(
        'completion',
        prog='cspark-wasm completion',
        usage='cspark-wasm completion bash|zsh|fish',
        help='print the shell code that enables completion',
        description='Print the shell code that enables completion: eval "$(cspark-wasm completion bash)"',
    )
    completion.add_argument('shell', choices=('bash', 'zsh', 'fish'), help='the shell')
    completion.set_defaults(run='completion:run_completion', prog='cspark-wasm completion')
    return parser


def _command(
    commands: Any, name: str, run: str, text: str, *, takes: str = '', details: str = '', prefix: str = ''
) -> Any:
    """Add a command.

    Args:
        commands: Where to add it.
        name: Its name.
        run: The module and the function that run it.
        text: What it does, in one line.
        takes: Its positional arguments, as its usage shows them.
        details: More text for its own help.
        prefix: The command that it belongs to.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        prog=f'cspark-wasm {prefix}{name}',
        usage=f'cspark-wasm {prefix}{name} [OPTIONS] {takes}'.rstrip(),
        description=f'{text[0].upper()}{text[1:]}.' + (f'\n\n{details}' if details else ''),
        formatter_class=_Help,
    )
    add_connection(parser)
    _add_printing(parser)
    parser.set_defaults(run=run, prog=f'cspark-wasm {prefix}{name}')
    return parser


def _add_printing(parser: argparse.ArgumentParser) -> None:
    """Add the options for printing. They can come before or after the command, and so have no defaults here."""
    suppress: Any = argparse.SUPPRESS
    parser.add_argument(
        '--json', action='store_true', default=suppress, help='print JSON; the default for results in a pipe'
    )
    parser.add_argument('--quiet', action='store_true', default=suppress, help='print no bar, no note and no warning')


def _add_probes(commands: Any) -> None:
    _command(commands, 'health', 'probes:run_health', 'say whether a runner is healthy')
    _command(commands, 'version', 'probes:run_version', 'show the version that a runner is compatible with')
    status = _command(commands, 'status', 'probes:run_status', "show a runner's models: busy, calls, times, memory")
    status.add_argument(
        '--watch',
        nargs='?',
        type=_seconds,
        const=1.0,
        metavar='SECONDS',
        help='refresh it every second, or every SECONDS',
    )
    _command(commands, 'services', 'probes:run_services', 'list the services of a runner')


def _add_services(commands: Any) -> None:
    upload = _command(commands, 'upload', 'upload:run_upload', 'upload packages to a runner', takes='PACKAGE.zip...')
    upload.add_argument('package', nargs='+', metavar='PACKAGE.zip', help='a package')
    _add_execute(
        _command(commands, 'execute', 'execute:run_execute', EXECUTE, takes='URI [FILE]', details=EXECUTE_DETAILS)
    )
    validate = _command(
        commands, 'validate', 'describe:run_validate', 'show what a service accepts, or check inputs', takes='URI'
    )
    _add_uri(validate)
    _add_one_record(validate)
    validate.set_defaults(metadata=[])
    _add_validation_type(validate)
    metadata = _command(commands, 'metadata', 'describe:run_metadata', 'show the metadata of a service', takes='URI')
    _add_uri(metadata)
    _add_types(commands)


EXECUTE: Final = 'execute a service with one record, or with a file of many'
EXECUTE_DETAILS: Final = """Give one record by -p or -i, or leave it out to use the defaults of the model:
  cspark-wasm execute shapes/cylinder -p height=10 -p radius=2
  cspark-wasm execute shapes/cylinder -i '{"height": 10}'
  cspark-wasm execute shapes/cylinder -i @inputs.json

Many records come from a file. The results go to the terminal, to a pipe (one
JSON object per line) or to a file:
  cspark-wasm execute shapes/cylinder book.csv --keep policy -o results.parquet"""


def _add_uri(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('uri', metavar='URI', help='folder/service, folder/service[1.0], version/ID or service/ID')


def _add_one_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *('-p', '--param'),
        dest='params',
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='an input, converted to the type that the service declares; can be repeated',
    )
    parser.add_argument(
        *('-i', '--inputs'), metavar='JSON', help='inputs as JSON text, @FILE for a file, or - for standard input'
    )


def _add_call_options(parser: argparse.ArgumentParser, *flags: str) -> None:
    parser.add_argument(
        *flags,
        dest='metadata',
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='an option of the call, such as call_purpose=test; can be repeated',
    )


def _add_show_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--show-all', action='store_true', help='print the whole answer, not the outputs alone')


def _add_validation_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--validation-type',
        choices=('static', 'dynamic'),
        help='rules from the package, or rules computed from the inputs (static)',
    )


def _add_execute(parser: argparse.ArgumentParser) -> None:
    _add_uri(parser)
    parser.add_argument(
        'file', nargs='?', metavar='FILE', help='many records: .csv, .tsv, .jsonl, .parquet, .xlsx; some also with .gz'
    )
    _add_one_record(parser)
    _add_call_options(parser, '-m', '--metadata')
    _add_show_all(parser)
    parser.add_argument('-o', '--output', metavar='FILE', help='write the results: .parquet, .csv or .jsonl')
    many = parser.add_argument_group('many records')
    many.add_argument('--checkpoint', metavar='FILE', help='keep results in this file, to resume an interrupted run')
    many.add_argument(
        '--on-error',
        choices=('raise', 'collect'),
        default='collect',
        help='end the run at the first record that fails, or go on (%(default)s)',
    )
    many.add_argument('--keep', metavar='NAMES', help='inputs to keep beside the results, comma-separated')
    many.add_argument(
        '--missing', choices=('null', 'default', 'error'), help='what an empty cell means (null, which computes as 0)'
    )
    many.add_argument('--strict-inputs', action='store_true', help='refuse names that the service does not have')
    many.add_argument('--chunk-size', type=int, metavar='N', help='records per call (adaptive)')
    many.add_argument('--concurrency', type=int, metavar='N', help='calls at a time (adaptive)')
    many.add_argument('--delimiter', metavar='CHARACTER', help='what separates the fields of a CSV file')
    many.add_argument('--file-encoding', metavar='NAME', help='the encoding of a text file (utf-8)')
    many.add_argument('--sheet', metavar='NAME', help='the sheet of a workbook')


def _add_types(commands: Any) -> None:
    types = _command(
        commands,
        'types',
        'types:run_types',
        'write a Python module with the types of a service',
        takes='PACKAGE.zip|URI',
        details='A package needs no runner:\n  cspark-wasm types term-life.zip -o term_life.py',
    )
    types.add_argument('source', metavar='PACKAGE.zip|URI', help='a package, or a service of a runner')
    types.add_argument('--service', metavar='URI', help='the service of a package that has several')
    types.add_argument('-o', '--output', metavar='FILE', help='where to write it (standard output)')
    types.add_argument('--check', action='store_true', help='write nothing; exit with 1 if the file would change')
    types.add_argument('--no-probe', action='store_true', help='leave outputs untyped; execute only for a missing id')
    types.add_argument(
        '--whole',
        metavar='NAMES',
        default='',
        help='outputs that are whole numbers, comma-separated (float)',
    )


def _add_aliases(commands: Any) -> None:
    """Add the spelling of the published command: `services execute URI -i JSON -p PARAM` and the like.

    There, `-p` names an option of the call, not an input.
    """
    groups: dict[str, Any] = {}
    for group, name, run in (
        ('health', 'check', 'probes:run_health'),
        ('services', 'execute', 'execute:run_execute'),
        ('services', 'validate', 'describe:run_validate'),
        ('services', 'metadata', 'describe:run_metadata'),
    ):
        if group not in groups:
            groups[group] = commands.choices[group].add_subparsers(
                required=False, metavar='COMMAND', title='as in the published command', parser_class=_Parser
            )
        takes = '' if group == 'health' else 'URI'
        parser = _command(groups[group], name, run, _same_as(group, name), takes=takes, prefix=f'{group} ')
        if group == 'health':
            continue
        _add_uri(parser)
        if name == 'execute':
            _add_show_all(parser)
        if name == 'validate':
            _add_validation_type(parser)
        if name != 'metadata':
            parser.add_argument('-i', '--inputs', metavar='JSON', help='inputs as JSON text')
            _add_call_options(parser, '-p', '--param')
        parser.set_defaults(params=[], file=None, output=None)


def _same_as(group: str, name: str) -> str:
    return f'the same as {group if group == "health" else name}'


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float('inf'):
        raise argparse.ArgumentTypeError(f'{text!r} is not a number of seconds above 0')
    return seconds
