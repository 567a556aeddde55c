"""How `make docs` builds the site. Nothing is fetched: no inventories of other projects, no fonts, no scripts."""

from __future__ import annotations

import builtins
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon import Config as DocstringConfig
from sphinx.ext.napoleon.docstring import GoogleDocstring

import cspark.wasm as Hybrid

ROOT: Final = Path(__file__).resolve().parents[1]

project = 'cspark-wasm'
version = release = Hybrid.__version__

extensions = ['myst_parser', 'sphinx.ext.autodoc']
default_role = 'literal'
myst_heading_anchors = 3

add_module_names = False
autodoc_inherit_docstrings = False
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
maximum_signature_line_length = 88
python_display_short_literal_types = True
toc_object_entries_show_parents = 'hide'

nitpick_ignore_regex = [
    ('py:.*', r'(collections\.abc|datetime|httpx|logging|os|pd|pl|ssl|types|typing|uuid)\..*'),
    ('py:.*', '|'.join((*dir(builtins), *typing.__all__, 'Answer', 'Batch', 'Compute', 'ExternalApi', 'Frame', 'GeneratedClient', 'Missing', 'RunnerApp', 'UUID', 'date', r'.*\b(Data|Outputs)'))),
]

html_theme = 'furo'
html_title = f'cspark-wasm {release}'
html_static_path = ['site.css']
html_css_files = ['site.css']
html_copy_source = False
html_show_copyright = False

PAGES: Final = {'README.md': 'index', 'CHANGELOG.md': 'changes'}
"""Files of the repository that are pages of the site."""
STYLE: Final[Any] = DocstringConfig()
TYPE: Final = re.compile(r'(\.\. attribute:: .*\n)((?:   .*\n|\n)*?)   :type: (.*)\n?')
"""An attribute, its text and its type, which belongs into the first line of the entry."""
NAME: Final = re.compile(
    r'(?:client\.|hybrid\.|Hybrid\.)?'
    r'(?P<name>[A-Z]\w+(?:\.\w+)?|(?P<group>[a-z]+)\.(?P<verb>\w+))'
    r'(?:\(.*\))?'
)
"""What may be a name of this package, in backticks: `NotFoundError`, `Uri.encode`, `services.execute(...)`."""


def read_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Read a docstring in Google's style.

    The extension `sphinx.ext.napoleon` would take what stands before a colon in an attribute's text for its type.
    """
    kind: Any = 'method' if what in ('attribute', 'data', 'property') else what
    text = str(GoogleDocstring(lines, STYLE, app, kind, name, obj, options))
    lines[:] = TYPE.sub(r'\1   :type: \3\n\2', text).splitlines()


def keep_annotations(_app: Sphinx, function: Any, _bound: bool) -> None:
    """Show annotations as they are written: `UriLike`, not all that it stands for."""
    if not isinstance(function, type):
        getattr(function, '__func__', function).__no_type_check__ = True


def drop_signature(
    _app: Sphinx, what: str, _name: str, obj: Any, _options: Any, signature: str | None, _returned: str
) -> tuple[str, str] | None:
    """Show no arguments of what users get but do not build: classes whose docstrings list none."""
    if signature is None or what not in ('class', 'exception') or 'Args:' in (obj.__doc__ or ''):
        return None
    return '', ''


def tidy_signatures(_app: Sphinx, page: nodes.document) -> None:
    """Show the verbs as they are called, `services.execute`, and no annotation that says nothing."""
    for signature in page.findall(addnodes.desc_signature):
        for annotation in list(signature.findall(addnodes.desc_annotation)):
            if annotation.astext() in (': Final', ': TypeAlias'):
                signature.remove(annotation)
        if str(signature.get('class')).endswith('Resource'):
            group = signature['class'].removesuffix('Resource').lower()
            name = next(signature.findall(addnodes.desc_name))
            signature.insert(signature.index(name), addnodes.desc_addname('', f'{group}.'))


def link_names(app: Sphinx, page: nodes.document) -> None:
    """Make what stands in backticks a link where the reference has an entry for it."""
    for code in list(page.findall(nodes.literal)):
        found = NAME.fullmatch(code.astext())
        if found is None or isinstance(code.parent, (nodes.title, nodes.reference, addnodes.pending_xref)):
            continue
        if found['name'] in entries_around(code):
            continue
        group = found['group']
        target = f'cspark.wasm._client.{group.capitalize()}Resource.{found["verb"]}' if group else found['name']
        where = {'refdoc': app.env.docname, 'refspecific': True, 'optional': True}
        link = addnodes.pending_xref('', refdomain='py', reftype='obj', reftarget=target, **where)
        code.replace_self(link)
        link += code


def entries_around(node: nodes.Node | None) -> Iterator[str]:
    """The names of the entries that something stands in."""
    while node is not None:
        if isinstance(node, addnodes.desc):
            yield str(node[0].get('fullname'))
        node = node.parent


def find_name(app: Sphinx, env: BuildEnvironment, link: addnodes.pending_xref, text: nodes.TextElement) -> Any:
    """Find what an annotation or a docstring names without its module."""
    target = link['reftarget']
    if link.get('optional'):
        return text
    if link.get('refdomain') != 'py' or ('.' in target and not target.startswith('cspark.')):
        return None
    link['refspecific'] = True
    name = target.rpartition('.')[2]
    return env.domains.python_domain.resolve_xref(env, link['refdoc'], app.builder, link['reftype'], name, link, text)


def name_files(app: Sphinx, page: nodes.document) -> None:
    """Say where a file of the repository is, in the place of a link to it, unless it is a page of the site."""
    for link in [*page.findall(addnodes.pending_xref), *page.findall(addnodes.download_reference)]:
        target, _, heading = str(link['reftarget']).partition('#')
        if link['reftype'] != 'myst' or not target or target in app.env.found_docs:
            continue
        folder = app.env.doc2path(app.env.docname).parent
        suffix = '.md' if link['refdomain'] == 'doc' else ''
        found = [path for base in (folder, ROOT) if (path := (base / (target + suffix)).resolve()).exists()]
        if not found or not found[0].is_relative_to(ROOT):
            continue
        name = found[0].relative_to(ROOT).as_posix()
        if name in PAGES:
            link.attributes |= {'refdomain': 'doc', 'reftarget': PAGES[name]}
            link.attributes.setdefault('reftargetid', heading or None)
        else:
            link.replace_self([*link.children, *where(link.astext(), name)])


def where(text: str, name: str) -> list[nodes.Node]:
    """The path of a file in brackets, where the text does not say it."""
    return [] if name.endswith(text) else [nodes.Text(' ('), nodes.literal(name, name), nodes.Text(')')]


def setup(app: Sphinx) -> None:
    """Tell Sphinx of all this."""
    app.connect('autodoc-process-docstring', read_docstring)
    app.connect('autodoc-before-process-signature', keep_annotations)
    app.connect('autodoc-process-signature', drop_signature)
    app.connect('doctree-read', name_files, priority=100)
    app.connect('doctree-read', tidy_signatures)
    app.connect('doctree-read', link_names)
    app.connect('missing-reference', find_name)
