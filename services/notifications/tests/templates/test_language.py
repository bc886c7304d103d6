"""What templates may do, and the attacks they must withstand."""

import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from services.notifications.templates.errors import TemplateInvalid
from services.notifications.templates.language import MAX_RESULT, MAX_SOURCE, check, render
from services.notifications.templates.texts import one_line

ATTACKS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name.__class__ }}",
    "{{ name['__class__'] }}{{ [].append }}",
    "{{ name|attr('__class__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context }}",
    "{{ 'x' * 10**10 }}",
    "{{ 'x' ~ 'y' }}",
    "{{ 1 + 1 }}",
    "{{ 10 ** 10 }}",
    "{{ 1 // 0 }}",
    "{{ -x }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ 'x'|center(1000000000) }}",
    "{{ '%1000000000s'|format('x') }}",
    "{{ 'x'|replace('x', 'xxxxxxxx') }}",
    "{{ 'x'|indent(1000000) }}",
    "{{ range(100000000) }}",
    "{% for i in range(100000000) %}x{% endfor %}",
    "{% for i in [1, 2, 3] %}x{% endfor %}",
    "{% for i in 'abc' %}x{% endfor %}",
    "{% for i in lines|list %}x{% endfor %}",
    "{% for a in lines %}{% for b in lines %}x{% endfor %}{% endfor %}",
    "{% for a in lines recursive %}{{ loop(lines) }}{% endfor %}",
    "{% for a in lines if a %}x{% endfor %}",
    "{% for a, b in lines %}x{% endfor %}",
    "{% set x = 1 %}",
    "{% macro m() %}x{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% raw %}x{% endraw %}{{ namespace() }}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{{ name|safe }}",
    "{{ name|upper(*lines) }}",
    "{{ name|default(name) }}",
    "{{ name|default(value='x') }}",
    "{{ lines[0:1] }}",
    "{{ lines[0] }}",
    "{{ [name, name] }}",
    "{{ {'a': name} }}",
    "{{ (name, name) }}",
    "{{ name is callable }}",
    "{{ name if name }}",
    "{{ _secret }}",
    "{{ name",
    "{% if %}",
    "{% endif %}",
    "{{ " + "(" * 500 + "x" + ")" * 500 + " }}",
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{{ not " + "not " * 3000 + "x }}",
    "x" * (MAX_SOURCE + 1),
]


@pytest.mark.parametrize("source", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_is_refused_at_once(source: str) -> None:
    # Of its own CPU, so that what else the machine does is no attack.
    started = time.thread_time()
    with pytest.raises(TemplateInvalid):
        check(source)
    assert time.thread_time() - started < 1


def test_variables_conditions_filters_and_one_loop_work() -> None:
    source = (
        "{% if name %}{{ name|trim|upper }}{% elif x is defined %}-{% else %}nobody{% endif %}"
        "{% for line in order.lines %} {{ line.name }}={{ line['total']|money }}{% endfor %}"
        "{{ missing.deeper|default('!') }}{% if order.n >= 2 and not missing %} many{% endif %} {{ order.at|date }}"
    )
    values = {
        "name": " Thandi ",
        "order": {
            "n": 2,
            "at": "2026-11-20T10:00:00Z",
            "lines": [{"name": "a", "total": {"amount": 150, "currency": "ZAR"}}],
        },
    }
    assert render(source, values) == "THANDI a=ZAR 1.50! many 2026-11-20"


def test_keys_win_over_methods_and_no_attribute_is_reached() -> None:
    assert render("{{ order.items }}{{ order.keys }}", {"order": {"items": "mine"}}) == "mine"
    assert render("{{ name.upper }}", {"name": "x"}) == ""


def test_a_result_that_is_too_long_is_refused_before_it_is_built() -> None:
    with pytest.raises(TemplateInvalid):
        render("{{ x }}" * 2000, {"x": "y" * 1_000_000})
    rows = [{"x": "y" * 2000}] * 100_000
    with pytest.raises(TemplateInvalid):
        render("{% for row in rows %}{{ row.x }}{% endfor %}", {"rows": rows})


def test_values_are_plain_data_whatever_is_given() -> None:
    class Hostile:
        def __str__(self) -> str:
            return "plain"

    assert render("{{ x }}", {"x": Hostile()}) == "plain"
    assert render("{{ x }}", {"x": Markup("<b>")}, html=True) == "&lt;b&gt;"
    assert render("{{ x }}", {"x": 10**5000}) == "0"


def test_a_failing_filter_is_a_problem_of_the_template() -> None:
    for source in ("{{ x|money }}", "{{ y|date }}", "{% for a in n %}x{% endfor %}"):
        with pytest.raises(TemplateInvalid):
            render(source, {"x": {"amount": "a"}, "y": "yesterday", "n": 5})


@given(st.text(max_size=200))
def test_html_values_are_escaped(value: str) -> None:
    result = render("<p>{{ x }}</p>", {"x": value}, html=True)
    inner = result.removeprefix("<p>").removesuffix("</p>")
    assert not set(inner) & set("<>\"'")
    assert unescape(inner) == value
    assert len(render("{{ x|e }}", {"x": value}, html=True)) <= 5 * len(value)


@given(st.text(max_size=300))
def test_a_subject_is_always_one_line(value: str) -> None:
    subject = one_line(render("Order {{ x }}", {"x": value}))
    assert len(subject.splitlines()) <= 1
    assert not any(ord(character) < 32 for character in subject)
    assert len(subject) <= 200


def test_the_limit_is_a_real_one() -> None:
    assert len(render("{{ x }}" * 50, {"x": "y" * 2000})) <= MAX_RESULT
