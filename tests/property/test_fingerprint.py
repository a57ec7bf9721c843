import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.fingerprint import fingerprint, fingerprint_of, video_id

json = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=4), json, max_size=4), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, object], random: object) -> None:
    items = list(value.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert fingerprint_of(dict(items)) == fingerprint_of(value)  # type: ignore[arg-type]


@given(json, json)
def test_different_values_have_different_names(a: object, b: object) -> None:
    same = repr(a) == repr(b)
    assert (fingerprint_of(a) == fingerprint_of(b)) >= same  # type: ignore[arg-type]
    if a != b:
        assert fingerprint_of(a) != fingerprint_of(b)  # type: ignore[arg-type]


def test_nan_has_no_name() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        fingerprint_of(float("nan"))


def test_only_a_sha256_is_a_fingerprint() -> None:
    digest = hashlib.sha256(b"film").hexdigest()
    assert video_id(fingerprint(digest)) == digest[:16]
    for wrong in ("", digest[:-1], digest.upper(), digest + "\n"):
        with pytest.raises(ValueError, match="not a sha256"):
            fingerprint(wrong)
