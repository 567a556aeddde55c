"""The sample packages: their numbers against an independent computation, and their format."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import pytest

from support.calls import Api, Json, serving
from support.packages import CYLINDER, PACKAGES, PROJECTION, TERM_LIFE, unzip

VALUE_ERROR: Final = '#VALUE!'
RATES: Final = {'accident': 0.85, 'disability': 3.2, 'hospital': 5.75}
FREQUENCIES: Final = {
    'annual': (1.0, 1),
    'half-yearly': (1.02, 2),
    'quarterly': (1.03, 4),
    'monthly': (1.05, 12),
}
DEFAULTS: Final[Json] = {
    'birth_date': '1990-06-15',
    'start_date': '2026-01-01',
    'smoker': 'no',
    'sum_assured': 250_000,
    'term_years': 20,
    'interest_rate': 0.02,
    'frequency': 'monthly',
    'riders': [{'rider': 'accident', 'sum_assured': 100_000}, {'rider': 'disability', 'sum_assured': 50_000}],
}
NAMES: Final = ['accident', 'disability', 'hospital', 'Accident', '', 'Sté "Ünï\\" \t\n€ \U0001f600', 'x' * 500]


@pytest.fixture(scope='module')
def api() -> Iterator[Api]:
    """A runner with all samples, on two cores."""
    with serving(CYLINDER, TERM_LIFE, PROJECTION, instances=2, timeout=30) as started:
        yield started


def near(number: float, scale: float = 1) -> Any:
    """A number, or what a workbook has where there is none."""
    return VALUE_ERROR if math.isnan(number) else pytest.approx(number, rel=1e-9, abs=1e-9 * scale)


@pytest.mark.thorough
@pytest.mark.parametrize('version', ['1.4.0', '1.5.0'])
def test_the_cylinder_computes_what_geometry_says(api: Api, version: str) -> None:
    chance = random.Random(140)
    records = [
        {
            name: chance.choice([chance.uniform(-10, 1e6), chance.randint(0, 99)])
            for name in ('height', 'radius', 'density')
        }
        for _ in range(5000)
    ]
    answer = api.many(records, f'shapes/cylinder[{version}]')
    for record, outputs in zip(records, answer['outputs'], strict=True):
        volume = math.pi * record['radius'] ** 2 * record['height']
        surface = 2 * math.pi * record['radius'] * (record['radius'] + record['height'])
        expected = {'volume': near(volume), 'surface': near(surface)}
        assert outputs == expected | ({'mass': near(volume * record['density'])} if version == '1.5.0' else {})
    warned: list[list[Json] | None] = answer['warnings']
    assert all(warnings is None for warnings in warned) == (version == '1.5.0')
    assert set(map(str, answer['errors'])) == {'None'}


def years_later(start: date, years: int) -> date:
    """The same day some years on."""
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return start.replace(year=start.year + years, day=28)


def a_date(chance: random.Random, first: date, last: date) -> tuple[date, Any]:
    """A date, and one of the ways to write it."""
    day = first + timedelta(chance.randint(0, (last - first).days))
    if chance.random() < 0.05:
        day = date(chance.choice([1940, 1964, 1988, 2004]), 2, 29)
    serial = (day - date(1899, 12, 30)).days
    return day, chance.choice([day.isoformat(), f'{day}T23:59:59Z', serial, serial + 0.75, str(serial)])


def a_policy(chance: random.Random) -> tuple[Json, Json]:
    """What is sent for a random policy, and what a workbook understands by it."""
    birth, birth_text = a_date(chance, date(1930, 1, 1), date(2012, 12, 31))
    start, start_text = a_date(chance, date(2015, 1, 1), date(2043, 12, 31))
    interest, sum_assured = chance.choice([0, 0.1 * chance.random()]), chance.uniform(0, 2e6)
    term = chance.choice([chance.randint(1, 60), chance.randint(1, 40), 0, 61, 7.5])
    riders = [
        {'rider': chance.choice(NAMES[:3] if chance.random() < 0.7 else NAMES), 'sum_assured': chance.randint(0, 10**6)}
        for _ in range(chance.choice([0, 1, 2, 3, 25]))
    ]
    understood = {
        'birth_date': birth,
        'start_date': start,
        'smoker': chance.choice(['yes', 'no', 'YES', '']),
        'sum_assured': sum_assured,
        'term_years': term,
        'interest_rate': interest,
        'frequency': chance.choice([*FREQUENCIES, 'weekly']),
        'riders': riders[:20],
    }
    sent = understood | {'birth_date': birth_text, 'start_date': start_text, 'riders': riders}
    sent |= {'sum_assured': chance.choice([sum_assured, str(sum_assured)])}
    for name in chance.sample(list(DEFAULTS), chance.choice([0, 0, 1, 3])):
        del sent[name]
        standard = DEFAULTS[name]
        understood[name] = date.fromisoformat(standard) if name.endswith('_date') else standard
    return sent, understood


def mortality(age: float, smoker: bool) -> float:
    """The probability of death within a year."""
    return min(1, (1 - math.exp(-(0.0005 + 0.00004 * 1.1**age))) * (1.8 if smoker else 1))


def expected(policy: Json) -> Json:
    """The outputs for a policy, forwards by survival, where the model goes backwards."""
    start: date = policy['start_date']
    birth: date = policy['birth_date']
    age = start.year - birth.year - ((start.month, start.day) < (birth.month, birth.day))
    term, smoker, sum_assured = policy['term_years'], policy['smoker'] == 'yes', float(policy['sum_assured'])
    years = int(term) if 1 <= term <= 60 else 0
    discount = 1 / (1 + policy['interest_rate'])
    deaths = [mortality(age + k, smoker) for k in range(years)]

    def values(first: int) -> tuple[float, float]:
        benefit = annuity = 0.0
        alive = 1.0
        for k in range(first, years):
            annuity += alive * discount ** (k - first)
            benefit += alive * deaths[k] * discount ** (k - first + 1)
            alive *= 1 - deaths[k]
        return benefit, annuity

    benefit, annuity = values(0)
    net = sum_assured * benefit / annuity if years else math.nan
    premiums = [RATES.get(rider['rider'], math.nan) * rider['sum_assured'] / 1000 for rider in policy['riders']]
    annual = net / 0.85 + 0.0008 * sum_assured + 36 + sum(premiums)
    loading, instalments = FREQUENCIES.get(policy['frequency'], (math.nan, 1))
    reserves = [sum_assured * values(k)[0] - (net if years else 0) * values(k)[1] for k in range(years + 1)]
    return {
        'age': age,
        'rider_premiums': [
            {**rider, 'premium': near(premium)} for rider, premium in zip(policy['riders'], premiums, strict=True)
        ],
        'net_premium': near(net),
        'annual_premium': near(annual),
        'instalment': near(annual * loading / instalments),
        'end_date': years_later(start, years).isoformat(),
        'risk_class': 'smoker' if smoker else 'non-smoker',
        'schedule': [
            {
                'year': k,
                'date': years_later(start, k).isoformat(),
                'age': age + k,
                'in_force': near(math.prod(1 - q for q in deaths[:k])),
                'reserve': near(reserve, max(1, sum_assured)),
            }
            for k, reserve in enumerate(reserves)
        ],
    }


@pytest.mark.thorough
def test_the_term_life_policy_computes_what_actuaries_say(api: Api) -> None:
    chance = random.Random(30)
    policies = [a_policy(chance) for _ in range(3000)]
    answer = api.many([sent for sent, _ in policies], 'insurance/term-life')
    for number, (sent, policy) in enumerate(policies):
        outputs = answer['outputs'][number]
        assert outputs == expected(policy), sent
        errors: list[Json] = answer['errors'][number] or []
        warnings: list[Json] = answer['warnings'][number] or []
        term = policy['term_years']
        bad_term = not (1 <= term <= 60 and term == int(term))
        bad = {'age': not 18 <= outputs['age'] <= 75, 'term_years': bad_term}
        assert [error['source_path'] for error in errors] == [name for name in bad if bad[name]]
        assert [one['message'] for one in warnings if one.get('source_path') == 'Default Values'] == [
            f"Input parameter missing for '{name}'. The default value is used." for name in DEFAULTS if name not in sent
        ]


@pytest.mark.parametrize(
    ('inputs', 'spoilt', 'sound'),
    [
        ({'birth_date': 'long ago'}, 'age net_premium annual_premium instalment', 'end_date'),
        ({'birth_date': '1990-02-30'}, 'age net_premium annual_premium instalment', 'end_date'),
        ({'start_date': '2026-1-1'}, 'age net_premium annual_premium instalment end_date', ''),
        ({'sum_assured': 'much'}, 'net_premium annual_premium instalment', 'age end_date'),
        ({'interest_rate': '2 per cent'}, 'net_premium annual_premium instalment', 'age'),
        ({'term_years': 'long'}, 'net_premium annual_premium instalment', 'age'),
        ({'riders': [{'rider': 'flood'}]}, 'annual_premium instalment', 'net_premium age'),
        ({'frequency': 'weekly'}, 'instalment', 'annual_premium net_premium'),
    ],
    ids=str,
)
def test_what_is_no_value_spoils_what_depends_on_it_and_a_warning_names_it(
    api: Api, inputs: Json, spoilt: str, sound: str
) -> None:
    data = api.execute(inputs, 'insurance/term-life')['response_data']
    (warning,) = [entry['message'] for entry in data['warnings'] if 'source_path' not in entry]
    named = set(warning.partition(': ')[2].split(', '))
    assert [name for name in spoilt.split() if data['outputs'][name] != VALUE_ERROR] == []
    assert set(spoilt.split()) <= named
    assert not named & set(sound.split())


def rounded(value: float, digits: int) -> float:
    """Rounded half up, as the sample does."""
    parts: int = 10**digits
    return math.floor(value * parts + 0.5) / parts


def a_projection(inputs: Json) -> Json:
    """The outputs of a savings policy, month by month."""
    monthly: dict[str, list[float]] = {'death': [], 'lapse': [], 'growth': [], 'expense': []}
    for month in range(inputs['months']):
        (*_, row) = [row for row in inputs['assumptions'] if row['from_year'] <= month // 12]
        yearly = 1 - math.exp(-(0.0005 + 0.00004 * 1.1 ** (inputs['age'] + month // 12)))
        monthly['death'].append(1 - (1 - yearly) ** (1 / 12))
        monthly['lapse'].append(1 - (1 - row['lapse']) ** (1 / 12))
        monthly['growth'].append((1 + row['growth']) ** (1 / 12) - 1)
        monthly['expense'].append(row['expense'])
    fund, left = [0.0], [1.0]
    for death, lapse, growth, expense in zip(*monthly.values(), strict=True):
        risk = max(0.0, inputs['sum_assured'] - fund[-1])
        fund.append(max(0.0, (fund[-1] + inputs['premium'] - expense - risk * death) * (1 + growth)))
        left.append(left[-1] * (1 - death) * (1 - lapse))
    # From the end backwards, where the model adds up what follows each month.
    reserves, discount = [0.0], (1 + inputs['interest_rate']) ** (-1 / 12)
    for month in reversed(range(inputs['months'])):
        death, lapse = monthly['death'][month], monthly['lapse'][month]
        risk = max(0.0, inputs['sum_assured'] - fund[month])
        reserves.append(discount * (death * risk + (1 - death) * (1 - lapse) * reserves[-1]))
    reserves.reverse()
    months = range(inputs['months'])
    deaths = sum(left[m] * monthly['death'][m] * max(inputs['sum_assured'], fund[m]) for m in months)
    return {
        'fund_at_end': near(fund[-1], 1e5),
        'in_force_at_end': near(left[-1]),
        'premiums_paid': near(sum(left[m] for m in months) * inputs['premium'], 1e5),
        'death_benefits': near(deaths, 1e5),
        'cost_of_risk': near(reserves[0], 1e5),
        'projection': [
            {
                'month': m + 1,
                'age': inputs['age'] + m // 12,
                'in_force': pytest.approx(rounded(left[m + 1], 6), abs=1.1e-6),
                'premium': inputs['premium'],
                'expense': monthly['expense'][m],
                'fund': pytest.approx(rounded(fund[m + 1], 2), abs=0.011),
                'death_benefit': pytest.approx(rounded(max(inputs['sum_assured'], fund[m]), 2), abs=0.011),
                'reserve': pytest.approx(rounded(reserves[m], 2), abs=0.011),
            }
            for m in months
        ],
    }


@pytest.mark.thorough
def test_the_savings_policy_is_projected_as_its_formulas_say(api: Api) -> None:
    chance = random.Random(210)
    tables = [
        [{'from_year': 0, 'growth': 0.03, 'lapse': 0.1, 'expense': 10}],
        [
            {'from_year': 0, 'growth': 0.05, 'lapse': 0, 'expense': 0},
            {'from_year': 2, 'growth': -0.1, 'lapse': 0.5, 'expense': 25.5},
            {'from_year': 7, 'growth': 0, 'lapse': 0.01, 'expense': 3},
        ],
    ]
    records = [
        {
            'age': chance.randint(0, 90),
            'months': chance.choice([1, 11, 12, 13, 120, 600]),
            'premium': chance.choice([0, 50, 123.45, 2000]),
            'sum_assured': chance.choice([0, 10_000, 250_000]),
            'interest_rate': chance.choice([0, 0.02, 0.1]),
            'assumptions': chance.choice(tables),
        }
        for _ in range(60)
    ]
    answer = api.many(records, 'insurance/projection')
    for record, outputs in zip(records, answer['outputs'], strict=True):
        assert outputs == a_projection(record), record
    months = api.execute({'months': 601}, 'insurance/projection')['response_data']
    assert (months['outputs']['projection'], months['errors'][0]['source_path']) == ([], 'months')
    assert [len(answer['projection']) for answer in (api.outputs({}, 'insurance/projection'),)] == [300]


@pytest.mark.parametrize('path', sorted(PACKAGES.glob('*.zip')), ids=lambda path: path.name)
def test_a_sample_has_the_format_of_an_export_and_is_small(path: Any) -> None:
    assert path.stat().st_size < 200_000
    files = unzip(path.read_bytes())
    manifest = json.loads(files.pop('my-tenant/manifest.json'))['outputs']['service_versions']
    for entry in manifest:
        folder = 'my-tenant/{folder_source}/{service_source}/{version_source}'.format(**entry)
        assert entry['service_uri_source'] == '{folder_source}/{service_source}[{version_source}]'.format(**entry)
        assert json.loads(files.pop(f'{folder}/WASMMetaData.json')) == {'Revision': entry['version_source']}
        validations = json.loads(files.pop(f'{folder}/DefaultValidations.json'))
        assert list(validations) == ['outputs', 'warnings', 'errors', 'service_chain']
        description = json.loads(files.pop(f'{folder}/ModelMetaData.json'))
        engine = description['EngineInformation']
        assert (description['VersionId'], engine['ServiceGuid']) == (
            entry['version_id_source'],
            entry['service_id_source'],
        )
        packed = files.pop(f'{folder}/{entry["version_id_source"]}.zip')
        assert (engine['FileSize'], engine['FileMD5Hash']) == (len(packed), hashlib.md5(packed).hexdigest())
        model, name = unzip(packed), entry['service_source']
        lines = model.pop('checksums.md5').decode().splitlines()
        assert sorted(lines) == sorted(f'{hashlib.md5(data).hexdigest()}  {file}' for file, data in model.items())
        needed = {f'_{name}.js', f'_{name}.wasm', f'{name}DefaultValidations.json', f'{name}_CompilerLog.json'}
        assert needed <= model.keys() <= needed | {f'_{name}.data', f'{name}_static.json'}
        assert json.loads(model[f'{name}DefaultValidations.json']) == validations
    assert files == {}
    assert len(manifest) == {'cylinder.zip': 2}.get(path.name, 1)
