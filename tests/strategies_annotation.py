"""Strategies for annotations: any that a parser may return, and such as keep to the rules."""

from hypothesis import strategies as st

from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_json import ABSENT

VERBS = ["stir", "open", "bring", "string", "swing", "ring", "sing", "feed", "press", "focus"]
OBJECTS = ["sauce", "red jar", "string beans", "bell", "eggs", "boiling water", "cutting board"]
ACTORS = ["the woman in a red apron", "a tan dog", "two boys", "a hand"]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).map(
    lambda text: text.strip() or "."
)
action_texts = texts.map(lambda text: NOBODY if ABSENT.fullmatch(text) else text)
annotations = st.builds(
    Annotation,
    st.builds(Summary, brief=texts, detailed=texts),
    st.builds(Action, brief=action_texts, detailed=action_texts, actor=action_texts),
)


@st.composite
def good_annotations(draw: st.DrawFn) -> Annotation:
    """Such as keep to every rule."""
    verb, thing = draw(st.sampled_from(VERBS)), draw(st.sampled_from(OBJECTS))
    actor, where = draw(st.sampled_from(ACTORS)), draw(st.sampled_from(["kitchen", "yard"]))
    summary = Summary(
        f"In a {where} {actor} handles {thing}.",
        f"In a bright {where} {actor} handles {thing} for a while. Nobody else is in the picture.",
    )
    if draw(st.integers(0, 4)) == 0:
        return Annotation(summary, Action(NOBODY, NOBODY, NOBODY))
    detailed = f"{verb.capitalize()} the {thing} slowly with the right hand in the {where}."
    return Annotation(summary, Action(f"{verb} {thing}", detailed, actor))
