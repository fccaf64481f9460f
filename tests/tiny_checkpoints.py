"""Tiny checkpoints of every architecture, as their authors save them: random weights, small trained tokenizers.

Every tensor has its own values. ``width`` is the decoder's; K-quants need 256.
"""

import json
from pathlib import Path

import torch
import transformers
from torch import nn

from models.random_checkpoints.tokenizers import forget, save_gemma, save_llama, write_byte_level

IMAGE_SIZE = 56
PATCH = 14


def llama_tokenizer(folder: Path, *, extra: tuple[str, ...] = ()):
    """Save a Llama tokenizer (SentencePiece) with both of its files, and give the fast one."""
    return save_llama(folder, extra)


def byte_level_tokenizer(folder: Path, kind=None):
    """Save a byte-level BPE tokenizer as Phi-2's (CodeGen) and give it."""
    files = {name: str(path) for name, path in write_byte_level(folder).items()}
    tokenizer = (kind or transformers.CodeGenTokenizerFast)(**files)
    tokenizer.save_pretrained(folder)
    return tokenizer


def randomise(module: nn.Module, seed: int) -> nn.Module:
    """Give every tensor its own values, of a size that keeps activations and logits lively."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in module.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if p.ndim >= 2:
                # Embeddings of unit length: Gemma multiplies them by the root of the width, and shares them with its
                # head, which would otherwise repeat whatever it has just read.
                p.copy_(noise * (1.5 if "layers" in name else 1.0) / p[0].numel() ** 0.5)
            else:
                p.copy_(0.1 * noise + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
    return module.eval()


def padded(n: int) -> int:
    """Embedding rows for n tokens: more than there are tokens, as in resized vocabularies."""
    return -(-(n + 1) // 64) * 64


def clip_config(layers: int = 4, width: int = 48, image_size: int = IMAGE_SIZE, patch: int = PATCH):
    return transformers.CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        image_size=image_size,
        patch_size=patch,
        projection_dim=32,
    )


def siglip_config(layers: int = 4, width: int = 48):
    return transformers.SiglipVisionConfig(
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        vision_use_head=False,
        projection_dim=32,
    )


def llama_config(width: int, vocab: int, layers: int = 2, tied: bool = False):
    return transformers.LlamaConfig(
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=None,
        tie_word_embeddings=tied,
    )


def clip_processor():
    return transformers.CLIPImageProcessor(
        size={"shortest_edge": IMAGE_SIZE}, crop_size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    )


def write_llava_hf(
    folder: Path, *, width: int = 64, dtype: torch.dtype = torch.float32, seed: int = 1, shard_size: str = "5GB"
) -> Path:
    """LlavaForConditionalGeneration: CLIP, mlp2x_gelu, Llama; a vocabulary with added tokens and padding."""
    tokenizer = llama_tokenizer(folder, extra=("<image>", "<pad>"))
    tokenizer.pad_token = "<pad>"
    image, pad = tokenizer.convert_tokens_to_ids(["<image>", "<pad>"])
    text = llama_config(width, padded(len(tokenizer)))
    config = transformers.LlavaConfig(
        vision_config=clip_config(),
        text_config=text,
        image_token_index=image,
        pad_token_id=pad,
        tie_word_embeddings=False,
    )
    model = randomise(transformers.LlavaForConditionalGeneration(config), seed).to(dtype)
    model.generation_config = transformers.GenerationConfig(bos_token_id=1, eos_token_id=2, pad_token_id=pad)
    model.save_pretrained(folder, max_shard_size=shard_size)
    processor = transformers.LlavaProcessor(
        clip_processor(),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template="{% for m in messages %}{{ m['role'].upper() }}: {% for c in m['content'] %}"
        "{{ '<image>\n' if c['type'] == 'image' else c['text'] }}{% endfor %} {% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}",
    )
    processor.save_pretrained(folder)
    forget(folder / "tokenizer_config.json", "add_prefix_space")
    (folder / "README.md").write_text("---\nlicense: llama2\n---\nTiny, random.\n", encoding="utf-8")
    return folder


def write_paligemma(
    folder: Path, *, width: int = 64, dtype: torch.dtype = torch.float32, seed: int = 2, shard_size: str = "5GB"
) -> Path:
    """PaliGemmaForConditionalGeneration: SigLIP, linear, Gemma with one KV head and heads wider than width/heads."""
    tokenizer = save_gemma(folder)
    image = tokenizer.convert_tokens_to_ids("<image>")
    vocab = padded(len(tokenizer))
    text = transformers.GemmaConfig(
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        hidden_activation="gelu_pytorch_tanh",
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    config = transformers.PaliGemmaConfig(
        vision_config=siglip_config(),
        text_config=text,
        image_token_index=image,
        vocab_size=vocab,
        projection_dim=width,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = randomise(transformers.PaliGemmaForConditionalGeneration(config), seed).to(dtype)
    model.generation_config = transformers.GenerationConfig(bos_token_id=2, eos_token_id=1, pad_token_id=0)
    model.save_pretrained(folder, max_shard_size=shard_size)
    pixels = transformers.SiglipImageProcessor(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, resample=3)
    pixels.image_seq_length = (IMAGE_SIZE // PATCH) ** 2
    transformers.PaliGemmaProcessor(pixels, tokenizer).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: gemma\n---\nTiny, random.\n", encoding="utf-8")
    return folder


def depth_config(metric: bool):
    backbone = transformers.Dinov2Config(
        hidden_size=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        mlp_ratio=2,
        image_size=70,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    return transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=48,
        patch_size=14,
        neck_hidden_sizes=[8, 16, 32, 32],
        fusion_hidden_size=16,
        head_hidden_size=8,
        depth_estimation_type="metric" if metric else "relative",
        max_depth=20 if metric else None,
    )


def write_depth_anything(folder: Path, metric: bool = False, *, dtype: torch.dtype = torch.float32) -> Path:
    """Depth Anything V2 in the layout of transformers."""
    folder.mkdir(parents=True, exist_ok=True)
    model = randomise(transformers.DepthAnythingForDepthEstimation(depth_config(metric)), 3)
    with torch.no_grad():
        model.head.conv3.bias.fill_(1.0)  # the relative head ends in a ReLU: keep it from giving zeros alone
    model.to(dtype).save_pretrained(folder)
    transformers.DPTImageProcessor(
        size={"height": 70, "width": 70},
        keep_aspect_ratio=True,
        ensure_multiple_of=14,
        resample=3,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
        do_pad=False,
    ).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nTiny, random.\n", encoding="utf-8")
    return folder


def write_clip(folder: Path, *, layers: int = 4, dtype: torch.dtype = torch.float32, seed: int = 4) -> Path:
    """A whole CLIP model, text tower included, as CLIP checkpoints are published."""
    vision = clip_config(layers)
    text = transformers.CLIPTextConfig(
        vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    config = transformers.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=32)
    randomise(transformers.CLIPModel(config), seed).to(dtype).save_pretrained(folder)
    clip_processor().save_pretrained(folder)
    return folder


def _save_torch_shards(tensors: dict[str, torch.Tensor], folder: Path) -> None:
    """Two torch files and their index, as older versions of transformers save them."""
    names = list(tensors)
    where = {}
    for i, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), start=1):
        file = f"pytorch_model-0000{i}-of-00002.bin"
        torch.save({name: tensors[name] for name in part}, folder / file)
        where |= dict.fromkeys(part, file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def write_llava_original(
    folder: Path, *, width: int = 64, dtype: torch.dtype = torch.float32, seed: int = 5, dense: str = "none"
) -> Path:
    """LLaVA-1.5 as its authors save it: torch shards, and the tower in a folder of its own, named by the config."""
    tokenizer = llama_tokenizer(folder)
    (folder / "tokenizer.json").unlink()  # Vicuna has the SentencePiece model alone
    write_clip(folder / "tower", dtype=dtype)
    gathered = clip_config().hidden_size * (3 if dense in ("sci", "dci") else 1)
    config = llama_config(width, padded(len(tokenizer)))
    projector = nn.Sequential(nn.Linear(gathered, width), nn.GELU(), nn.Linear(width, width))
    llama = randomise(transformers.LlamaForCausalLM(config), seed)
    tensors = {f"model.mm_projector.{name}": t for name, t in randomise(projector, seed + 1).state_dict().items()}
    tensors = {name: t.to(dtype) for name, t in {**llama.state_dict(), **tensors}.items()}
    _save_torch_shards(tensors, folder)
    data = config.to_dict() | {
        "architectures": ["LlavaLlamaForCausalLM"],
        "model_type": "llava_llama",
        "mm_vision_tower": "tower",
        "mm_hidden_size": gathered,
        "mm_projector_type": "mlp2x_gelu",
        "mm_dense_connector_type": dense,
        "mm_vision_select_layer": -2,
        "mm_vision_select_feature": "patch",
        "mm_use_im_start_end": False,
        "mm_use_im_patch_token": False,
        "image_aspect_ratio": "pad",
    }
    (folder / "config.json").write_text(json.dumps(data, indent=2))
    (folder / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": 2}))
    return folder


class ResBlock(nn.Module):
    """The Phi-2 model's block, with its author's names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pre_norm = nn.LayerNorm(width)
        self.proj = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pre_norm(x)
        return x + self.proj(x)


IMAGE_END = 77


def write_capstone(folder: Path, *, width: int = 64, dtype: torch.dtype = torch.float32, seed: int = 6) -> Path:
    """Phi, a whole CLIP model, and the projector in two torch files, joined by parts.yaml."""
    tokenizer = byte_level_tokenizer(folder / "phi")
    config = transformers.PhiConfig(
        vocab_size=padded(len(tokenizer)),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        partial_rotary_factor=0.5,
        bos_token_id=0,
        eos_token_id=0,
    )
    phi = randomise(transformers.PhiForCausalLM(config), seed).to(dtype)
    phi.generation_config = transformers.GenerationConfig(bos_token_id=0, eos_token_id=0)
    phi.save_pretrained(folder / "phi")
    write_clip(folder / "clip", dtype=dtype)
    linear = randomise(nn.Linear(clip_config().hidden_size, width), seed + 1).to(dtype)
    torch.save(linear.state_dict(), folder / "projection.pth")
    torch.save(
        {f"resblock.{n}": t.to(dtype) for n, t in randomise(ResBlock(width), seed + 2).state_dict().items()},
        folder / "resblock.pth",
    )
    (folder / "parts.yaml").write_text(
        f"decoder: phi\ntower: clip\nprojector: [projection.pth, resblock.pth]\nimage_end: {IMAGE_END}\n"
    )
    return folder


def own_architecture(width: int, vocab: int, projector: str):
    """A from-scratch model, or with ``projector`` sti, sci, dci or vlmo one with a larger tower and that connector."""
    from models.architecture import Architecture

    sizes = {"width": 48, "layers": 6, "heads": 4, "mlp": 96, "image_size": IMAGE_SIZE, "patch": PATCH}
    towers = {
        "one_token_mlp": {"kind": "vit", **sizes, "layers": 2, "layer": -1, "class_token": True, "final_norm": True},
        "vlmo": {"kind": "siglip", **sizes, "layer": -1, "final_norm": True},
    }
    projectors = {
        "one_token_mlp": {"kind": "one_token_mlp", "hidden": 96},
        "vlmo": {"kind": "vlmo"},
    }
    return Architecture.model_validate(
        {
            "name": f"tiny-{projector}",
            "tower": towers.get(projector, {"kind": "clip", **sizes, "layer": -2}),
            "projector": projectors.get(projector, {"kind": "dense", "mode": projector}),
            "decoder": {
                "kind": "scratch",
                "vocab": vocab,
                "width": width,
                "layers": 2,
                "heads": 4,
                "kv_heads": 4,
                "head_dim": width // 4,
                "mlp": 2 * width,
                "positions": 512,
                "norm_eps": 1e-5,
                "tied": True,
                "bos_id": 0,
                "eos_id": 0,
            },
            "prompt": {
                "runs": [{"run": "image"}, {"run": "text", "text": "{question}\n"}],
                "stop_ids": [0],
                "context": 256,
            },
            "preprocess": {"fit": "squash", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        }
    )


def write_own(
    folder: Path,
    *,
    width: int = 64,
    dtype: torch.dtype = torch.float32,
    seed: int = 7,
    projector: str = "one_token_mlp",
) -> Path:
    """Our own layout: from-scratch ViT, one image token, Llama-shaped decoder; ``projector`` as own_architecture."""
    from models.checkpoints.own import save_own
    from models.composite import VisionLanguageModel

    tokenizer = byte_level_tokenizer(folder, transformers.GPT2TokenizerFast)
    model = VisionLanguageModel(own_architecture(width, padded(len(tokenizer)), projector))
    save_own(randomise(model, seed).to(dtype), folder)
    return folder


def write_adapter(base: nn.Module, folder: Path, *, seed: int = 8, **settings) -> nn.Module:
    """Train nothing, but save a LoRA adapter of a model with random values by peft; gives peft's own merged model."""
    import peft

    adapted = peft.get_peft_model(base, peft.LoraConfig(**settings))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                p.copy_(torch.randn(p.shape, generator=generator) / p.shape[-1] ** 0.5)
    adapted.save_pretrained(folder, save_embedding_layers="embed_tokens" in settings["target_modules"])
    return adapted.merge_and_unload()
