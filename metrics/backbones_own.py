"""Published networks in a few lines of our own, so that their weights can be read from a plain file of tensors.

``I3D``: Carreira and Zisserman 2017 (arXiv:1705.07750), names of tensors as in the pytorch-i3d repository; ``Vggish``: Hershey et al. 2017
(arXiv:1609.09430), names as in torchvggish; ``Cnn14``: Kong et al. 2020 (arXiv:1912.10211), names as in audioset_tagging_cnn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["I3D", "Cnn14", "Vggish"]

MIXED = {  # outputs of the four branches: 1x1, 1x1 then 3x3, 1x1 then 3x3, pooled then 1x1
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)), "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)), "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)), "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)), "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}  # fmt: skip
POOLS = {"Conv3d_1a_7x7": ((1, 3, 3), (1, 2, 2)), "Conv3d_2c_3x3": ((1, 3, 3), (1, 2, 2)), "Mixed_3c": ((3, 3, 3), (2, 2, 2)),
         "Mixed_4f": ((2, 2, 2), (2, 2, 2))}  # after which units, window and stride  # fmt: skip
Size = tuple[int, int, int]


def _padded(x: Tensor, kernel: Size, stride: Size) -> Tensor:
    """Zeros on both sides as TensorFlow's SAME has them: more at the end where their number is odd."""
    pads: list[int] = []
    for size, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        total = max(0, k - (s if size % s == 0 else size % s))
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads)


class _Unit(nn.Module):
    """Convolution, batch norm, rectifier."""

    def __init__(self, inward: int, outward: int, kernel: int = 1, stride: int = 1, *, plain: bool = False) -> None:
        super().__init__()
        self.kernel, self.stride, self.plain = (kernel,) * 3, (stride,) * 3, plain
        self.conv3d = nn.Conv3d(inward, outward, kernel, stride, bias=plain)
        if not plain:
            self.bn = nn.BatchNorm3d(outward, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3d(_padded(x, self.kernel, self.stride))
        return x if self.plain else functional.relu(self.bn(x))


class _Mixed(nn.Module):
    def __init__(self, inward: int, out: tuple[int, ...]) -> None:
        super().__init__()
        self.b0 = _Unit(inward, out[0])
        self.b1a, self.b1b = _Unit(inward, out[1]), _Unit(out[1], out[2], 3)
        self.b2a, self.b2b = _Unit(inward, out[3]), _Unit(out[3], out[4], 3)
        self.b3b = _Unit(inward, out[5])

    def forward(self, x: Tensor) -> Tensor:
        pooled = functional.max_pool3d(_padded(x, (3, 3, 3), (1, 1, 1)), 3, 1)
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)], 1)


class I3D(nn.Module):
    """Frames (B, 3, T, 224, 224) from -1 to 1, T at least 9, to the 400 logits that the Frechet video distance is taken of."""

    def __init__(self, classes: int = 400) -> None:
        super().__init__()
        units: dict[str, nn.Module] = {
            "Conv3d_1a_7x7": _Unit(3, 64, 7, 2), "Conv3d_2b_1x1": _Unit(64, 64), "Conv3d_2c_3x3": _Unit(64, 192, 3),
        }  # fmt: skip
        units |= {name: _Mixed(inward, out) for name, (inward, out) in MIXED.items()}
        for name, unit in units.items():
            self.add_module(name, unit)
        self.order = tuple(units)
        self.logits = _Unit(1024, classes, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, averaged over time."""
        for name in self.order:
            x = self.get_submodule(name)(x)
            if name in POOLS:
                kernel, stride = POOLS[name]
                x = functional.max_pool3d(_padded(x, kernel, stride), kernel, stride)
        x = functional.avg_pool3d(x, (min(2, x.shape[2]), 7, 7), 1)
        return torch.as_tensor(self.logits(x)[..., 0, 0].mean(2))


class Vggish(nn.Module):
    """Log mel patches (B, 1, 96, 64) to 128 numbers each."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inward = 1
        for outward in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0):
            layers += [nn.MaxPool2d(2)] if outward == 0 else [nn.Conv2d(inward, outward, 3, padding=1), nn.ReLU()]
            inward = outward or inward
        self.features = nn.Sequential(*layers)
        wide = nn.Linear(512 * 4 * 6, 4096)
        self.embeddings = nn.Sequential(wide, nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 128), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings before the principal components that the published pipeline adds."""
        return torch.as_tensor(self.embeddings(self.features(x).permute(0, 2, 3, 1).flatten(1)))


class _Block(nn.Module):
    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(k, outward, 3, padding=1, bias=False) for k in (inward, outward))
        self.bn1, self.bn2 = nn.BatchNorm2d(outward), nn.BatchNorm2d(outward)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x))))))


class Cnn14(nn.Module):
    """Log mel levels (B, 1, frames, 64), at least 32 frames, to 2048 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(64)
        sizes = (1, 64, 128, 256, 512, 1024, 2048)
        for k in range(6):
            self.add_module(f"conv_block{k + 1}", _Block(sizes[k], sizes[k + 1]))
        self.fc1 = nn.Linear(2048, 2048)

    def forward(self, x: Tensor) -> Tensor:
        """The layer before the classes."""
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for k in range(6):
            x = self.get_submodule(f"conv_block{k + 1}")(x)
            x = functional.avg_pool2d(x, 2) if k < 5 else x
        x = x.mean(3)
        return functional.relu(self.fc1(x.amax(2) + x.mean(2)))
