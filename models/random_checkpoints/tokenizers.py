"""Small real tokenizers for checkpoints of random numbers: trained on a page of text in eight languages."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

TEXT = """\
There is a chair one metre ahead, at two o'clock. Keep left of the table and stop at the kerb.
What is in front of me? A door, half open. Is the path clear? No: a bicycle stands in the way.
USER: Describe the picture. ASSISTANT: A person walks along a corridor; the lamp hangs at head height.
How many steps go down? 12 steps, 0.17 m each. Answer in at most ten words, please!
A chat between a curious user and an artificial intelligence assistant.
The assistant gives helpful, detailed, and polite answers to the user's questions.
Links steht ein Stuhl, rechts führt die Treppe hinunter. Vorsicht: Äste in Kopfhöhe, größer als üblich.
Hay una silla a un metro. ¿Qué hay delante? ¡Cuidado con el escalón! El niño está aquí.
Une porte à gauche, où êtes-vous ? La forêt, un cœur, déjà vu.
सामने एक कुर्सी है। रास्ता साफ़ है या नहीं?
前面有一把椅子，请向左走。门是开着的。
前に椅子があります。止まってください。
Впереди лестница, осторожно.  Two  spaces,\ta tab,\n\nand an empty line: def f(x): return x ** 2  # 🦮 🚶
"""


@lru_cache
def sentencepiece_model(style: Literal["llama", "gemma"]) -> bytes:
    """A byte-pair SentencePiece model with byte fallback, set up like Llama's or like Gemma's."""
    import sentencepiece

    styles: dict[str, dict[str, Any]] = {
        "llama": {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1, "add_dummy_prefix": True},
        "gemma": {
            "pad_id": 0,
            "eos_id": 1,
            "bos_id": 2,
            "unk_id": 3,
            "add_dummy_prefix": False,
            "eos_piece": "<eos>",
            "bos_piece": "<bos>",
            "user_defined_symbols": ["\n", "\n\n"],
        },
    }
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines()),
        model_writer=model,
        model_type="bpe",
        vocab_size=640,
        character_coverage=0.98,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        minloglevel=2,
        num_threads=1,
        **styles[style],
    )
    return model.getvalue()


@lru_cache
def byte_level_json() -> str:
    """A byte-level BPE tokenizer like GPT-2's, as the JSON of the tokenizers library."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        TEXT.splitlines(), vocab_size=500, special_tokens=["<|endoftext|>"], show_progress=False
    )
    return str(tokenizer.to_str())


def write_byte_level(folder: Path) -> dict[str, Path]:
    """vocab.json and merges.txt of the byte-level tokenizer, as GPT-2's and Phi-2's are saved; by argument name."""
    folder.mkdir(parents=True, exist_ok=True)
    model: dict[str, Any] = json.loads(byte_level_json())["model"]
    files = {"vocab_file": folder / "vocab.json", "merges_file": folder / "merges.txt"}
    files["vocab_file"].write_text(json.dumps(model["vocab"]), encoding="utf-8")
    merges = [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]
    files["merges_file"].write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    return files


def save_llama(folder: Path, extra: tuple[str, ...] = ()) -> Any:
    """Save a Llama tokenizer with both of its files, and give the fast one."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.model"
    path.write_bytes(sentencepiece_model("llama"))
    tokenizer = transformers.LlamaTokenizerFast(vocab_file=str(path), legacy=True, add_prefix_space=True)
    if extra:
        tokenizer.add_tokens([transformers.AddedToken(t, special=True, normalized=False) for t in extra])
    tokenizer.save_pretrained(folder)
    forget(folder / "tokenizer_config.json", "add_prefix_space")
    return tokenizer


def save_gemma(folder: Path) -> Any:
    """Save a Gemma tokenizer with PaliGemma's places, segments and image token, and give it."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.model"
    path.write_bytes(sentencepiece_model("gemma"))
    tokenizer = transformers.GemmaTokenizerFast(vocab_file=str(path))
    places = [f"<loc{i:04}>" for i in range(1024)] + [f"<seg{i:03}>" for i in range(128)]
    tokenizer.add_tokens([transformers.AddedToken(t, normalized=False) for t in places])
    tokenizer.add_tokens([transformers.AddedToken("<image>", special=True, normalized=False)])
    tokenizer.save_pretrained(folder)
    return tokenizer


def forget(path: Path, key: str) -> None:
    """Published Llama tokenizers do not state this key, which would have tokenizer.json converted anew."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data.pop(key, None)
    path.write_text(json.dumps(data, indent=2), encoding="utf-8")
