"""The stages of training. Each leaves a checkpoint that the next one reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kinema.errors import ConfigError
from kinema.files import hash_of, write_bytes, write_json
from kinema.reference_model.autoencoder import SoundDecoder, SoundEncoder, VideoDecoder, VideoEncoder
from kinema.reference_model.backbone import Backbone, backbone_of
from kinema.reference_model.fit import Loop, fit, generator_for
from kinema.reference_model.flow import losses_of, time_of
from kinema.reference_model.latents import Scale, encode, pixels_of
from kinema.reference_model.muon import optimisers_for
from kinema.reference_model.text import Vocabulary
from kinema.reference_model.vocoder import levels_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kinema.reference_model.recipe import Recipe
    from kinema.reference_model.shards import Corpus

__all__ = ["Run", "autoencoders", "run_stage", "vocabulary_of"]

_NOISE = 0.1  # put on latents while the decoders learn, so that small errors of the flow do no harm
_MOVING = 10.0  # extra weight of pixels that differ from other frames of the clip
_SOUNDING = 4.0  # extra weight of levels above the floor
_WITHOUT_TEXT = 0.1  # share of clips whose prompt is hidden
_AVERAGING = 0.997
_FRAMES_EACH = 4  # frames of each clip in a step of the picture autoencoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all stages share."""

    out: Path
    recipe: Recipe
    corpus: Corpus
    resume: bool
    until: float | None
    progress: Callable[[str, float, str], None]

    def identity(self, *prefixes: str) -> str:
        """Of the corpus and of those parts of the recipe; how many steps are planned may change on the way."""
        plan = {k: v for k, v in self.recipe.to_json().items() if k.startswith(("seed", *prefixes)) and not k.endswith("_steps")}
        return hash_of([plan, [list(wordings) for wordings in self.corpus.prompts]], 16)

    def seen(self) -> int:
        """How many clips are trained on."""
        return len(self.corpus) - self.recipe.held_out


class _Pair(nn.Module):
    """Encoder and decoder as one network."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        latent = self.encoder(x)
        out: Tensor = self.decoder(latent + _NOISE * noise.view(latent.shape))
        return out


def autoencoders(recipe: Recipe) -> tuple[_Pair, _Pair]:
    """Fresh autoencoders of picture and sound."""
    torch.manual_seed(recipe.seed)
    picture = _Pair(VideoEncoder(recipe.video_widths), VideoDecoder(recipe.decoder_widths))
    sound = _Pair(SoundEncoder(recipe.sound_width), SoundDecoder(recipe.sound_width))
    return picture, sound


def vocabulary_of(run: Run) -> Vocabulary:
    """The words of the corpus."""
    return Vocabulary.of((text for wordings in run.corpus.prompts for text in wordings), run.recipe.words)


def _moving(frames: Tensor) -> Tensor:
    """1 where a pixel differs from the first, the middle or the last frame of its clip, else 0: (B, 4, H, W, 1) of (B, 7, H, W, 3)."""
    chosen, others = frames[:, :_FRAMES_EACH].short(), frames[:, _FRAMES_EACH:].short()
    change = (chosen[:, :, None] - others[:, None]).abs().amax(-1).amax(2)
    return (change > 12).float()[..., None]  # levels of 255: above the noise of rendering


def _video_loss(run: Run, net: _Pair) -> Callable[[int], dict[str, Tensor]]:
    frames = torch.from_numpy(run.corpus.frames)
    count, length = run.seen(), frames.shape[1]

    def loss_of(step: int) -> dict[str, Tensor]:
        draw = generator_for(run.recipe.seed, 1, step)
        clips = torch.randint(count, (run.recipe.video_clips,), generator=draw)
        places = torch.randint(length, (run.recipe.video_clips, _FRAMES_EACH), generator=draw)
        anchors = torch.tensor([0, length // 2, length - 1]).expand(len(clips), 3)
        some = frames[clips[:, None], torch.cat([places, anchors], dim=1)]
        if step % 2:
            some = some.flip(-2)
        weight = (1.0 + _MOVING * _moving(some)).flatten(0, 1).movedim(-1, 1)
        target = pixels_of(some[:, :_FRAMES_EACH]).flatten(0, 1)
        noise = torch.randn(target.shape[0], 128, generator=draw)
        with torch.autocast("cpu", torch.bfloat16):
            out = net(target, noise)
        error = out - target
        return {"loss": (weight * (error.square() + 0.1 * error.abs())).mean(), "square": error.square().mean()}

    return loss_of


def _sound_loss(run: Run, net: _Pair) -> Callable[[int], dict[str, Tensor]]:
    sounds = torch.from_numpy(run.corpus.sounds)
    loud = (sounds[: run.seen()].abs().amax(1) > 0).nonzero()[:, 0]

    def loss_of(step: int) -> dict[str, Tensor]:
        draw = generator_for(run.recipe.seed, 2, step)
        clips = loud[torch.randint(len(loud), (run.recipe.sound_clips,), generator=draw)]
        if step % 8 == 0:
            clips[0] = torch.randint(run.seen(), (1,), generator=draw)[0]  # silence has to be learned too
        levels = levels_of(sounds[clips])
        noise = torch.randn(levels.shape[0], 32 * 32, generator=draw)
        with torch.autocast("cpu", torch.bfloat16):
            out = net(levels, noise)
        weight = 1.0 + _SOUNDING * (levels > -0.98)
        error = out - levels
        return {"loss": (weight * (error.square() + 0.1 * error.abs())).mean(), "square": error.square().mean()}

    return loss_of


def _fit_pair(run: Run, name: str) -> bool:
    """Train one of the autoencoders."""
    picture, sound = autoencoders(run.recipe)
    net = picture if name == "video" else sound
    loss_of = _video_loss(run, net) if name == "video" else _sound_loss(run, net)
    steps = run.recipe.video_steps if name == "video" else run.recipe.sound_steps
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=1e-3)
    identity = run.identity("held", "video", "decoder") if name == "video" else run.identity("held", "sound")
    loop = Loop(name=name, net=net, optimisers=[optimiser], loss_of=loss_of, steps=steps, folder=run.out, identity=identity)
    return fit(loop, resume=run.resume, until=run.until, progress=run.progress)


def _load_net(path: Path, net: nn.Module, start: str = "net.") -> None:
    from safetensors.torch import load_file

    if not path.exists():
        raise ConfigError(f"{path} is missing; run the stage {path.stem} first")
    held = load_file(path)
    net.load_state_dict({name.removeprefix(start): value for name, value in held.items() if name.startswith(start)})


def _write_latents(run: Run) -> bool:
    """Encode the corpus."""
    from safetensors.torch import save

    path = run.out / "latents.safetensors"
    if run.resume and path.exists():
        return True
    picture, sound = autoencoders(run.recipe)
    _load_net(run.out / "video.safetensors", picture)
    _load_net(run.out / "sound.safetensors", sound)
    found = encode(run.corpus, picture.encoder.eval(), sound.encoder.eval(), run.progress)  # type: ignore[arg-type]
    scale = Scale()
    scale.measure(found["picture"][: run.seen()], found["sound"][: run.seen()])
    write_bytes(path, save({**found, "mean": scale.mean, "size": scale.size}))
    return True


def _texts(run: Run, vocabulary: Vocabulary) -> tuple[Tensor, Tensor]:
    """Ids and values of every wording of every clip: (N, wordings, words)."""
    most = max(map(len, run.corpus.prompts))
    size = (len(run.corpus), most, vocabulary.length)
    ids, values = np.zeros(size, np.int64), np.zeros(size, np.float32)
    for clip, wordings in enumerate(run.corpus.prompts):
        for place in range(most):
            read = vocabulary.encode(wordings[place % len(wordings)])
            ids[clip, place], values[clip, place] = read.ids, read.values
    return torch.from_numpy(ids), torch.from_numpy(values)


class _Clips:
    """Latents and texts, batch by batch."""

    def __init__(self, run: Run, vocabulary: Vocabulary) -> None:
        from safetensors.torch import load_file

        self.run, self.held = run, load_file(run.out / "latents.safetensors")
        self.ids, self.values = _texts(run, vocabulary)
        self.nothing = torch.from_numpy(vocabulary.encode(None).ids)
        self.scale = Scale()
        self.scale.load_state_dict({name: self.held[name] for name in ("mean", "size")})

    def batch(self, clips: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Scaled latents, ids and values of clips, each in one of its wordings."""
        x = self.scale(*(self.held[name][clips] for name in ("picture", "sound", "track")))
        wording = torch.randint(self.ids.shape[1], clips.shape, generator=draw)
        return x, self.ids[clips, wording], self.values[clips, wording]

    def training(self, step: int, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The batch of a step: every clip once per epoch."""
        recipe, pool = self.run.recipe, self.run.seen()
        size = min(recipe.flow_clips, pool)
        epoch, place = divmod(step, pool // size)
        order = torch.randperm(pool, generator=generator_for(recipe.seed, 3, epoch))
        return self.batch(order[place * size : (place + 1) * size], draw)


def _flow_loss(clips: _Clips, net: Backbone) -> Callable[[int], dict[str, Tensor]]:
    def loss_of(step: int) -> dict[str, Tensor]:
        draw = generator_for(clips.run.recipe.seed, 4, step)
        x, ids, values = clips.training(step, draw)
        hidden = (torch.rand(len(x), generator=draw) < _WITHOUT_TEXT)[:, None]
        ids, values = torch.where(hidden, clips.nothing, ids), torch.where(hidden, 0.0, values)
        t, noise = time_of(len(x), draw), torch.randn(x.shape, generator=draw)
        noisy = torch.lerp(x, noise, t[:, None, None])
        with torch.autocast("cpu", torch.bfloat16):
            velocity = net(noisy, t, ids, values)
        found = losses_of(velocity, x, noise)
        return {"loss": found.total, "picture": found.picture, "sound": found.sound, "track": found.track}

    return loss_of


def _flow_check(clips: _Clips, net: Backbone) -> Callable[[dict[str, Tensor]], dict[str, float]]:
    """Losses of the averaged weights on clips held out, at fixed times and noise."""
    run = clips.run
    chosen = torch.arange(run.seen(), len(run.corpus))
    draw = generator_for(run.recipe.seed, 5)
    x, ids, values = clips.batch(chosen, draw)
    t, noise = torch.linspace(0.02, 0.98, max(1, len(chosen))), torch.randn(x.shape, generator=draw)

    @torch.no_grad()
    def check(mean: dict[str, Tensor]) -> dict[str, float]:
        if not len(chosen):
            return {}
        with torch.autocast("cpu", torch.bfloat16):
            velocity = torch.func.functional_call(net, mean, (torch.lerp(x, noise, t[:, None, None]), t, ids, values))
        found = losses_of(velocity, x, noise)
        return {f"held_{name}": float(getattr(found, name)) for name in ("picture", "sound", "track")}

    return check


def _fit_flow(run: Run) -> bool:
    """Train the backbone on the latents."""
    vocabulary = vocabulary_of(run)
    write_json(run.out / "vocabulary.json", list(vocabulary.words))
    net = backbone_of(run.recipe, vocabulary.size)
    clips = _Clips(run, vocabulary)
    loop = Loop(
        name="flow",
        net=net,
        optimisers=optimisers_for(net, 2e-3, 1e-3),
        loss_of=_flow_loss(clips, net),
        steps=run.recipe.flow_steps,
        folder=run.out,
        identity=run.identity(""),
        averaging=_AVERAGING,
        check=_flow_check(clips, net),
    )
    return fit(loop, resume=run.resume, until=run.until, progress=run.progress)


def run_stage(run: Run, name: str) -> bool:
    """Run one stage; True when it is done."""
    if name in ("video", "sound"):
        return _fit_pair(run, name)
    return _write_latents(run) if name == "latents" else _fit_flow(run)
