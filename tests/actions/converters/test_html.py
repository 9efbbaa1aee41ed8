"""HTML to words, and plain text to HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One <b>bold</b>\n  word</p><p>Two<br>lines</p>", "One bold word\n\nTwo\nlines"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ('<a href="https://e.org/a?b=1&amp;c">here</a>', "here (https://e.org/a?b=1&c)"),
        ('<a href="https://e.org">https://e.org</a> <a href="mailto:a@e.org">a@e.org</a>', "https://e.org a@e.org"),
        (
            '<a href="https://e.org"></a> <a href="https://e.org/2"><img alt="Logo"></a>',
            "https://e.org Logo (https://e.org/2)",
        ),
        ('<a href="javascript:alert(1)">no</a> <a href="#x">jump</a> <a>bare</a>', "no jump bare"),
        ("<ul><li>a<ul><li>aa</ul><li>b</ul>c", "- a\n  - aa\n- b\n\nc"),
        ('<ol start="3"><li><p>x</p></li><li>y</li></ol>', "3. x\n4. y"),
        ("<table><tr><th>A<th>B</tr><tr><td>1</td><td><p>2</p></td></tr></table>", "A | B\n1 | 2"),
        ("<h2>Title</h2>text", "## Title\n\ntext"),
        ("<pre>  a\n   b</pre>", "a\n   b"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<head><title>t</title><style>p{}</style></head><body>x<script>var a='</p>';</script>y", "xy"),
        ("<!-- c --><!DOCTYPE html><?xml?>x<!-->y<!--z", "xy"),
        ("<noscript>no</noscript><template>no</template><svg><text>no</text></svg>yes", "yes"),
        ("<div style='color:red; DISPLAY : none'>no<div>no</div>no</div>yes", "yes"),
        ("<span hidden>no</span><p style='visibility:hidden'>no<p>yes", "yes"),
        ("<b style='opacity:0.5'>yes</b><input hidden>yes", "yesyes"),
        ("a &lt; b &amp; c &eacute; &#233; &#xe9; &nope; &#0;", "a < b & c é é é &nope; \ufffd"),
        ("1 < 2 and 3 <4", "1 < 2 and 3 <4"),
        ("<p don't>it's</p>", "it's"),
        ('<a title="a > b" href=https://e.org>x</a>', "x (https://e.org)"),
        ('<a title="never closed>kept <b>words</b>', "kept words"),
        ("no tags\nat all", "no tags at all"),
        ("", ""),
    ],
)
def test_html_becomes_readable(source: str, text: str) -> None:
    assert FROM["from_html"](source) == text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ('a < b & "c" <script>', "<p>a &lt; b &amp; &quot;c&quot; &lt;script&gt;</p>"),
        ("\r\n a \r\n \r\n\r\nb\r\n", "<p>a</p><p>b</p>"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_text_becomes_escaped_paragraphs(text: str, source: str) -> None:
    assert TO["html"](text) == source


@given(st.text(st.sampled_from("ab<>&\"'/!-= \n"), max_size=60))
def test_text_makes_no_tags_of_its_own_and_comes_back(text: str) -> None:
    tags = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add((tag, *attrs))

    source = TO["html"](text)
    Reader().feed(source)

    assert tags <= {("p",), ("br",)}
    assert FROM["from_html"](source).split() == text.split()


@given(st.text(st.sampled_from("abp<>&\"'/!-= \n"), max_size=80))
def test_any_markup_is_read(source: str) -> None:
    assert isinstance(FROM["from_html"](source), str)


def test_deep_lists_do_not_multiply_the_text() -> None:
    source = "<ul><li>a" * 50_000

    assert len(FROM["from_html"](source)) < 3 * len(source)
