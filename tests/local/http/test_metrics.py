"""`/metrics` tells the counts and times of the models to Prometheus, where it is asked for."""

from __future__ import annotations

import re

import httpx
import pytest

import cspark.wasm as Hybrid
from cspark.wasm.cli.parser import build_parser
from support.packages import CYLINDER

LINE = re.compile(r'cspark_runner_\w+\{(\w+="(?:[^"\\\n]|\\.)*",?)+\} \d+(\.\d+)?(e[+-]\d+)?')


@pytest.mark.thorough
def test_the_counts_of_each_model_are_told() -> None:
    with Hybrid.LocalRunner(CYLINDER, instances=2, metrics=True) as runner, runner.serve(0) as server:
        with Hybrid.Client(base_url=server.url, tenant='my-tenant', token='open') as hybrid:
            hybrid.services.execute('shapes/cylinder[1.5]', inputs=[{'height': n} for n in range(7)])
        answer = httpx.get(f'{server.url}/metrics')
    assert answer.status_code == 200
    assert answer.headers['content-type'].startswith('text/plain; version=0.0.4')
    lines = answer.text.splitlines()
    labels = '{tenant="my-tenant",service="shapes/cylinder",version="1.5.0"}'
    assert f'cspark_runner_records_total{labels} 7' in lines
    assert f'cspark_runner_instances{labels} 2' in lines
    assert f'cspark_runner_crashes_total{labels} 0' in lines
    assert any(line.startswith(f'cspark_runner_record_p95_seconds{labels} ') for line in lines)
    for line in lines:
        assert line.startswith(('# HELP cspark_runner_', '# TYPE cspark_runner_')) or LINE.fullmatch(line), line
    assert answer.text.endswith('\n')


@pytest.mark.thorough
def test_nobody_is_told_who_did_not_ask() -> None:
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner, runner.serve(0) as server:
        assert httpx.get(f'{server.url}/metrics').status_code == 404


def test_the_command_has_the_option() -> None:
    assert build_parser().parse_args(['serve', '--metrics']).metrics is True
    assert build_parser().parse_args(['serve']).metrics is False
