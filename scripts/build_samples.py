"""Build the sample packages, `samples/packages/*.zip`, from their C sources.

Run it as `python scripts/build_samples.py`, or with `--check` to build into a temporary folder and compare. It needs
Debian's packages `emscripten`, `node-acorn` and `libjsmn-dev`. The same compiler gives the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parent.parent / 'samples'
PACKAGES = SAMPLES / 'packages'
JSMN = Path('/usr/include/jsmn.h')
NEEDED = {'emcc': 'emscripten', 'acorn': 'node-acorn'}
COMPILER_VERSION = '1.46.0'
CALLS = 'service_calls.c'
"""The part of the engine that only models with calls of other services have; it needs Emscripten's Asyncify."""

EXPORTS = '_construct,_destroy,_is_async,_node_calc_v3,_malloc,_free'

Files = dict[str, bytes]
Description = dict[str, Any]


def check_tools() -> None:
    """Stop with the names of the Debian packages that are missing."""
    missing = [package for tool, package in NEEDED.items() if shutil.which(tool) is None]
    if not JSMN.exists():
        missing.append('libjsmn-dev')
    if missing:
        sys.exit(f'these Debian packages are needed and not installed: {" ".join(missing)}')


def compile_model(folder: Path, service: Description, version: Description) -> Files:
    """Compile one version to `_NAME.js`, `_NAME.wasm` and, with preloaded files, `_NAME.data`."""
    name = f'_{service["service"]}'
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(JSMN, work)
        command = ['emcc', '-O1', '-Wall', '-Wextra', '-Werror', f'-I{work}', f'-I{SAMPLES / "engine"}']
        command += ['-sMODULARIZE=1', '-sEXPORT_NAME=Module', '-sALLOW_MEMORY_GROWTH=1']
        command += ['-sEXPORTED_RUNTIME_METHODS=ccall,getValue', f'-sEXPORTED_FUNCTIONS={EXPORTS}']
        sources = sorted((SAMPLES / 'engine').glob('*.c'))
        if service.get('calls_services'):
            command += ['-sASYNCIFY', '-DCALLS_SERVICES']
        else:
            sources = [path for path in sources if path.name != CALLS]
        command += [f'-DREVISION={version["version"].replace(".", "")}', '-o', f'{name}.js']
        command += [*map(str, sources), str(folder / service['source'])]
        if preload := service.get('preload'):
            shutil.copy(folder / preload, work)
            command += ['--preload-file', f'{preload}@/{preload}']
        subprocess.run(command, check=True, cwd=work)
        files = {path.name: path.read_bytes() for path in sorted(Path(work).glob(f'{name}.*'))}
    if preload:
        files[f'{name}.js'] = fix_preloading(files[f'{name}.js'], files[f'{name}.data'], f'{name}.data')
    return files


def fix_preloading(script: bytes, data: bytes, name: str) -> bytes:
    """Make the part of a script that preloads files the same in every build, and like that of the platform's compiler.

    Emscripten gives preloaded files a random id; here it comes from their content. It names their file in single
    quotes, where the vendor's engine finds it in double quotes alone.
    """
    package_id = str(uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(data).hexdigest()))
    script = re.sub(rb'("package_uuid": ")[^"]*', rb'\g<1>' + package_id.encode(), script)
    return script.replace(f"'{name}'".encode(), f'"{name}"'.encode())


def pack(files: Files) -> bytes:
    """A zip of these files whose bytes depend on nothing else."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files[name], zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def as_json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


def default_validations(version: Description) -> bytes:
    return as_json({'outputs': version['validations'], 'warnings': None, 'errors': None, 'service_chain': None})


def pack_model(folder: Path, service: Description, version: Description) -> bytes:
    """The inner zip: the compiled model and what stands beside it."""
    name = service['service']
    files = compile_model(folder, service, version)
    files[f'{name}DefaultValidations.json'] = default_validations(version)
    files[f'{name}_CompilerLog.json'] = as_json({'CompilerVersion': COMPILER_VERSION, 'Warnings': [], 'Errors': []})
    if 'metadata' in service:
        images = [
            {'ImageName': image, 'Base64Content': base64.b64encode((folder / file).read_bytes()).decode()}
            for image, file in service['images'].items()
        ]
        files[f'{name}_static.json'] = as_json({'Outputs': service['metadata'], 'ImageOutputs': images})
    sums = ''.join(f'{hashlib.md5(files[file]).hexdigest()}  {file}\n' for file in sorted(files))  # noqa: S324 - the format's own hash
    return pack({**files, 'checksums.md5': sums.encode()})


def model_metadata(service: Description, version: Description, model: bytes) -> bytes:
    """`ModelMetaData.json`: what the upload's answer repeats word for word."""
    engine = {
        'FileSize': len(model),
        'Author': 'samples',
        'ProductName': service['folder'],
        'Revision': version['version'],
        'Description': service['description'],
        'FileMD5Hash': hashlib.md5(model).hexdigest(),  # noqa: S324 - the format's own hash
        'ReleaseDate': version['effective_from'],
        'ServiceName': service['service'],
        'NoOfInstance': 1,
        'DefaultEngineType': 'Neuron',
        'OriginalFileName': service['source'],
        'PublicAPI': False,
        'ServiceGuid': service['service_id'],
        'ServiceVersionGuid': version['version_id'],
        'Tenant': service['tenant'],
        'CompilerVersion': f'Neuron_v{COMPILER_VERSION}',
    }
    inputs = [{'Input Name': n, 'Description': None, 'Address': a} for n, a in version['inputs'].items()]
    outputs = [{'Output Name': n, 'Description': None, 'Address': a} for n, a in version['outputs'].items()]
    return as_json(
        {
            'EffectiveStartDate': version['effective_from'],
            'EffectiveEndDate': version['effective_until'],
            'EngineInformation': engine,
            'XInputTable': inputs,
            'XOutputTable': outputs,
            'VersionId': version['version_id'],
            'HasSignatureChain': None,
        }
    )


def manifest(service: Description) -> bytes:
    entries = [
        {
            'service_uri_source': f'{service["folder"]}/{service["service"]}[{version["version"]}]',
            'folder_source': service['folder'],
            'service_source': service['service'],
            'version_source': version['version'],
            'service_id_source': service['service_id'],
            'version_id_source': version['version_id'],
        }
        for version in service['versions']
    ]
    return as_json({'outputs': {'service_versions': entries}})


def build(folder: Path) -> tuple[str, bytes]:
    """The file name and the bytes of one package."""
    service: Description = json.loads((folder / 'service.json').read_text())
    files = {f'{service["tenant"]}/manifest.json': manifest(service)}
    for version in service['versions']:
        path = f'{service["tenant"]}/{service["folder"]}/{service["service"]}/{version["version"]}'
        model = pack_model(folder, service, version)
        files[f'{path}/ModelMetaData.json'] = model_metadata(service, version, model)
        files[f'{path}/DefaultValidations.json'] = default_validations(version)
        files[f'{path}/WASMMetaData.json'] = as_json({'Revision': version['version']})
        files[f'{path}/{version["version_id"]}.zip'] = model
    return f'{service["service"]}.zip', pack(files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='write nothing; fail if a package would change')
    arguments = parser.parse_args()
    check_tools()
    changed = 0
    for path in sorted(SAMPLES.glob('*/service.json')):
        name, content = build(path.parent)
        target = PACKAGES / name
        same = target.exists() and target.read_bytes() == content
        changed += not same
        print(f'samples/packages/{name}: {len(content):,} bytes, {"unchanged" if same else "changed"}')
        if not arguments.check:
            target.write_bytes(content)
    return 1 if changed and arguments.check else 0


if __name__ == '__main__':
    sys.exit(main())
