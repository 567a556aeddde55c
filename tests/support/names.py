"""Names of folders and services, of whatever characters a path can carry."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

SERVICE_ID = '7b0f4ffb-3f2a-4fd5-a8a4-3f4b5f6f1d52'


def carried(text: str) -> bool:
    """Whether a name can stand in a path, told another way than by the product."""
    plain = all(unicodedata.category(character) not in ('Cc', 'Cs') for character in text)
    return plain and all(part.strip() not in ('', '.', '..') for part in text.split('/'))


TEXT = st.text(st.characters() | st.sampled_from('/[].%?# '), min_size=1, max_size=12)
NAMES = TEXT.filter(carried)
PLAIN = NAMES.filter(lambda name: '/' not in name)
VERSIONS = NAMES.filter(lambda name: not set('[]/') & set(name))
