"""One error tree: every leaf has a code of its own, a fault and a sentence."""

from __future__ import annotations

import pytest

from connectory import errors
from connectory.errors import ConnectoryError
from connectory.spelling import did_you_mean, nearest


def leaves() -> list[type[ConnectoryError]]:
    """Every class of the tree that nothing derives from."""
    found, waiting = [], [ConnectoryError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if not kind.__subclasses__():
            found.append(kind)
    return [kind for kind in found if kind.__module__ == errors.__name__]


def test_every_leaf_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in leaves()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", leaves(), ids=lambda kind: kind.__name__)
def test_every_leaf_stands_in_the_tree_at_the_top_and_has_a_sentence(kind: type[ConnectoryError]) -> None:
    assert kind.__doc__
    assert kind.__name__ in (errors.__doc__ or "")


def test_the_text_is_the_message_and_what_to_do() -> None:
    assert ConnectoryError("It failed.", hint="Try again.").text == "It failed. Try again."
    assert ConnectoryError("It failed.").text == "It failed."


@pytest.mark.parametrize(
    ("word", "first"),
    [("githb", "github"), ("GitHub", "github"), ("hub", "github"), ("github_list_issue", "github_list_issues")],
)
def test_the_nearest_name_comes_first(word: str, first: str) -> None:
    assert nearest(word, ["github", "gitlab", "github_list_issues", "stripe"])[0] == first


def test_nothing_near_is_no_question() -> None:
    assert did_you_mean("zzzzzz", ["github"]) == ""
