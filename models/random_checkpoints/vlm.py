"""Full-size vision-language checkpoints of random numbers, in the shapes of the published configurations.

Their tokenizers are small ones of our own in vocabularies of the published sizes: the rows that are left over are
there, and take part in every multiplication.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.random_checkpoints.tokenizers import forget, save_gemma, save_llama, write_byte_level
from models.random_checkpoints.writing import Parts, Recipe, values

if TYPE_CHECKING:
    from torch import nn

LLAMA_TOKENS, GEMMA_TOKENS = 642, 1793
"""What the small tokenizers come to, the image token the last of them but LLaVA's padding."""


def _paligemma_3b() -> nn.Module:
    """https://huggingface.co/google/paligemma-3b-pt-224: SigLIP-So400m/14 at 224 pixels, Gemma-2B."""
    from transformers import GemmaConfig, PaliGemmaConfig, PaliGemmaForConditionalGeneration, SiglipVisionConfig

    vision = SiglipVisionConfig(
        hidden_size=1152,
        intermediate_size=4304,
        num_hidden_layers=27,
        num_attention_heads=16,
        image_size=224,
        patch_size=14,
        vision_use_head=False,
        projection_dim=2048,
    )
    text = GemmaConfig(
        vocab_size=257216,
        hidden_size=2048,
        intermediate_size=16384,
        num_hidden_layers=18,
        num_attention_heads=8,
        num_key_value_heads=1,
        head_dim=256,
        max_position_embeddings=8192,
        hidden_activation="gelu_pytorch_tanh",
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    config = PaliGemmaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=GEMMA_TOKENS - 1,
        vocab_size=257216,
        projection_dim=2048,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    module: nn.Module = PaliGemmaForConditionalGeneration(config)
    return module


def _paligemma_files(folder: Path) -> None:
    from transformers import PaliGemmaProcessor, SiglipImageProcessor

    pixels = SiglipImageProcessor(size={"height": 224, "width": 224}, resample=3)
    pixels.image_seq_length = 256
    PaliGemmaProcessor(pixels, _counted(save_gemma(folder), GEMMA_TOKENS)).save_pretrained(folder)


def _llava_7b() -> nn.Module:
    """https://huggingface.co/llava-hf/llava-1.5-7b-hf: CLIP ViT-L/14 at 336 pixels, Vicuna-7B-v1.5."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    vision = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        image_size=336,
        patch_size=14,
        projection_dim=768,
    )
    text = LlamaConfig(
        vocab_size=32064,
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        max_position_embeddings=4096,
        rms_norm_eps=1e-5,
        bos_token_id=1,
        eos_token_id=2,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=LLAMA_TOKENS - 2,
        pad_token_id=LLAMA_TOKENS - 1,
        tie_word_embeddings=False,
    )
    module: nn.Module = LlavaForConditionalGeneration(config)
    return module


def _llava_files(folder: Path) -> None:
    from transformers import CLIPImageProcessor, LlavaProcessor

    tokenizer = _counted(save_llama(folder, ("<image>", "<pad>")), LLAMA_TOKENS)
    tokenizer.pad_token = "<pad>"
    pixels = CLIPImageProcessor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
    LlavaProcessor(
        pixels, tokenizer, patch_size=14, vision_feature_select_strategy="default", num_additional_image_tokens=1
    ).save_pretrained(folder)
    forget(folder / "tokenizer_config.json", "add_prefix_space")


def _phi_2() -> nn.Module:
    """https://huggingface.co/microsoft/phi-2."""
    from transformers import PhiConfig, PhiForCausalLM

    config = PhiConfig(
        vocab_size=51200,
        hidden_size=2560,
        intermediate_size=10240,
        num_hidden_layers=32,
        num_attention_heads=32,
        max_position_embeddings=2048,
        partial_rotary_factor=0.4,
        bos_token_id=0,
        eos_token_id=0,
    )
    module: nn.Module = PhiForCausalLM(config)
    return module


def _phi_files(folder: Path) -> None:
    from transformers import CodeGenTokenizerFast

    files = {name: str(path) for name, path in write_byte_level(folder).items()}
    CodeGenTokenizerFast(**files).save_pretrained(folder)


def _tiny_clip() -> nn.Module:
    """https://huggingface.co/wkcn/TinyCLIP-ViT-61M-32-Text-29M-LAION400M: its vision tower, 12 layers of width 640."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    vision = CLIPVisionConfig(
        hidden_size=640,
        intermediate_size=2560,
        num_hidden_layers=12,
        num_attention_heads=10,
        image_size=224,
        patch_size=32,
        hidden_act="gelu",
        projection_dim=512,
    )
    text = CLIPTextConfig(
        hidden_size=512, intermediate_size=2048, num_hidden_layers=9, num_attention_heads=8, projection_dim=512
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=512)
    module: nn.Module = CLIPModel(config)
    return module


def _clip_files(folder: Path) -> None:
    from transformers import CLIPImageProcessor

    size = {"height": 224, "width": 224}
    CLIPImageProcessor(size={"shortest_edge": 224}, crop_size=size).save_pretrained(folder)


def _join(folder: Path, seed: int) -> int:
    """The projector's two files and parts.yaml."""
    import torch

    linear = {"weight": torch.Size((2560, 640)), "bias": torch.Size((2560,))}
    square, row = torch.Size((2560, 2560)), torch.Size((2560,))
    block = {
        "pre_norm.weight": row,
        "pre_norm.bias": row,
        "proj.0.weight": square,
        "proj.0.bias": row,
        "proj.2.weight": square,
        "proj.2.bias": row,
    }
    for file, shapes in (("projection.pth", linear), ("resblock.pth", block)):
        torch.save({name: values(f"{file} {name}", shape, seed) for name, shape in shapes.items()}, folder / file)
    parts = "decoder: phi-2\ntower: tinyclip\nprojector: [projection.pth, resblock.pth]\n"
    (folder / "parts.yaml").write_text(parts, encoding="utf-8")
    return sum(shape.numel() for shape in (*linear.values(), *block.values()))


def _counted(tokenizer: Any, count: int) -> Any:
    """The configs name tokens by number, so the tokenizer must have come out as reckoned."""
    if len(tokenizer) != count:
        raise RuntimeError(f"the tokenizer has {len(tokenizer)} tokens instead of {count}")
    return tokenizer


VLM_RECIPES: dict[str, Recipe] = {
    "paligemma-3b-224": Recipe(_paligemma_3b, finish=_paligemma_files, dtype="bfloat16"),
    "llava-1.5-7b": Recipe(_llava_7b, finish=_llava_files, dtype="float16"),
}
VLM_PARTS: dict[str, Parts] = {
    "phi-2-tinyclip": Parts(
        {
            "phi-2": Recipe(_phi_2, finish=_phi_files, dtype="float16"),
            "tinyclip": Recipe(_tiny_clip, finish=_clip_files),
        },
        _join,
    ),
}
