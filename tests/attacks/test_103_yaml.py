"""Attack 103: a manifest that is a bomb, a pit or a program is refused before anything walks or copies it."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.loading import parse_manifest

LEVELS = "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9))
BOMB = f"a: &a [{', '.join(['x'] * 9)}]\n{LEVELS}\n"
ATTACKS = {
    "alias bomb, 9 levels of 9": (BOMB, "50,000 values"),
    "one list named 100,000 times": (f"a: &a [{'x, ' * 5000}]\nb: [{'*a, ' * 100_000}]", "50,000 values"),
    "flow sequence 10,000 deep": ("a: " + "[" * 10_000, "nest"),
    "flow mapping 10,000 deep": ("a: " + "{x: " * 10_000, "nest"),
    "block sequence 10,000 deep": ("a:\n  " + "- " * 10_000 + "x", "40 levels"),
    "a call in Python": ("a: !!python/object/apply:os.system ['touch /tmp/attack_103']", "Tags"),
    "a Python name by another prefix": ("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.system x", "Tags"),
    "a verbatim tag": ("a: !<tag:yaml.org,2002:python/object:object> {}", "Tags"),
    "a million anchors": ("\n".join(f"k{n}: &a{n} x" for n in range(1_000_000)), "larger than"),
    "as many anchors as the size allows": ("\n".join(f"k{n}: &a{n} x" for n in range(50_000)), "64 anchors"),
    "more than a megabyte": ("a: " + "x" * 1_000_001, "larger than"),
    "a key of half a megabyte": (f"? {'k' * 500_000}\n: x\n", "200 characters"),
    "an alias of half a megabyte": (f"a: *{'k' * 500_000}\n", "not defined"),
    "two equal keys": ("name: demo\nname: github\n", "twice"),
    "two equal keys, one quoted": ("name: demo\n'name': github\n", "twice"),
    "a merge of itself": ("a: &a\n  <<: *a\n", "Merge keys"),
    "a list of itself": ("a: &a [*a]\n", "inside what it names"),
    "a mapping of itself": ("a: &a {b: *a}\n", "inside what it names"),
    "a key that is a structure": ("? [a, b]\n: c\n", "must be text"),
    "a key that is an alias of a structure": ("a: &a [x]\n? *a\n: c\n", "must be text"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_103_is_refused_within_a_second_and_100_mb(name: str) -> None:
    text, reason = ATTACKS[name]
    data = text.encode()
    tracemalloc.start()
    try:
        started = time.thread_time()
        manifest, problems = parse_manifest(data, Path("attack.yaml"))
        took_s = time.thread_time() - started
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert manifest is None
    assert len(str(problems[0])) < 1_000
    assert reason in problems[0].message, problems
    assert took_s < 1
    assert peak_bytes < 100_000_000
    assert not Path("/tmp/attack_103").exists()


def test_attack_103_leaves_the_other_manifests_serving(tmp_path: Path) -> None:
    for number, (text, _) in enumerate(ATTACKS.values()):
        (tmp_path / f"{number}.yaml").write_text(text)

    catalog = load_catalog([packaged_folder(), tmp_path], index_dir=tmp_path / "index")

    assert "demo" in catalog.connectors
    assert len(catalog.problems) == len(ATTACKS)
    (index,) = (tmp_path / "index").iterdir()
    assert len(index.read_text().splitlines()) == 2 * len(catalog.connectors)
