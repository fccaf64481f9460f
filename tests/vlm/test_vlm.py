"""The model of tiny bundles with random weights: what it is asked for it does, and bad bundles raise."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from vlm.vlm_bundle import EOS, IMAGE_TOKENS, PROMPT, SIDE, WIDTH, bundle, picture, write_bundle

from edge_nav.bundle import open_bundle
from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.vlm.background_vlm import BackgroundVlm
from edge_nav.vlm.llama import Interrupted, Llama, Sizes
from edge_nav.vlm.trial import try_out
from edge_nav.vlm.vlm import CUT, Vlm, llm_file, open_vlm
from edge_nav.vlm.vlm_settings import VlmSettings

ONE = VlmSettings(threads=1)
KINDS: list[dict[str, Any]] = [
    {"arch": "llama", "attention": "causal"},
    {"arch": "gemma", "attention": "causal"},
    {"arch": "gemma", "attention": "prefix"},
]


def never() -> bool:
    return False


def tokens(vlm: Vlm, rgb: Any, question: str, most: int = 12) -> list[int]:
    return list(vlm.tokens(rgb, question, never, most))


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind.values()))
def vlm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vlm]:
    with open_vlm(bundle(tmp_path / "b", **request.param), ONE) as opened:
        yield opened


@pytest.fixture
def causal(tmp_path: Path) -> Iterator[Vlm]:
    with open_vlm(bundle(tmp_path / "b"), ONE) as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_what_is_kept_changes_no_answer(kind: dict[str, Any], tmp_path: Path) -> None:
    opened = bundle(tmp_path / "b", **kind)
    asked = [(0, "what"), (0, "a chair"), (1, "a chair"), (0, "what"), (0, "what"), (1, "the door is red")]
    alone = []
    for seed, question in asked:
        with open_vlm(opened, ONE) as fresh:
            alone.append(tokens(fresh, picture(seed), question))
    with open_vlm(opened, ONE) as vlm:
        kept = []
        for (seed, question), wanted in zip(asked, alone, strict=True):
            assert tokens(vlm, picture(seed), question) == wanted
            kept.append(vlm.last.kept)
        prompt = vlm.last.prompt
    assert len({tuple(a) for a in alone}) > 3  # the picture and the question make a difference
    if kind["attention"] == "prefix":
        assert [k > 0 for k in kept] == [False, False, False, False, True, False]
    else:
        begin = kept[0]
        assert begin > 0
        assert kept[1] == begin + IMAGE_TOKENS
        assert kept[2] == kept[3] == begin
        assert begin + IMAGE_TOKENS < kept[4] < prompt


def test_a_picture_is_encoded_once(vlm: Vlm, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    embed = vlm._encoder.embed
    monkeypatch.setattr(vlm._encoder, "embed", lambda rgb: seen.append(1) or embed(rgb))
    for question in ("what", "a chair", "what"):
        tokens(vlm, picture(), question)
    tokens(vlm, picture(1), "what")
    tokens(vlm, picture(), "what")
    assert len(seen) == 2


def test_the_whole_block_sees_itself_in_prefix_attention(tmp_path: Path) -> None:
    """With causal attention the picture's part cannot know the question, with prefix attention it does."""
    answers = []
    for attention in ("causal", "prefix"):
        with open_vlm(bundle(tmp_path / attention, arch="gemma", attention=attention), ONE) as vlm:
            answers.append(tokens(vlm, picture(), "what is the door"))
    assert answers[0] != answers[1]


def test_cancelling_ends_it_within_a_token(vlm: Vlm) -> None:
    for after in (0, 1, 5):
        told: list[int] = []
        for token in vlm.tokens(picture(after), "what", lambda told=told, after=after: len(told) >= after, 50):
            told.append(token)
        assert len(told) == after
        assert vlm.last.ended == "cancelled"
    whole = tokens(vlm, picture(), "what")
    assert len(whole) == 12
    assert vlm.last.ended == "tokens"


def test_a_decode_is_interrupted_and_leaves_the_cache_as_it_was(causal: Vlm) -> None:
    llama = causal._llama
    used = llama.used
    llama.interrupt()
    with pytest.raises(Interrupted):
        llama.read_tokens([5, 6, 7], logits=True)
    assert llama.used == used
    llama.interrupt(False)
    llama.read_tokens([5, 6, 7], logits=True)
    assert llama.used == used + 3


def test_an_answer_left_alone_can_be_followed_by_another(causal: Vlm) -> None:
    wanted = tokens(causal, picture(), "what")
    begun = causal.tokens(picture(), "a chair", never)
    next(begun)
    begun.close()
    assert tokens(causal, picture(), "what") == wanted


def test_a_second_question_waits_for_the_first_or_gives_up(causal: Vlm) -> None:
    begun = causal.tokens(picture(), "what", never)
    next(begun)
    given_up = threading.Event()
    given_up.set()
    assert list(causal.tokens(picture(), "a chair", given_up.is_set)) == []
    begun.close()
    assert tokens(causal, picture(), "a chair") != []


def test_what_is_closed_answers_nothing_and_lives(causal: Vlm) -> None:
    waiting = causal.tokens(picture(), "what", never)
    causal.close()
    with pytest.raises(EdgeNavError, match="was closed"):
        next(waiting)
    causal.close()


def test_the_time_allowed_ends_it_and_says_so(tmp_path: Path) -> None:
    settings = VlmSettings(threads=1, budget_s=0.1, answer_tokens=200)
    with open_vlm(bundle(tmp_path / "b"), settings) as vlm:
        answer = vlm.answer(picture(), "what", never)
        pieces = [next(answer)]
        threading.Event().wait(0.15)  # whoever asks takes the time, and it is over
        pieces += answer
    assert vlm.last.ended == "time"
    assert pieces[-1] == CUT


def endless(path: Path) -> None:
    """A tower that never comes to its end."""
    true = numpy_helper.from_array(np.array(True), "true")
    body = helper.make_graph(
        [
            helper.make_node("Add", ["x", "one"], ["y"]),
            helper.make_node("Identity", ["goes_on"], ["still"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1]),
        ],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")],
    )
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "one_value"], ["begin"]),
        helper.make_node("Loop", ["often", "true", "begin"], ["end"], body=body),
        helper.make_node("Expand", ["end", "shape"], ["embeddings"]),
    ]
    constants = [
        true,
        numpy_helper.from_array(np.array(2**60, np.int64), "often"),
        numpy_helper.from_array(np.array([1], np.int64), "one_value"),
        numpy_helper.from_array(np.array([1, IMAGE_TOKENS, WIDTH], np.int64), "shape"),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [1, IMAGE_TOKENS, WIDTH])],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_a_tower_at_work_is_cut_short(tmp_path: Path) -> None:
    endless(tmp_path / "endless.onnx")
    opened = bundle(tmp_path / "b", files={"vision.onnx": (tmp_path / "endless.onnx").read_bytes()})
    with open_vlm(opened, VlmSettings(threads=1, budget_s=0.1)) as vlm:
        assert list(vlm.answer(picture(), "what", never)) == []
        assert vlm.last.ended == "time"


def test_it_ends_at_a_stop_token_without_saying_it(causal: Vlm, tmp_path: Path) -> None:
    first = tokens(causal, picture(), "what")
    stop = first[4]
    with open_vlm(bundle(tmp_path / "stops", stop_ids=[EOS, stop]), ONE) as vlm:
        assert tokens(vlm, picture(), "what") == first[: first.index(stop)]
        assert vlm.last.ended == "stop"


def test_characters_are_whole_though_tokens_are_not(causal: Vlm, monkeypatch: pytest.MonkeyPatch) -> None:
    byte = {b: 3 + b for b in range(256)}
    dog, umlaut = [byte[b] for b in "狗".encode()], [byte[b] for b in "ü".encode()]
    said = [259, 265, *dog, *umlaut, byte[0xE7]]
    monkeypatch.setattr(causal, "tokens", lambda *_: iter(said))
    pieces = list(causal.answer(picture(), "?", never))
    assert pieces == ["red", "狗", "ü", "\ufffd"]


def prompt(*runs: dict[str, Any]) -> list[dict[str, Any]]:
    return list(runs)


IMAGE, QUESTION = {"run": "image"}, {"run": "text", "text": "{question}"}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"width": 32, "vision": {"width": 32}}, "width 64"),
        ({"context": 1024}, "knows 512 positions"),
        ({"context": 64, "answer_tokens": 60}, "do not fit its context"),
        ({"stop_ids": [999]}, "token 999"),
        ({"prompt": prompt({"run": "tokens", "ids": [-1]}, IMAGE, QUESTION)}, "token -1"),
        ({"prompt": prompt(QUESTION)}, "one image"),
        ({"prompt": prompt(IMAGE, IMAGE, QUESTION)}, "one image"),
        ({"prompt": prompt(IMAGE, {"run": "text", "text": "hello"})}, "question"),
        ({"files": {"llm.gguf": b""}}, "cannot be loaded"),
        ({"files": {"llm.gguf": b"GGUF" + b"\xff" * 64}}, "cannot be loaded"),
        ({"files": {"vision.onnx": b"nonsense"}}, "no usable ONNX model"),
        ({"vision": {"image_size": 56}}, "manifest says [1, 3, 56, 56]"),
    ],
)
def test_a_bundle_that_does_not_fit_itself_raises(changes: dict[str, Any], word: str, tmp_path: Path) -> None:
    opened = bundle(tmp_path / "b", **changes)
    with pytest.raises(UsageError) as raised:
        open_vlm(opened, ONE)
    sentence = str(raised.value)
    assert word in sentence
    assert sentence.count("\n") == 0


def test_a_file_cut_short_raises(tmp_path: Path) -> None:
    whole = (write_bundle(tmp_path / "whole") / "llm.gguf").read_bytes()
    for share in (0.1, 0.5, 0.99):
        opened = bundle(tmp_path / "b", files={"llm.gguf": whole[: int(share * len(whole))]})
        with pytest.raises(UsageError, match=r"llm\.gguf cannot be loaded"):
            open_vlm(opened, ONE)


def test_a_file_that_llama_cpp_dies_of_raises(tmp_path: Path) -> None:
    """Two tokens of the same spelling end its process."""
    folder = write_bundle(tmp_path / "b")
    data = (folder / "llm.gguf").read_bytes()
    opened = bundle(tmp_path / "b", files={"llm.gguf": data.replace(b"<0x41>", b"<0x42>")})
    with pytest.raises(UsageError, match="died"):
        try_out(*llm_file(opened, ONE), never)
    try_out(*llm_file(bundle(tmp_path / "c"), ONE), never)


def test_the_tower_must_give_what_the_manifest_says(tmp_path: Path) -> None:
    with open_vlm(bundle(tmp_path / "b", vision={"tokens": 5}), ONE) as vlm, pytest.raises(UsageError, match="gives"):
        tokens(vlm, picture(), "what")


def test_a_question_too_long_raises_and_the_next_is_answered(vlm: Vlm) -> None:
    wanted = tokens(vlm, picture(), "what")
    with pytest.raises(UsageError, match="something shorter"):
        tokens(vlm, picture(), "a chair " * 300)
    assert tokens(vlm, picture(), "what") == wanted


def test_what_is_no_picture_raises(causal: Vlm) -> None:
    for rgb in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(UsageError, match="picture"):
            tokens(causal, rgb, "what")


def test_files_and_variants_that_are_not_there(tmp_path: Path) -> None:
    opened = bundle(tmp_path / "b")
    with pytest.raises(UsageError, match="is not there"):
        Llama(tmp_path / "nothing.gguf", Sizes(256, 32, 1))
    with pytest.raises(UsageError, match=r"dialogue\.vlm\.llm = 'q9'"):
        open_vlm(opened, VlmSettings(llm="q9"))
    with pytest.raises(UsageError, match=r"dialogue\.vlm\.vision = 'int3'"):
        open_vlm(opened, VlmSettings(vision="int3"))


def test_without_llama_cpp_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(UsageError, match=r"pip install 'edge-nav\[vlm\]'"):
        open_vlm(bundle(tmp_path / "b"), ONE)


def test_llama_cpp_stays_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with open_vlm(bundle(tmp_path / "b"), ONE) as vlm:
        tokens(vlm, picture(), "what")
        assert "CPU" in vlm.describe
    with pytest.raises(UsageError):
        open_vlm(bundle(tmp_path / "c", files={"llm.gguf": b"GGUF"}), ONE)
    assert capfd.readouterr() == ("", "")


def test_openvino_looks_the_same(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    folder = str(write_bundle(tmp_path / "b"))
    rows = []
    for backend in ("onnx", "openvino"):
        settings = VlmSettings(threads=1, vision_backend=backend)  # type: ignore[arg-type]
        with open_vlm(open_bundle(folder), settings) as vlm:
            rows.append(vlm._encoder.embed(picture()))
            assert len(tokens(vlm, picture(), "what")) == 12
    assert np.abs(rows[0] - rows[1]).max() < 0.05 * rows[0].std()


def on_a_thread(job: Any) -> Any:
    """It makes its thread give way, which the tests' own should not."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(list(job()))
        except EdgeNavError as e:
            found.append(e)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_a_walk_s_model_loads_late_and_answers(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    late = BackgroundVlm(str(folder), ONE)
    try:
        assert on_a_thread(lambda: late.answer(picture(), "what", lambda: True)) == []
        said = on_a_thread(lambda: late.answer(picture(), "what", never))
    finally:
        late.close()
    with open_vlm(open_bundle(str(folder)), ONE) as vlm:
        assert "".join(said) == "".join(vlm.answer(picture(), "what", never))


def test_a_model_that_cannot_be_loaded_says_so_when_asked(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", files={"llm.gguf": b"GGUF"})
    late = BackgroundVlm(str(folder), ONE)
    try:
        failure = on_a_thread(lambda: late.answer(picture(), "what", never))
    finally:
        late.close()
    assert isinstance(failure, EdgeNavError)
    assert "llm.gguf cannot be loaded" in str(failure)


def test_the_prompt_is_what_the_manifest_says(causal: Vlm) -> None:
    runs = causal.prompt.runs("what", causal._pictures.look(picture()))
    assert [type(run).__name__ for run in runs] == ["Tokens", "Image", "Tokens"]
    assert runs[0].ids[0] == PROMPT[0]["ids"][0]  # type: ignore[union-attr]
    assert b"".join(map(causal._llama.model.piece, runs[2].ids)) == b" what :"  # type: ignore[union-attr]


@pytest.mark.parametrize("question", ["</s> what", "<s><s></s>", "a</s>", "<unk>", "<</s>/s>"])
def test_no_special_token_comes_out_of_a_question(causal: Vlm, question: str) -> None:
    runs = causal.prompt.runs(question, causal._pictures.look(picture()))
    ids = runs[2].ids  # type: ignore[union-attr]
    assert not any(causal._llama.model.is_special(i) for i in ids)
    assert len(ids) > 3
