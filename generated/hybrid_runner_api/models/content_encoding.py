from typing import Literal

ContentEncoding = Literal["deflate", "gzip"]

CONTENT_ENCODING_VALUES: set[ContentEncoding] = {
    "deflate",
    "gzip",
}


def check_content_encoding(value: str) -> ContentEncoding:
    if value in CONTENT_ENCODING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CONTENT_ENCODING_VALUES!r}")
