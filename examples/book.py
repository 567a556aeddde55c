"""A book of policies, from a file into a file: a run is ended in the middle, and goes on where it was."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import cspark.wasm as Hybrid

PACKAGE = Path(__file__).resolve().parent.parent / 'samples' / 'packages' / 'term-life.zip'
SERVICE = 'insurance/term-life[0.3.0]'  # with its version: the results of two would not belong together


def write_book(path: Path, count: int) -> None:
    """Some policies; one of them has a birth date that is none."""
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['birth_date', 'sum_assured', 'smoker'])
        for number in range(count):
            born = f'{1955 + number % 45}-{1 + number % 12:02d}-{1 + number % 28:02d}' if number != 77 else 'unknown'
            writer.writerow([born, 100_000 + 1_000 * (number % 200), 'yes' if number % 4 == 0 else 'no'])


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Hybrid.LocalRunner(PACKAGE) as runner,
        runner.client() as hybrid,
    ):
        book, premiums, night = Path(folder, 'book.csv'), Path(folder, 'premiums.csv'), Path(folder, 'night.db')
        write_book(book, 3_000)
        wanted: Hybrid.ManyOptions = {'selected_outputs': 'annual_premium', 'on_error': 'collect', 'checkpoint': night}

        for result in hybrid.services.execute_many(SERVICE, book, **wanted):
            if result.index == 1_000:
                print('left after record', result.index)
                break  # as if the machine had been switched off

        print(hybrid.services.execute_many(SERVICE, book, **wanted).write(premiums), 'records in', premiums.name)

        with premiums.open(newline='') as file:
            for row in csv.DictReader(file):
                if not row['annual_premium']:
                    print('record', row['index'], 'has no premium:', row['warnings'][-80:])


if __name__ == '__main__':
    main()
