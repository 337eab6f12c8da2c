"""Statistics of the pixels themselves: light, colour, and how much changes from one pixel to the next.

A network that was trained to name what is in a picture learns to overlook how bright, how sharp or how noisy it is.
These numbers see just that, and take a hundredth of its time: the 3 x 3 differences at three scales with the spread of
their local means, and at a quarter of the size the distribution of luminance in linear light, of saturation, and the
balance of colours.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LUMA = (0.299, 0.587, 0.114)  # of sRGB values (Rec. 601)
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear light (Rec. 709)
ACTIVITY_BLOCK = 8  # pixels a side of the places that differences are averaged over
SMALLEST = 1 / 1024  # added before a logarithm of differences
BLACK = 1 / 512  # added before a logarithm of luminance
SCALES = 3


class PixelStatistics(nn.Module):
    """uint8 pixels (B, 3, height, width) -> statistics (B, S); S is 574 at 224 x 224, 502 at 126 x 112."""

    def __init__(self) -> None:
        super().__init__()
        self.differences: Tensor
        self.luminances: Tensor
        self.saturations: Tensor
        self.activities: Tensor
        self.luminance: Tensor
        self.register_buffer("differences", _differences() / 255, persistent=False)
        self.register_buffer("luminances", torch.linspace(-8.5, 0, 27)[1:].view(1, -1, 1), persistent=False)
        saturations = torch.tensor([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7]).view(1, 1, -1, 1)
        self.register_buffer("saturations", saturations, persistent=False)
        self.register_buffer("activities", torch.linspace(-9, -2, 15).view(1, 1, -1, 1), persistent=False)
        self.register_buffer("luminance", torch.tensor(LUMINANCE).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        clipped = [(pixels >= 250).float().mean((2, 3)), (pixels <= 4).float().mean((2, 3))]
        details, small = self._details(pixels.float())
        return torch.cat([*clipped, *details, *self._light_and_colour(small / 255)], dim=1)

    def _details(self, pixels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Statistics of local differences, and the pixels at a quarter of the size."""
        found: list[Tensor] = []
        larger: Tensor | None = None
        for scale in range(SCALES):
            local = F.avg_pool2d(F.conv2d(pixels, self.differences).abs(), ACTIVITY_BLOCK)  # (B, 8, rows, columns)
            levels = torch.log2(local + SMALLEST)
            flat = levels.flatten(2)
            overall = torch.log2(local.mean((2, 3)) + SMALLEST)
            found += [flat.mean(2), flat.std(2), overall]
            if larger is not None:
                found.append(overall - larger)
            larger = overall
            if scale < SCALES - 1:
                found.append((flat[:, :, None] < self.activities).float().mean(3).flatten(1))
                pixels = F.avg_pool2d(pixels, 2)
            placed = levels[:, [0, 1, 4, 5]] if scale == 0 else levels[:, [4, 5]]
            found.append(F.avg_pool2d(placed, local.shape[2] // 3).flatten(1))
        return found, pixels

    def _light_and_colour(self, values: Tensor) -> list[Tensor]:
        """Statistics of small pictures (B, 3, rows, columns) with values from 0 to 1."""
        # sRGB to linear light by a cubic, which is right to 0.003
        light = values * (values * (values * 0.305306011 + 0.682171111) + 0.012522878)
        luminance = (light * self.luminance).sum(1, keepdim=True)
        stops = torch.log2(luminance + BLACK)
        flat = stops.flatten(2)
        found = [(flat < self.luminances).float().mean(2), F.avg_pool2d(stops, 7).flatten(1), flat.mean(2), flat.std(2)]

        highest, lowest = values.amax(1, keepdim=True), values.amin(1, keepdim=True)
        chroma = highest - lowest
        saturation = chroma / (highest + 0.05)
        colour = torch.cat([chroma, saturation], 1).flatten(2)
        shares = (colour[:, :, None] < self.saturations).float().mean(3).flatten(1)
        found += [shares, colour.mean(2), colour.std(2)]

        channels = torch.log2(light + 1 / 256)
        balance = torch.cat([channels[:, :1] - channels[:, 1:2], channels[:, 2:] - channels[:, 1:2]], 1)
        grey = (1 - saturation) ** 4  # what is nearly grey tells the colour of the light
        weights = torch.cat(
            [torch.ones_like(grey), luminance, grey, grey * luminance, (stops > -2).float(), (stops < -5).float()], 1
        ).flatten(2)
        total = weights.mean(2)
        means = weights @ balance.flatten(2).transpose(1, 2) / weights.shape[2] / (total[:, :, None] + 1e-3)
        found += [total, means.flatten(1), balance.flatten(2).std(2), F.avg_pool2d(balance, 14).flatten(1)]
        return [*found, values.mean((2, 3)), values.flatten(2).std(2)]


def _differences() -> Tensor:
    """(8, 3, 3, 3) filters: differences along rows, columns and both diagonals, and two second differences, of luma;
    second differences of blue and red against luma."""
    first = [
        [[0, 0, 0], [0, -1, 1], [0, 0, 0]],
        [[0, 0, 0], [0, -1, 0], [0, 1, 0]],
        [[0, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, 0, 0], [0, 0, -1], [0, 1, 0]],
    ]
    cross = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]) / 4
    noise = torch.tensor([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6  # Immerkær 1996, eq. 2
    luma = torch.tensor(LUMA).view(3, 1, 1)
    filters = [luma * each for each in (*torch.tensor(first, dtype=torch.float32), cross, noise)]
    for channel in (2, 0):
        against = -luma.clone()
        against[channel] += 1
        filters.append(against * cross)
    return torch.stack(filters)
