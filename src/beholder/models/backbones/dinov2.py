"""DINOv2 vision transformer (Oquab et al. 2023), small, patch 14, in plain torch.

Parameter names are those of the published state dict, so its values load by key. Any input whose sides are
multiples of 14 works: the 37 x 37 position grid that was trained at 518 px is resampled to the patch grid at hand.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from beholder.models.backbones.base import Backbone

PATCH = 14
TRAINED_GRID = 37  # patches a side at the 518 px of the published position embedding


class LayerScale(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # 3 x (B, H, N, C/H)
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.proj(attended.transpose(1, 2).reshape(batch, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.ls1 = LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim)
        self.ls2 = LayerScale(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=PATCH, stride=PATCH)

    def forward(self, images: Tensor) -> Tensor:  # (B, 3, H, W) -> (B, C, H/14, W/14)
        return self.proj(images)


class DinoV2(nn.Module):
    """ViT-S/14 by default: 12 blocks of width 384 with 6 heads, 22,056,192 parameters."""

    def __init__(self, dim: int = 384, depth: int = 12, heads: int = 6) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + TRAINED_GRID**2, dim))
        self.patch_embed = PatchEmbed(dim)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def positions(self, rows: int, columns: int) -> Tensor:
        """Position embedding for a grid of patches: (1, 1 + rows * columns, C)."""
        cls, grid = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        grid = grid.reshape(1, TRAINED_GRID, TRAINED_GRID, -1).permute(0, 3, 1, 2)
        # The 0.1 is upstream's guard against a grid one short by rounding; it shifts the sampling points a little.
        scale = ((rows + 0.1) / TRAINED_GRID, (columns + 0.1) / TRAINED_GRID)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        return torch.cat([cls, grid.flatten(2).transpose(1, 2)], dim=1)

    def embed(self, images: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) -> what the first block reads, (B, 1 + H/14 * W/14, C)."""
        patches = self.patch_embed(images)
        rows, columns = patches.shape[2:]
        x = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        return x + self.positions(rows, columns)

    def forward_tokens(self, images: Tensor, layers: tuple[int, ...] = (-1,)) -> list[Tensor]:
        """Normalised tokens after the named blocks.

        Args:
            images: (B, 3, H, W), ImageNet-normalised RGB, H and W multiples of 14.
            layers: block indices, negative ones counted from the end.

        Returns:
            For each layer, (B, 1 + H/14 * W/14, C): the class token, then the patches row by row.
        """
        x = self.embed(images)
        after = []
        for block in self.blocks:
            x = block(x)
            after.append(x)
        return [self.norm(after[layer]) for layer in layers]


class LeanBlock(nn.Module):
    """A block with its layer scale and the scale of attention inside the matrices; query, key and value have one each.

    Tokens of all photographs are the rows of one matrix, so that each product becomes one kernel, bias included.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        dim, self.heads = block.norm1.weight.shape[0], block.attn.heads
        self.norm1, self.norm2 = block.norm1, block.norm2
        attention = (dim // self.heads) ** -0.5
        weights, biases = block.attn.qkv.weight.chunk(3), block.attn.qkv.bias.chunk(3)
        scales = (torch.full((dim,), attention), torch.ones(dim), torch.ones(dim))
        self.query, self.key, self.value = map(_scaled, weights, biases, scales)
        self.proj = _scaled(block.attn.proj.weight, block.attn.proj.bias, block.ls1.gamma)
        self.fc1 = block.mlp.fc1
        self.fc2 = _scaled(block.mlp.fc2.weight, block.mlp.fc2.bias, block.ls2.gamma)

    def forward(self, x: Tensor, tokens: int) -> Tensor:  # (B * N, C) -> (B * N, C)
        dim = x.shape[1]
        y = self.norm1(x)
        query, key, value = (
            part(y).reshape(-1, tokens, self.heads, dim // self.heads) for part in (self.query, self.key, self.value)
        )
        shares = (query.transpose(1, 2) @ key.permute(0, 2, 3, 1)).softmax(dim=-1)  # (B, H, N, N)
        x = x + self.proj((shares @ value.transpose(1, 2)).transpose(1, 2).reshape(-1, dim))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class LeanDinoV2(DinoV2):
    """DINOv2 in an equivalent form that takes a tenth less time in eight bits.

    Args:
        network: the network whose parameters it takes.
    """

    def __init__(self, network: DinoV2) -> None:
        super().__init__(network.cls_token.shape[-1], 0)
        self.cls_token, self.pos_embed = network.cls_token, network.pos_embed
        self.patch_embed, self.norm = network.patch_embed, network.norm
        for block in network.blocks:
            self.blocks.append(LeanBlock(cast(Block, block)))

    def forward_tokens(self, images: Tensor, layers: tuple[int, ...] = (-1,)) -> list[Tensor]:
        x = self.embed(images)
        _, tokens, dim = x.shape
        x = x.reshape(-1, dim)
        after = []
        for block in self.blocks:
            x = block(x, tokens)
            after.append(x)
        return [self.norm(after[layer]).reshape(-1, tokens, dim) for layer in layers]


def _scaled(weight: Tensor, bias: Tensor, scale: Tensor) -> nn.Linear:
    """A layer with its outputs multiplied."""
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight * scale[:, None])
        layer.bias.copy_(bias * scale)
    return layer


class DinoFeatures(DinoV2, Backbone):
    """ViT-S/14 as a backbone: feature map (B, 768, H/14, W/14).

    384 channels of the normalised patch tokens, then 384 of the class token, the same at every place; so average
    pooling gives (mean patch token, class token). Stage 2 trains the last two blocks, 3,550,464 parameters: a
    transformer has no stages as VGG16 has. The last norm, which they feed, stays as it is.
    """

    channels = 768
    side = 224
    multiple = PATCH
    tuned = ("blocks.10", "blocks.11")
    cut = 10  # blocks that belong to the stem

    def stem(self, pixels: Tensor) -> Tensor:
        """Tokens as a map (B, 384, 1 + H/14, W/14): the class token fills a row above the patches."""
        x = self.embed(self.normalise(pixels))
        for block in self.blocks[: self.cut]:
            x = block(x)
        rows, columns = pixels.shape[2] // PATCH, pixels.shape[3] // PATCH
        x = x.transpose(1, 2)  # (B, C, 1 + N)
        patches = x[:, :, 1:].reshape(*x.shape[:2], rows, columns)
        return torch.cat([x[:, :, :1, None].expand(-1, -1, 1, columns), patches], dim=2)

    def tail(self, middle: Tensor) -> Tensor:
        x = torch.cat([middle[:, :, 0, :1], middle[:, :, 1:].flatten(2)], dim=2).transpose(1, 2)
        for block in self.blocks[self.cut :]:
            x = block(x)
        x = self.norm(x).transpose(1, 2)
        patches = x[:, :, 1:].reshape(*x.shape[:2], middle.shape[2] - 1, middle.shape[3])
        return torch.cat([patches, x[:, :, :1, None].expand_as(patches)], dim=1)
