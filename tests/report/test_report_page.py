"""What a page says of real folders: outcome, attempts, forecast, marks, what could not be read."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser

import pytest
from report_world import GIB, NOW, World, stamp, whole

from trainer_tui.report import FORMATS, as_html, as_markdown, page_of
from trainer_tui.report.blocks import Chart, Group, Page, Section, Table

ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "h1",
        "h2",
    ),
    *(
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "div",
        "span",
        "a",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "pre",
        "code",
        "table",
    ),
    *(
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "b",
        "strong",
        "em",
        "s",
        "hr",
        "br",
        "blockquote",
    ),
    *("svg", "path", "text", "circle"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "aria-label", "aria-hidden"),
    *(
        "viewbox",
        "role",
        "d",
        "x",
        "y",
        "cx",
        "cy",
        "r",
        "text-anchor",
        "stroke-dasharray",
        "start",
        "title",
        "style",
    ),
}
EMPTY = {"meta", "br", "hr"}


class Strict(HTMLParser):
    """Reads a page and complains of whatever does not belong on it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, f"<{tag}> on the page"
        for name, value in attrs:
            assert name in ATTRIBUTES, f"{tag} {name}={value}"
            if name == "href":
                self.links.append(value or "")
            if name == "style":  # what the Markdown parser says of columns
                assert re.fullmatch(r"text-align:\w+", value or "")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment on the page: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration on the page: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction on the page: {data}")


def read(html: str) -> Strict:
    """The page, checked."""
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def section(page: Page, title: str) -> Section:
    """A part of the page."""
    return next(each for each in page.sections if each.title == title)


def charts(page: Page, title: str) -> dict[str, Chart]:
    """The charts of a part, of its first group."""
    group = section(page, title).blocks[0]
    assert isinstance(group, Group)
    return {block.title: block for block in group.blocks if isinstance(block, Chart)}


def test_the_outcome_comes_first(world: World):
    page = page_of(whole(world).facts())
    assert (page.sign, page.tone, page.outcome) == ("✔", "good", "passed")
    assert page.title == "model_3 #1 to #3" and page.sentence == "exit code 0, 8 of 9 gates passed"
    assert page.as_of == ""
    assert dict(page.figures) == {
        "full (5B) took": "2 min",
        "all runs took": "3 min 30 s",
        "peak memory": "3.0 GiB",
        "best val_loss": "0.16477 at epoch 120",
        "began": "2026-01-25 14:00",
    }


def test_every_attempt_is_named(world: World):
    whole(world)
    table = section(page_of(world.facts()), "Phases").blocks[0]
    assert isinstance(table, Table)
    assert [row[:4] for row in table.rows] == [
        ("#1", "quick (5A)", "1", "✔ passed"),
        ("#2", "full (5B)", "1", "✘ nan-loss"),
        ("#3", "full (5B)", "2", "✔ passed"),
    ]
    text = as_markdown(page_of(world.facts()))
    assert "#2 nan-loss: train_loss is nan at epoch 50" in text and "ada@gpu01: looks good" in text


def test_any_run_leads_to_its_watch_and_what_came_before_is_told(world: World):
    whole(world)
    failed = world.run("full")
    failed.end("cpu-oom", "the kernel killed it", code=137)
    again = world.run("full", retry_of=failed.folder.name)
    again.end("passed", "exit code 0")
    assert page_of(world.facts(2)).title == page_of(world.facts(1)).title == "model_3 #1 to #3"
    text = as_markdown(page_of(world.facts()))
    assert "Tried before, in 1 run since it last passed: #4 cpu-oom." in text


def test_the_forecast_stands_beside_what_came(world: World):
    table = section(page_of(whole(world).facts()), "Forecast and what came").blocks[0]
    assert isinstance(table, Table)
    assert table.rows == (
        ("duration", "1 min 30 s to 3 min 20 s", "2 min", "as expected"),
        ("peak memory", "1.0 GiB to 2.0 GiB", "3.0 GiB", "1.5 times the most that was expected"),
    )


def test_marks_stand_where_it_happened(world: World):
    run = world.run("full")
    run.history(100)
    run.machine(100)
    run.incident(50.4, id="a", facts={"row": 49})
    run.incident(70.4, id="b", severity="warning", message="by the clock")
    run.incident(71, id="c", severity="notice")
    run.end("nan-loss", "loss is nan", 100, 1)
    page = page_of(world.facts())
    assert [(mark.label, mark.x, mark.tone) for mark in charts(page, "Curves")["loss"].marks] == [
        ("1", 50.0, "bad"),
        ("2", 70.0, "warning"),
    ]
    places = [mark.x for mark in charts(page, "Machine")["CPU"].marks]
    assert places == pytest.approx([50.4, 70.4])
    html = as_html(page)
    assert html.count('class="mark bad"') == 4, "two charts of metrics, two of the machine"


def test_without_a_place_there_is_no_mark(world: World):
    run = world.run("full")
    run.history(100, names="epoch,train_loss,val_loss,rmse,other")
    run.incident(50, id="a")
    run.end("nan-loss", "x", 100, 1)
    assert charts(page_of(world.facts()), "Curves")["loss"].marks == ()


def test_a_living_run_says_as_of_when(world: World):
    run = world.run("full")
    run.history(30)
    page = page_of(world.facts(now=stamp(90)))
    assert page.outcome == "running" and page.as_of == "2026-01-25 14:01"
    assert dict(page.figures)["full (5B) took"] == "1 min 30 s"
    assert "As of 2026-01-25 14:01: it still runs." in as_html(page)


def test_changes_are_against_the_last_good_run(world: World):
    good = whole(world).model.find(3)
    assert good is not None
    again = world.run("full")
    for run, rate in ((good, "0.1"), (again.folder, "0.5")):
        run.source.mkdir()
        (run.source / "m.py").write_text(f"rate = {rate}\n")
    again.end("nan-loss", "loss is nan", code=1)
    html = as_html(page_of(world.facts()))
    assert (
        '<span class="removed">-rate = 0.1</span>' in html
        and '<span class="added">+rate = 0.5</span>' in html
    )
    assert "Against model_3/003-full" in html


def test_secrets_are_hidden_wherever_they_stand(world: World):
    run = world.run(
        "full",
        command=(
            "python",
            "m.py",
            "--api-key",
            "sk-123456",
            "--hub-token=hf_abcdef",
            "--tokenizer",
            "bert-base",
        ),
        env={"WANDB_API_KEY": "wandb-secret", "MODE": "fast", "DB": "postgres://ada:pass-word@db/x"},
    )
    run.incident(5, message="401 for wandb-secret", excerpt="key sk-123456 at https://u:letmein@host/")
    run.end("exception", "postgres://ada:pass-word@db refused hf_abcdef", code=1)
    for write in FORMATS.values():
        text = write(page_of(world.facts()))
        for secret in ("sk-123456", "hf_abcdef", "wandb-secret", "pass-word", "letmein"):
            assert secret not in text, secret
        assert "fast" in text and "bert-base" in text and "•••" in text


def test_the_same_folder_gives_the_same_page(world: World):
    whole(world)
    for write in FORMATS.values():
        assert write(page_of(world.facts())) == write(page_of(world.facts(now=stamp(7000))))


def test_the_page_needs_nothing_from_elsewhere(world: World):
    html = as_html(page_of(whole(world).facts()))
    parsed = read(html)
    # A link is named and leads to the web at most; a picture is never fetched, so it is a link, too.
    assert [link for link in parsed.links if not link.startswith("#s")] == ["http://evil/x.png"]
    assert "url(" not in html and "@import" not in html and "<script" not in html
    assert "It <b>diverged</b>" in "".join(parsed.text), "HTML of the diary is shown as text"
    assert "hint" not in "".join(parsed.text)
    assert len(html) < 200_000


HOSTILE = (
    "<script>alert(1)</script>",
    "]]><svg/onload=alert(1)>",
    "\x1b[31m\x1b]0;title\x07red",
    "</style></title></pre><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "<!-- --><!DOCTYPE x><?php ?>",
    "\u202eevil\u2066 \ud800 &lt;b&gt; &#60;i>",
    "a|b`c*d_e[f](javascript:alert(1))",
)


def hostile(world: World) -> Page:
    """A watch whose every text comes from somebody who means ill."""
    text = "".join(HOSTILE)
    asked = text.replace("\ud800", "")  # no JSON document can hold it; events are escaped
    run = world.run(
        "full",
        plan={"env": {asked: asked}, "main_metric": asked.replace(",", ""), "converged": asked},
        command=("python", asked),
        git={"commit": asked},
    )
    column = "".join(HOSTILE).replace('"', "").replace(",", "").encode("utf-8", "replace").decode()
    run.folder.history.write_text(
        f"epoch,{column},val/{column}\n" + "".join(f"{n},{n},{n}\n" for n in range(1, 40))
    )
    run.folder.results.write_bytes(f"{column},x\n{column},1\n".encode("utf-8", "replace"))
    run.incident(
        5,
        kind=text,
        message=text,
        excerpt=f"{text}\n{text}",
        hypotheses=(text,),
        frames=(text,),
        facts={text: text, "row": 3, "machine": {text: text}},
    )
    run.event(6, "gates", results=[{"name": text, "state": "failed", "sentence": text, "advice": text}])
    run.event(7, "note", text=text, by=text)
    run.event(8, "phase-skipped", phase=text, why=text)
    run.end("exception", text, code=1)
    (run.folder.path / "tags.json").write_text('{"tags": ["<script>"], "note": "<img src=x>"}')
    world.diary.write_text(
        f"## Dev Diary Entry #1\n\n**Run**: {run.folder.name}\n\n"
        + "\n\n".join(HOSTILE).encode("utf-8", "replace").decode()
        + "\n\n```\n</code></pre><script>\n```\n\n[x](data:text/html,x) <http://evil> ![p](http://evil/p.png)\n"
    )
    return page_of(world.facts())


def test_nothing_from_outside_becomes_markup(world: World):
    html = as_html(hostile(world))
    parsed = read(html)
    assert not [link for link in parsed.links if not link.startswith(("#s", "http://evil"))]
    assert "<script>alert(1)</script>" in "".join(parsed.text), "it is shown, as text"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


def test_nothing_from_outside_becomes_markup_in_markdown(world: World):
    from markdown_it import MarkdownIt

    page = hostile(world)
    without_diary = [s for s in page.sections if s.title != "Diary"]  # that is Markdown, a person's own
    text = as_markdown(
        Page(**{f: getattr(page, f) for f in Page.__slots__} | {"sections": tuple(without_diary)})
    )
    parsed = Strict()
    parsed.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert parsed.links == []
    assert "\x1b" not in text


def test_what_cannot_be_read_is_named(world: World):
    run = world.run("full")
    run.end("passed", "exit code 0")
    run.folder.history.mkdir()
    run.folder.results.mkdir()
    run.folder.telemetry.write_bytes(b"\xff\x00,,,\n\n,")
    world.diary.mkdir(parents=True)
    text = as_markdown(page_of(world.facts()))
    assert "training_history.csv: Is a directory" in text
    assert "results.csv cannot be read: Is a directory" in text
    assert "dev_diary.md" in text


def test_a_folder_with_nothing_in_it_still_gives_a_page(world: World):
    folder = world.model.new_run("full")
    page = page_of(world.facts())
    assert page.outcome == "starting" and "run.json is missing" in as_html(page)
    assert folder.name in page.footer


def test_a_diverging_loss_leaves_a_chart_that_can_be_read(world: World):
    run = world.run("full")
    rows = [(n, 0.5 if n < 90 else 10.0 ** (20 * (n - 89)) if n < 95 else math.inf) for n in range(1, 101)]
    run.folder.history.write_text("epoch,train_loss\n" + "".join(f"{n},{v}\n" for n, v in rows))
    run.end("nan-loss", "x", code=1)
    chart = charts(page_of(world.facts()), "Curves")["train_loss"]
    assert max(y for line in chart.lines for piece in line.pieces for _, y in piece) == 0.5
    assert chart.note == "5 values beyond 5e+03 not drawn; train_loss has no finite value from epoch 95 on"


def test_memory_is_that_of_the_job_at_its_highest(world: World):
    run = world.run("full")
    run.machine(50)
    run.folder.telemetry.write_text(run.folder.telemetry.read_text().replace("1.0521e+09", f"{9 * GIB}"))
    run.end("passed", "x")
    assert dict(page_of(world.facts(now=NOW)).figures)["peak memory"] == "3.0 GiB"
