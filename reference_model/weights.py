"""The files that are shipped: written by training, checked and read by sampling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinema.errors import ConfigError
from kinema.files import hash_of, read_json, sha256_of, write_bytes, write_json

if TYPE_CHECKING:
    from torch import Tensor, nn

    from kinema.reference_model.backbone import Backbone
    from kinema.reference_model.latents import Scale
    from kinema.reference_model.recipe import Recipe
    from kinema.reference_model.text import Vocabulary

__all__ = ["SHIPPED", "Model", "export", "load", "version_of"]

SHIPPED = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything that sampling needs."""

    flow: Backbone
    video: nn.Module
    sound: nn.Module
    scale: Scale
    vocabulary: Vocabulary
    version: str


def version_of(files: dict[str, str]) -> str:
    """The first 12 hex digits of the hash over the hashes of all files."""
    return hash_of(files, 12)


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.half().contiguous() for name, value in sorted(state.items())}


def export(out: Path, folder: Path, recipe: Recipe) -> Path:
    """Write half-precision weights, vocabulary and ``config.json`` from the checkpoints in ``out``."""
    from safetensors.torch import load_file, save

    def part(path: str, start: str) -> dict[str, Tensor]:
        held = load_file(out / f"{path}.safetensors")
        return {name.removeprefix(start): value for name, value in held.items() if name.startswith(start)}

    latents = load_file(out / "latents.safetensors")
    states = {
        "flow": _half(part("flow", "mean.")),
        "video_decoder": _half(part("video", "net.decoder.")),
        "sound_decoder": _half(part("sound", "net.decoder.")),
    }
    for name, state in states.items():
        write_bytes(folder / f"{name}.safetensors", save(state))
    write_bytes(folder / "scale.safetensors", save({name: latents[name] for name in ("mean", "size")}))
    write_json(folder / "vocabulary.json", read_json(out / "vocabulary.json"))
    names = [*(f"{name}.safetensors" for name in (*states, "scale")), "vocabulary.json"]
    files = {name: sha256_of(folder / name) for name in names}
    write_json(folder / "config.json", {"schema": 1, "recipe": recipe.to_json(), "files": files, "version": version_of(files)})
    return folder


def _checked(folder: Path) -> dict[str, Any]:
    """The configuration, after comparing every file with the hash written beside it."""
    path = folder / "config.json"
    if not path.exists():
        raise ConfigError(f"{folder} holds no weights of the reference generator; train them with kinema train")
    config: dict[str, Any] = read_json(path)
    for name, expected in config["files"].items():
        if not (folder / name).exists() or sha256_of(folder / name) != expected:
            raise ConfigError(f"{folder / name} is missing or not the file that config.json names; install Kinema again, or train anew")
    if config["version"] != version_of(config["files"]):
        raise ConfigError(f"{path} names version {config['version']}, its files are {version_of(config['files'])}; install Kinema again")
    return config


def load(folder: Path = SHIPPED) -> Model:
    """Read and check weights.

    Raises:
        ConfigError: no weights there, or a file differs from its recorded hash.
    """
    from safetensors.torch import load_file

    from kinema.reference_model.autoencoder import SoundDecoder, VideoDecoder
    from kinema.reference_model.backbone import backbone_of
    from kinema.reference_model.latents import Scale
    from kinema.reference_model.recipe import Recipe
    from kinema.reference_model.text import Vocabulary

    config = _checked(folder)
    recipe = Recipe.from_json(config["recipe"])
    vocabulary = Vocabulary(tuple(read_json(folder / "vocabulary.json")), recipe.words)
    flow, scale = backbone_of(recipe, vocabulary.size), Scale()
    video, sound = VideoDecoder(recipe.decoder_widths), SoundDecoder(recipe.sound_width)
    parts: dict[str, nn.Module] = {"flow": flow, "video_decoder": video, "sound_decoder": sound, "scale": scale}
    for name, net in parts.items():
        net.load_state_dict({k: v.float() for k, v in load_file(folder / f"{name}.safetensors").items()})
        net.eval().requires_grad_(False)
    return Model(flow, video, sound, scale, vocabulary, config["version"])
